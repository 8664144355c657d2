/*
 * The memory behind the shared board: made once by the parent, mapped by every process. What is in
 * it and who writes what is in the header.
 */

#include "model/board.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"

/* So that nobody can aim at the column or the bucket that another address is counted in. */
static int write_key(int fd, size_t offset)
{
    uint64_t key[2];

    random_bytes(key, sizeof(key));
    return pwrite(fd, key, sizeof(key), (off_t)offset) == sizeof(key) ? 0 : -1;
}

static int write_keys(int fd)
{
    _Static_assert(BOARD_ADDRESS_ROWS == 2, "both keys have two halves");
    if (write_key(fd, offsetof(struct board, address_key)) < 0)
        return -1;
    return write_key(fd, offsetof(struct board, bucket_key));
}

static int write_created(int fd)
{
    int64_t now_ms = clock_wall_ms();

    return pwrite(fd, &now_ms, sizeof(now_ms), offsetof(struct board, created_wall_ms)) ==
                   sizeof(now_ms)
               ? 0
               : -1;
}

int board_create(struct err *err)
{
    int fd = memfd_create("swarmward-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return err_set(err, "board: memfd: %s", strerror(errno));
    if (ftruncate(fd, sizeof(struct board)) < 0 || write_keys(fd) < 0 || write_created(fd) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
        err_set(err, "board: memfd: %s", strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

struct board *board_map(int fd, struct err *err)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    void *mapping;

    if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &info) < 0 ||
        info.st_size != (off_t)sizeof(struct board)) {
        err_set(err, "board: descriptor %d is no board of this version", fd);
        return NULL;
    }
    mapping = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) {
        err_set(err, "board: mmap: %s", strerror(errno));
        return NULL;
    }
    return mapping;
}

void board_unmap(struct board *board)
{
    if (board)
        munmap(board, sizeof(*board));
}

#define CLEAR_GAUGE(name) atomic_store_explicit(&worker->name, 0, memory_order_relaxed);

void board_worker_begin(struct board_worker *worker)
{
    BOARD_GAUGES(CLEAR_GAUGE)
    CLEAR_GAUGE(alive_ms)
    memset(worker->addresses, 0, sizeof(worker->addresses));
}
