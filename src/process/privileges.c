/*
 * Users and capabilities, by the raw system calls (libcap would be one more library in the process
 * that stays root). Used by the parent at start and by spawn.c in every child before exec. The
 * rules themselves are pure functions of a mask, so that the tests need no root.
 */

#include "process/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) ((capability_mask)1 << (capability))

/* The parent's to give, not to use: never effective there. */
#define FOR_CHILDREN (BIT(CAP_SYS_CHROOT) | BIT(CAP_SETPCAP))
#define FOR_READER   (BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE))

capability_mask privileges_permitted(void)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    if (syscall(SYS_capget, &header, data) < 0)
        return 0;
    return (capability_mask)data[1].permitted << 32 | data[0].permitted;
}

capability_mask privileges_for_reader(capability_mask have)
{
    if (have & BIT(CAP_DAC_READ_SEARCH))
        return BIT(CAP_DAC_READ_SEARCH);
    return have & BIT(CAP_DAC_OVERRIDE);
}

capability_mask privileges_for_parent(capability_mask have)
{
    capability_mask wanted =
        BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SETUID) | BIT(CAP_SETGID) | BIT(CAP_KILL);

    return (have & (wanted | FOR_CHILDREN)) | privileges_for_reader(have);
}

static int set_capabilities(capability_mask permitted, capability_mask effective,
                            capability_mask inheritable)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

    for (int word = 0; word < _LINUX_CAPABILITY_U32S_3; word++) {
        data[word].permitted = (uint32_t)(permitted >> 32 * word);
        data[word].effective = (uint32_t)(effective >> 32 * word);
        data[word].inheritable = (uint32_t)(inheritable >> 32 * word);
    }
    return (int)syscall(SYS_capset, &header, data);
}

int privileges_choose_user(const char *name, capability_mask have,
                           struct spawn_identity *identity_out, struct err *err)
{
    capability_mask needed = BIT(CAP_SETUID) | BIT(CAP_SETGID);
    const struct passwd *user;

    if (name) {
        user = getpwnam(name);
        if (!user)
            return err_set(err, "--user %s: there is no such user; create it or name another",
                           name);
    } else {
        user = getpwnam("swarmward");
        if (!user)
            user = getpwnam("nobody");
        if (!user)
            return err_set(err,
                           "neither user `swarmward` nor `nobody` exists; name one with --user");
    }
    if (user->pw_uid == 0) {
        *identity_out = (struct spawn_identity){ .drop = false };
        return 0;
    }
    if ((have & needed) != needed)
        return err_set(err,
                       "started as root without CAP_SETUID and CAP_SETGID: cannot become user %s; "
                       "give these capabilities, start as an ordinary user, or say --user root",
                       user->pw_name);
    *identity_out =
        (struct spawn_identity){ .drop = true, .uid = user->pw_uid, .gid = user->pw_gid };
    return 0;
}

/* What is not in the bounding set never comes back, not even by executing as root. */
static int bound_to(capability_mask keep)
{
    for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
        if (!(keep & BIT(number)) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
            return -1;
    return 0;
}

struct spawn_identity privileges_keys_user(const struct spawn_identity *others)
{
    const struct passwd *user = others->drop ? getpwnam("swarmward-keys") : NULL;

    if (!user || user->pw_uid == 0)
        return *others;
    return (struct spawn_identity){ .drop = true, .uid = user->pw_uid, .gid = user->pw_gid };
}

int privileges_keep(capability_mask keep, struct err *err)
{
    if (privileges_permitted() & BIT(CAP_SETPCAP) && bound_to(keep) < 0)
        return err_set(err, "the bounding set cannot be made smaller: %s", strerror(errno));
    if (set_capabilities(keep, keep & ~(FOR_CHILDREN | FOR_READER), 0) < 0)
        return err_set(err, "capabilities: cannot be given up: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(err, "no_new_privs: %s", strerror(errno));
    return 0;
}

int privileges_give_up(struct err *err)
{
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (set_capabilities(0, 0, 0) < 0)
        return err_set(err, "capabilities: cannot be given up: %s", strerror(errno));
    return 0;
}

/* As the parent's user still: what will be carried must be inheritable while the bounding set has
 * it, and where we may, that set is emptied. */
static int prepare_to_carry(capability_mask have, capability_mask carried)
{
    if (set_capabilities(have, have, carried) < 0)
        return -1;
    if (have & BIT(CAP_SETPCAP) && bound_to(0) < 0)
        return -1;
    return carried ? prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;
}

/* Permitted survives the change of uid, is cut down to `mask`, and becomes ambient: it then
 * survives the exec without any file capability. */
static int carry_over_exec(capability_mask mask)
{
    if (set_capabilities(mask, mask, mask) < 0)
        return -1;
    for (int number = 0; number < 64; number++)
        if (mask & BIT(number) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
            return -1;
    return 0;
}

int privileges_become(const struct spawn_identity *identity)
{
    capability_mask have = privileges_permitted();
    capability_mask carried = 0;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    if (!identity->drop) {
        /* What a service manager gave the parent for its listeners ends with the parent. */
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        return 0;
    }
    if (identity->read_files)
        carried |= privileges_for_reader(have);
    if (identity->change_root)
        carried |= have & BIT(CAP_SYS_CHROOT);
    if (prepare_to_carry(have, carried) < 0 ||
        setgroups(identity->has_group ? 1 : 0, &identity->group) < 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0)
        return -1;
    return carried ? carry_over_exec(carried) : 0;
}
