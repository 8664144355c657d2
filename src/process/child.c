/*
 * What every child does first, and how the parent finds the children's programs. Called from the
 * main() of control, worker and checker.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "process/descriptors.h"
#include "process/spawn.h"

/*
 * A terminal sends Ctrl-C to the whole group and a service manager may send its signal to every
 * process: only the parent may act on them, or a drain would end before it began. A child ends when
 * its channel closes, or by SIGKILL.
 */
static void leave_signals_to_the_parent(void)
{
    static const int numbers[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
    struct sigaction action = { .sa_handler = SIG_IGN };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}

static int is_socket(int fd)
{
    struct stat info;

    return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

void child_begin(const char *program)
{
    log_open(program);
    if (!is_socket(CHILD_CHANNEL) || fcntl(CHILD_BOARD, F_GETFD) < 0) {
        fprintf(stderr, "%s is a part of swarmward and started by it; use: swarmward run -c FILE\n",
                program);
        exit(2);
    }
    fcntl(CHILD_CHANNEL, F_SETFD, FD_CLOEXEC);
    fcntl(CHILD_BOARD, F_SETFD, FD_CLOEXEC);
    leave_signals_to_the_parent();
    prctl(PR_SET_NAME, program, 0, 0,
          0); /* executed by descriptor, it would be named by a number */
    /* Keys and sessions are in this memory: no core file, no debugger of another process. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        log_error("event=begin reason=\"prctl: %s\"", strerror(errno));
        exit(1);
    }
}

static int is_program(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

int spawn_find_program(const char *name, char *path, size_t bytes, struct err *err)
{
    char here[4096];
    ssize_t len = readlink("/proc/self/exe", here, sizeof(here) - 1);
    char *slash;

    if (len < 0)
        return err_set(err, "/proc/self/exe: %s (is /proc mounted?)", strerror(errno));
    here[len] = '\0';
    slash = strrchr(here, '/');
    if (slash)
        *slash = '\0';
    /* Beside it as built; where it was installed; where an installation was moved to as a whole. */
    if (snprintf(path, bytes, "%s/%s", here, name) < (int)bytes && is_program(path))
        return 0;
    if (snprintf(path, bytes, "%s/%s", SWARMWARD_LIBEXEC_DIR, name) < (int)bytes &&
        is_program(path))
        return 0;
    if (snprintf(path, bytes, "%s/../libexec/swarmward/%s", here, name) < (int)bytes &&
        is_program(path))
        return 0;
    return err_set(err, "%s: found neither in %s nor in %s; build or install swarmward as a whole",
                   name, here, SWARMWARD_LIBEXEC_DIR);
}
