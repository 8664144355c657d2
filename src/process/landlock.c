/*
 * Landlock: no file can be opened any more, whatever is asked for and through whichever call; no
 * TCP port can be bound. Descriptors that are open stay usable. Called by sandbox.c. By raw system
 * calls and with a structure of our own: Debian 12's headers know less than its newer kernels do.
 */

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_private.h"

#ifndef SYS_landlock_create_ruleset
#    define SYS_landlock_create_ruleset 444
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

int landlock_apply(bool may_connect, struct err *err)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    struct ruleset ruleset;
    long fd;
    long status;

    /* ENOSYS, EOPNOTSUPP: a kernel without it; EPERM: a container that does not know it. */
    if (version <= 0)
        return 0;
    ruleset = ruleset_for(version, may_connect);
    fd = syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
    if (fd < 0)
        return err_set(err, "landlock: %s", strerror(errno));
    status = syscall(SYS_landlock_restrict_self, fd, 0); /* no rule: nothing is allowed */
    if (status < 0)
        err_set(err, "landlock: %s", strerror(errno));
    close((int)fd);
    return status < 0 ? -1 : (int)version;
}
