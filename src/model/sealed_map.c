/*
 * Memory that came from another process is only looked at when its sender has given up every way
 * to change it: otherwise what was checked would not be what is used, and a file that shrinks kills
 * its reader. Used for snapshots and keyrings.
 */

#include "sealed_map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"

#define SEALS_NEEDED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static int check(int fd, size_t max_bytes, size_t *bytes_out, struct err *err)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0)
        return err_set(err, "not a sealed memory file: %s", strerror(errno));
    if ((seals & SEALS_NEEDED) != SEALS_NEEDED)
        return err_set(err, "its memory is not sealed, it could change under the reader");
    if (file_facts(fd, &info) < 0)
        return err_set(err, "%s", strerror(errno));
    if (info.st_size <= 0 || (size_t)info.st_size > max_bytes)
        return err_set(err, "%lld bytes, the limit is %zu", (long long)info.st_size, max_bytes);
    *bytes_out = (size_t)info.st_size;
    return 0;
}

void *sealed_map(int fd, const char *what, size_t max_bytes, size_t *bytes_out, struct err *err)
{
    void *mapping;

    if (check(fd, max_bytes, bytes_out, err) < 0) {
        err_prefix(err, "%s", what);
        return NULL;
    }
    /* private, because Linux before 6.7 refuses a shared mapping of what is sealed for writing */
    mapping = mmap(NULL, *bytes_out, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED) {
        err_set(err, "%s: mmap: %s", what, strerror(errno));
        return NULL;
    }
    return mapping;
}
