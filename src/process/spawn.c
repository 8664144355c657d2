/*
 * Fork and execute our own programs: numbered descriptors, everything else closed, the privileges
 * of their role and no more. Called by the parent. Knows nothing of what the programs do.
 */

#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/descriptors.h"
#include "process/privileges.h"

/* Both close-on-exec: */
#define CHILD_REPORT  5 /* where a child says why it could not become its program */
#define CHILD_PROGRAM 6 /* what it will execute */
#define FIRST_SPARE   16

/* What a child tells when it fails between fork and exec. */
struct failure {
    char step[32];
    int reason; /* errno */
};

static void child_fail(int report, const char *step)
{
    struct failure failure = { .reason = errno };

    strncpy(failure.step, step, sizeof(failure.step) - 1);
    if (write(report, &failure, sizeof(failure)) != (ssize_t)sizeof(failure))
        _exit(126);
    _exit(127);
}

/* Nothing of the parent's signal handling reaches the child. */
static void reset_signals(void)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL); /* fails for some, as it should */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int close_from(int first)
{
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM) /* kernels and sandboxes older than close_range */
        return -1;
    for (long fd = first, end = sysconf(_SC_OPEN_MAX); fd < end; fd++)
        close((int)fd);
    return 0;
}

/* Close-on-exec, and out of the way of the numbers that are given. */
static int open_spare(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int spare;

    if (fd < 0)
        return -1;
    spare = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE);
    close(fd);
    return spare;
}

/* Sources may sit on each other's targets, so all of them move out of the way first. */
static int arrange_descriptors(const struct spawn_plan *plan, int report)
{
    int channel = fcntl(plan->channel, F_DUPFD_CLOEXEC, FIRST_SPARE);
    int board = fcntl(plan->board, F_DUPFD_CLOEXEC, FIRST_SPARE);
    int spare = fcntl(report, F_DUPFD_CLOEXEC, FIRST_SPARE);
    int nothing = open_spare("/dev/null", O_RDWR);
    /* Opened while we may still go there: the user that the child becomes need not be able to. */
    int program = open_spare(plan->program, O_PATH);

    if (channel < 0 || board < 0 || spare < 0 || nothing < 0 || program < 0)
        return -1;
    /* Standard output belongs to the access log, which has a descriptor of its own. */
    if (dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0)
        return -1;
    if (dup2(channel, CHILD_CHANNEL) < 0 || dup2(board, CHILD_BOARD) < 0)
        return -1;
    if (dup3(spare, CHILD_REPORT, O_CLOEXEC) < 0 || dup3(program, CHILD_PROGRAM, O_CLOEXEC) < 0)
        return -1;
    return close_from(CHILD_PROGRAM + 1);
}

/* exec() is old enough to want its strings writable; it does not write. */
static char *const *for_exec(const char *const *arguments)
{
    union {
        const char *const *in;
        char *const *out;
    } same = { .in = arguments };

    return same.out;
}

void spawn_replace(const char *program, const char *const *arguments)
{
    execv(program, for_exec(arguments));
}

static void child_run(const struct spawn_plan *plan, pid_t parent, int report)
{
    reset_signals();
    if (arrange_descriptors(plan, report) < 0)
        child_fail(report, "open");
    if (privileges_become(&plan->identity) < 0)
        child_fail(CHILD_REPORT, "privileges");
    /* After the change of ids, which clears it; and the parent may have died before. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        child_fail(CHILD_REPORT, "parent death signal");
    if (getppid() != parent)
        _exit(127);
    fexecve(CHILD_PROGRAM, for_exec(plan->arguments), environ);
    child_fail(CHILD_REPORT, "execute");
}

/* End of file: the exec closed the report. */
static ssize_t read_report(int report, struct failure *failure)
{
    ssize_t got;

    do {
        got = read(report, failure, sizeof(*failure));
    } while (got < 0 && errno == EINTR);
    return got;
}

pid_t spawn_child(const struct spawn_plan *plan, struct err *err)
{
    struct failure failure = { 0 };
    pid_t parent = getpid();
    int report[2];
    ssize_t got;
    pid_t child;

    if (pipe2(report, O_CLOEXEC) < 0)
        return err_set(err, "%s: pipe: %s", plan->program, strerror(errno));
    child = fork();
    if (child == 0)
        child_run(plan, parent, report[1]);
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        return err_set(err, "%s: fork: %s", plan->program, strerror(errno));
    }
    got = read_report(report[0], &failure);
    close(report[0]);
    if (got == 0)
        return child;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    failure.step[sizeof(failure.step) - 1] = '\0';
    return err_set(err, "%s: %s: %s", plan->program, failure.step, strerror(failure.reason));
}
