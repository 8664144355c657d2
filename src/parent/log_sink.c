/*
 * The descriptor behind the access log. Used by publish.c when the file changes it and on SIGUSR1,
 * by member.c to hand it out. Writes nothing itself.
 */

#include "log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * A pipe or terminal opened anew through /proc is ours alone and may be non-blocking. A file must
 * be shared: with an offset of our own we and the error log would write over each other. A socket
 * cannot be opened anew; there non-blocking is set on what we share, so that a slow reader never
 * blocks a worker.
 */
static int open_output(void)
{
    struct stat info;
    int flags;
    int fd;

    if (fstat(STDOUT_FILENO, &info) < 0)
        return -1;
    if (!S_ISREG(info.st_mode)) {
        fd = open("/proc/self/fd/1", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd >= 0)
            return fd;
    }
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags >= 0 && S_ISSOCK(info.st_mode))
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return fd;
}

void log_sink_init(struct log_sink *sink)
{
    *sink = (struct log_sink){ .fd = -1, .output = open_output() };
}

void log_sink_done(struct log_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    if (sink->output >= 0)
        close(sink->output);
    sink->fd = sink->output = -1;
}

bool log_sink_is(const struct log_sink *sink, struct text target)
{
    return text_equal(text_of(sink->target), target);
}

static int open_path(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640);

    if (fd < 0 && errno == EACCES && geteuid() == 0)
        return err_set(err,
                       "access log %s: %s (swarmward opens it as root, but keeps no right to "
                       "override permissions: root must own the directory)",
                       path, strerror(errno));
    if (fd < 0)
        return err_set(err, "access log %s: %s", path, strerror(errno));
    return fd;
}

int log_sink_open(const struct log_sink *sink, struct text target, int *fd_out, struct err *err)
{
    char path[MESSAGE_PATH_BYTES];
    int fd;

    if (text_equal(target, TEXT("off"))) {
        *fd_out = -1;
        return 0;
    }
    if (text_equal(target, TEXT("stdout"))) {
        /* Standard output closed by whoever started us: there is nowhere to write, and no harm. */
        *fd_out = sink->output < 0 ? -1 : fcntl(sink->output, F_DUPFD_CLOEXEC, 3);
        return 0;
    }
    if (text_to_buffer(target, path, sizeof(path)) < target.len)
        return err_set(err, "the path of the access log is too long");
    fd = open_path(path, err);
    if (fd < 0)
        return -1;
    *fd_out = fd;
    return 0;
}

void log_sink_use(struct log_sink *sink, struct text target, int fd)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = fd;
    text_to_buffer(target, sink->target, sizeof(sink->target));
}
