/*
 * Landlock: no file can be opened any more, whatever is asked for and through whichever call; no
 * TCP port can be bound. For control, which reads files anywhere: nothing changes but beneath one
 * directory. Descriptors that are open stay usable. Called by sandbox.c. By raw system
 * calls and with a structure of our own: Debian 12's headers know less than its newer kernels do.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_private.h"

#ifndef SYS_landlock_create_ruleset
#    define SYS_landlock_create_ruleset 444
#    define SYS_landlock_add_rule       445
#    define SYS_landlock_restrict_self  446
#endif

#define ASK_VERSION 1U

/* struct landlock_ruleset_attr of Linux 6.12; what an older one does not know must be zero. */
struct ruleset {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
};

#define BITS(count) (((uint64_t)1 << (count)) - 1)

/* Rights to files, by their numbers. */
#define EXECUTE     ((uint64_t)1 << 0)
#define WRITE_FILE  ((uint64_t)1 << 1)
#define READ_FILE   ((uint64_t)1 << 2)
#define READ_DIR    ((uint64_t)1 << 3)
#define REMOVE_DIR  ((uint64_t)1 << 4)
#define REMOVE_FILE ((uint64_t)1 << 5)
#define MAKE_DIR    ((uint64_t)1 << 7)
#define MAKE_REG    ((uint64_t)1 << 8)
#define REFER       ((uint64_t)1 << 13)
#define TRUNCATE    ((uint64_t)1 << 14)
#define TO_KEEP     (WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE)

#define BIND_TCP    ((uint64_t)1 << 0)
#define CONNECT_TCP ((uint64_t)1 << 1)

/* Each version of the interface knows more rights; a right that it does not know is an error. */
static struct ruleset ruleset_for(long version, bool may_connect)
{
    struct ruleset ruleset = { .files = BITS(13) };

    if (version >= 2)
        ruleset.files = BITS(14); /* to link and rename between directories */
    if (version >= 3)
        ruleset.files = BITS(15); /* to truncate */
    if (version >= 4)
        ruleset.ports = may_connect ? BIND_TCP : BIND_TCP | CONNECT_TCP;
    if (version >= 5)
        ruleset.files = BITS(16); /* ioctl of devices */
    if (version >= 6)
        ruleset.scopes = BITS(2); /* abstract sockets and signals of processes outside */
    return ruleset;
}

/* struct landlock_path_beneath_attr */
struct beneath {
    uint64_t rights;
    int32_t directory;
} __attribute__((packed));

#define PATH_BENEATH 1

/* What is kept open of a ruleset that changes nothing yet. */
static int allow_beneath(long ruleset, const char *directory, uint64_t rights)
{
    struct beneath beneath = { .rights = rights };
    long status;

    beneath.directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (beneath.directory < 0)
        return 0; /* it is not there: nothing is kept in it */
    status = syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &beneath, 0);
    close(beneath.directory);
    return status < 0 ? -1 : 0;
}

/* `directory`: where `rights` are left; NULL: nowhere. */
static int enforce(const struct ruleset *ruleset, const char *directory, uint64_t rights,
                   struct err *err)
{
    long fd = syscall(SYS_landlock_create_ruleset, ruleset, sizeof(*ruleset), 0);
    int status = -1;

    if (fd < 0)
        return err_set(err, "landlock: %s", strerror(errno));
    if ((directory && allow_beneath(fd, directory, rights & ruleset->files) < 0) ||
        syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        err_set(err, "landlock: %s", strerror(errno));
    else
        status = 0;
    close((int)fd);
    return status;
}

/* 0: a kernel without it (ENOSYS, EOPNOTSUPP), or a container that does not know it (EPERM). */
static long ask_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);

    return version > 0 ? version : 0;
}

int landlock_apply(bool may_connect, struct err *err)
{
    long version = ask_version();
    struct ruleset ruleset = ruleset_for(version, may_connect);

    return version && enforce(&ruleset, NULL, 0, err) < 0 ? -1 : (int)version;
}

int landlock_keep_writes(const char *directory, struct err *err)
{
    long version = ask_version();
    struct ruleset ruleset = ruleset_for(version, true);

    ruleset.files &= ~(READ_FILE | READ_DIR);
    ruleset.ports = 0; /* the admin listener may move */
    return version && enforce(&ruleset, directory, TO_KEEP, err) < 0 ? -1 : (int)version;
}
