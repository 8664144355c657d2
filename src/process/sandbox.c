/*
 * The layers of a program's sandbox, in the order in which each can still be put up: empty root,
 * capabilities, Landlock, limits, system calls. Called from each main() when all is open.
 */

#include "process/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "process/privileges.h"
#include "sandbox_private.h"

/* More than the largest snapshot (SNAPSHOT_BYTES_MAX). */
#define CONTROL_FILE_BYTES ((rlim_t)1024 * 1024 * 1024)

/* Nothing of a disk, no other process, no device: what is not control and not the parent. */
static bool is_closed(enum sandbox_profile profile)
{
    return profile != SANDBOX_PARENT && profile != SANDBOX_CONTROL;
}

static int limit_to(int resource, const char *what, rlim_t value, struct err *err)
{
    struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        return err_set(err, "limit of %s: %s", what, strerror(errno));
    return 0;
}

/*
 * How long a file may become that this process writes. The checker and keys write none, control a
 * snapshot or keyring in memory and a table of routes. Of workers and the parent the access log may
 * be one, and a write beyond the limit would be their end; the same goes for whoever's error log is
 * a file.
 */
static int limit_files(enum sandbox_profile profile, struct err *err)
{
    struct stat info;

    if (profile == SANDBOX_WORKER || profile == SANDBOX_PARENT || fstat(STDERR_FILENO, &info) < 0 ||
        S_ISREG(info.st_mode))
        return 0;
    return limit_to(RLIMIT_FSIZE, "file sizes", profile == SANDBOX_CONTROL ? CONTROL_FILE_BYTES : 0,
                    err);
}

static int set_limits(enum sandbox_profile profile, struct err *err)
{
    if (limit_to(RLIMIT_CORE, "core files", 0, err) < 0)
        return -1;
    if (!SANDBOX_FOR_SANITIZERS && limit_files(profile, err) < 0)
        return -1;
    if (!is_closed(profile) || SANDBOX_FOR_SANITIZERS)
        return 0;
    if (limit_to(RLIMIT_NPROC, "processes", 0, err) < 0)
        return -1;
    return limit_to(RLIMIT_MSGQUEUE, "message queues", 0, err);
}

/*
 * An empty directory that needs no place on a disk: /proc/PID/fdinfo of a process that is gone.
 * The process shares our root, so that its chroot() is ours.
 */
static int enter_empty_root(struct err *err)
{
    long child = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
    int status = 0;

    if (child == 0)
        _exit(chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0 ? errno : 0);
    if (child < 0)
        return err_set(err, "empty root: clone: %s", strerror(errno));
    while (waitpid((pid_t)child, &status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, "empty root: %s", strerror(errno));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, "empty root: %s",
                       strerror(WIFEXITED(status) ? WEXITSTATUS(status) : EINTR));
    return 0;
}

/* What reads a file at its first use must have used it: libc reads the time zone for gmtime(). */
static void read_ahead(void)
{
    tzset();
}

static int close_up(enum sandbox_profile profile, struct sandbox_facts *facts, struct err *err)
{
    bool may_change_root = privileges_permitted() & (capability_mask)1 << CAP_SYS_CHROOT;
    int landlock;

    if (may_change_root && !SANDBOX_FOR_SANITIZERS) {
        if (enter_empty_root(err) < 0)
            return -1;
        facts->empty_root = true;
    }
    if (privileges_give_up(err) < 0)
        return -1;
    if (SANDBOX_FOR_SANITIZERS)
        return 0;
    landlock = landlock_apply(profile != SANDBOX_KEYS, err);
    if (landlock < 0)
        return -1;
    facts->landlock = (unsigned)landlock;
    return 0;
}

/* The thread that a program needs; NULL: none. */
struct thread {
    sandbox_start *start;
    void *owner;
};

static int enter(enum sandbox_profile profile, _Atomic uint32_t *refused,
                 const struct thread *thread, struct sandbox_facts *facts_out, struct err *err)
{
    struct sandbox_facts facts = { .for_sanitizers = SANDBOX_FOR_SANITIZERS };
    int calls;

    read_ahead();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_set(err, "no_new_privs: %s", strerror(errno));
    if (is_closed(profile) && close_up(profile, &facts, err) < 0)
        return -1;
    if (thread && thread->start(thread->owner, err) < 0)
        return -1;
    if (set_limits(profile, err) < 0) /* the way to the empty root needs a process */
        return -1;
    calls = seccomp_apply(profile, refused, err);
    if (calls < 0)
        return -1;
    facts.calls = (unsigned)calls;
    *facts_out = facts;
    return 0;
}

int sandbox_enter(enum sandbox_profile profile, _Atomic uint32_t *refused,
                  struct sandbox_facts *facts_out, struct err *err)
{
    return enter(profile, refused, NULL, facts_out, err);
}

static void end(const struct err *err)
{
    log_error("event=start_failed reason=\"sandbox: %s\"", err->text);
    exit(1);
}

#ifdef SWARMWARD_WITHOUT_SANDBOX /* for valgrind, which makes system calls of its own */
static void confine(enum sandbox_profile profile, _Atomic uint32_t *refused,
                    const struct thread *thread)
{
    struct err err;

    (void)profile;
    (void)refused;
    if (thread && thread->start(thread->owner, &err) < 0)
        end(&err);
    log_warn("event=not_sandboxed reason=\"built with SWARMWARD_WITHOUT_SANDBOX; never for "
             "production\"");
}
#else
static void confine(enum sandbox_profile profile, _Atomic uint32_t *refused,
                    const struct thread *thread)
{
    struct sandbox_facts facts = { 0 };
    struct err err;

    if (enter(profile, refused, thread, &facts, &err) < 0)
        end(&err);
    if (profile == SANDBOX_PARENT)
        log_info("event=sandboxed calls=most");
    else
        log_info("event=sandboxed root=%s landlock=%u calls=%u%s",
                 facts.empty_root ? "empty" : "kept", facts.landlock, facts.calls,
                 facts.for_sanitizers ? " sanitizers=yes" : "");
}
#endif

#if defined(SWARMWARD_WITHOUT_SANDBOX) || SANDBOX_FOR_SANITIZERS /* whose reports are files */
void sandbox_confine_writes(const char *directory)
{
    (void)directory;
}
#else
void sandbox_confine_writes(const char *directory)
{
    struct err err;
    int version = landlock_keep_writes(directory[0] ? directory : NULL, &err);

    if (version < 0)
        end(&err);
    log_info("event=sandboxed landlock=%d writes=%s", version,
             directory[0] ? directory : "nowhere");
}
#endif

void sandbox_confine(enum sandbox_profile profile, _Atomic uint32_t *refused)
{
    confine(profile, refused, NULL);
}

void sandbox_confine_threads(enum sandbox_profile profile, _Atomic uint32_t *refused,
                             sandbox_start *start, void *owner)
{
    confine(profile, refused, &(struct thread){ start, owner });
}
