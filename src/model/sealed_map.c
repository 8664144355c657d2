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

#define SEALS_NEEDED (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

int sealed_map(int fd, const char *what, size_t max_bytes, void **mapping_out, size_t *bytes_out,
               struct err *err)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    void *mapping;

    if (seals < 0)
        return err_set(err, "%s: not a sealed memory file: %s", what, strerror(errno));
    if ((seals & SEALS_NEEDED) != SEALS_NEEDED)
        return err_set(err, "%s: its memory is not sealed, it could change under the reader", what);
    if (fstat(fd, &info) < 0)
        return err_set(err, "%s: %s", what, strerror(errno));
    if (info.st_size <= 0 || (size_t)info.st_size > max_bytes)
        return err_set(err, "%s: %lld bytes, the limit is %zu", what, (long long)info.st_size,
                       max_bytes);
    /* private, because Linux before 6.7 refuses a shared mapping of what is sealed for writing */
    mapping = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED)
        return err_set(err, "%s: mmap: %s", what, strerror(errno));
    *mapping_out = mapping;
    *bytes_out = (size_t)info.st_size;
    return 0;
}
