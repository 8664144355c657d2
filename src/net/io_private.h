#ifndef SWARMWARD_NET_IO_PRIVATE_H
#define SWARMWARD_NET_IO_PRIVATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "net/io.h"

/* What the streams and deadline.c need of struct io, and nobody else. */

/* Room for 64 KiB in records of 16 KiB and what TLS puts around them. */
#define GATHER_BYTES (IO_RECEIVE_BYTES + (size_t)4096)

#define SPARE_TIMERS 64

struct io_dead {
    void *memory;
    void (*free_it)(void *memory);
};

TAILQ_HEAD(stream_list, stream);

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
    struct io_task *handshake_task; /* stream_handshake.c; NULL before the first */
    /* borrowed */
    struct stream_list handshakes; /* that wait for their turn */
    struct stream *gatherer;
    size_t gathered;
    int depth; /* nested io_enter() */
    int64_t now_us;
    bool handshake_taken; /* a step was taken in this turn */
    int64_t handshakes_left_us;
};

#endif
