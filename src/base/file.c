/* Whole files: read with a bound, written so that they are complete or not there at all. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

static int read_all(int fd, char *text, size_t bytes, size_t *len_out)
{
    size_t len = 0;

    while (len < bytes) {
        ssize_t got = read(fd, text + len, bytes - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *len_out = len;
    return 0;
}

int file_read(const char *path, size_t max_bytes, char **text_out, size_t *len_out, struct err *err)
{
    int status = -1;
    char *text = NULL;
    size_t len = 0;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    if (fstat(fd, &info) < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        err_set(err, "%s: not a regular file", path);
        goto out;
    }
    if ((size_t)info.st_size > max_bytes) {
        err_set(err, "%s: %lld bytes, more than the limit of %zu", path, (long long)info.st_size,
                max_bytes);
        goto out;
    }
    text = memory_new((size_t)info.st_size + 1);
    if (read_all(fd, text, (size_t)info.st_size, &len) < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        goto out;
    }
    *text_out = text;
    *len_out = len;
    text = NULL;
    status = 0;
out:
    free(text);
    close(fd);
    return status;
}

int file_facts(int fd, struct stat *facts_out)
{
#if defined(__x86_64__) || defined(__aarch64__) /* libc's structure is the kernel's */
    return (int)syscall(SYS_fstat, fd, facts_out);
#else
    return fstat(fd, facts_out);
#endif
}

int file_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len) {
        ssize_t wrote = write(fd, at, len);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return -1;
        at += wrote;
        len -= (size_t)wrote;
    }
    return 0;
}

int file_write(const char *path, const void *bytes, size_t len, unsigned mode, struct err *err)
{
    char beside[4096];
    int fd;

    if (snprintf(beside, sizeof(beside), "%s.new.%d", path, (int)getpid()) >= (int)sizeof(beside))
        return err_set(err, "%s: the path is too long", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_set(err, "%s: %s", beside, strerror(errno));
    if (file_write_all(fd, bytes, len) < 0 || fsync(fd) < 0) {
        err_set(err, "%s: %s", beside, strerror(errno));
        close(fd);
        unlink(beside);
        return -1;
    }
    close(fd);
    if (rename(beside, path) < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        unlink(beside);
        return -1;
    }
    return 0;
}

int file_sealed_memory(const char *name, const void *bytes, size_t len, struct err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_set(err, "memfd %s: %s", name, strerror(errno));
    if (file_write_all(fd, bytes, len) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0) {
        err_set(err, "memfd %s: %s", name, strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
