#ifndef SWARMWARD_NET_IO_PRIVATE_H
#define SWARMWARD_NET_IO_PRIVATE_H

#include <stdbool.h>

#include "net/io.h"

/* What stream.c and deadline.c need of struct io, and nobody else. */

/* Room for 64 KiB in records of 16 KiB and what TLS puts around them. */
#define GATHER_BYTES (IO_RECEIVE_BYTES + (size_t)4096)

#define SPARE_TIMERS 64

struct io_dead {
    void *memory;
    void (*free_it)(void *memory);
};

struct io {
    /* owned */
    struct event_base *base;
    char *receive; /* IO_RECEIVE_BYTES: what the current read event took off its socket */
    char *scratch; /* IO_RECEIVE_BYTES: bytes in the clear */
    char *gather;  /* GATHER_BYTES: what `gatherer` wrote since the last send */
    struct event *spare_timers[SPARE_TIMERS]; /* of deadlines that are done */
    size_t spare_timer_count;
    struct io_dead *dead;
    size_t dead_count;
    size_t dead_capacity;
    /* borrowed */
    struct stream *gatherer;
    size_t gathered;
    int depth; /* nested io_enter() */
    int64_t now_us;
};

#endif
