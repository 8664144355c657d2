/*
 * Reads certificate and key files. Not base/file.h: the mode must be of the file that was read, not
 * of one that took its place, and what was read is wiped.
 */

#include "pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "certificate_parse.h"

static int check_info(const struct stat *info, const char *path, struct err *err)
{
    if (!S_ISREG(info->st_mode))
        return err_set(err, "%s: not a regular file", path);
    if (info->st_size > (off_t)CERTIFICATE_FILE_BYTES)
        return err_set(err, "%s: %lld bytes, more than the limit of %zu; is it the right file?",
                       path, (long long)info->st_size, CERTIFICATE_FILE_BYTES);
    return 0;
}

/* One byte more is asked for than there should be: a file that grows meanwhile is noticed. */
static int read_all(int fd, struct pem_file *file, const char *path, struct err *err)
{
    size_t room = (size_t)file->info.st_size + 1;

    file->bytes = memory_new(room);
    while (file->len < room) {
        ssize_t got = read(fd, file->bytes + file->len, room - file->len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, "%s: %s", path, strerror(errno));
        if (got == 0)
            break;
        file->len += (size_t)got;
    }
    if (file->len != (size_t)file->info.st_size)
        return err_set(err, "%s: it changed while it was read; try again", path);
    return 0;
}

int pem_file_read(struct pem_file *file, const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int status = -1;

    *file = (struct pem_file){ 0 };
    if (fd < 0)
        return err_set(err, "%s: %s", path, strerror(errno));
    if (fstat(fd, &file->info) < 0)
        err_set(err, "%s: %s", path, strerror(errno));
    else if (check_info(&file->info, path, err) == 0)
        status = read_all(fd, file, path, err);
    close(fd);
    if (status < 0)
        pem_file_done(file);
    return status;
}

void pem_file_done(struct pem_file *file)
{
    if (file->bytes)
        memory_wipe(file->bytes, file->len);
    free(file->bytes);
    file->bytes = NULL;
    file->len = 0;
}
