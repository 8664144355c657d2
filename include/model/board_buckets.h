#ifndef SWARMWARD_MODEL_BOARD_BUCKETS_H
#define SWARMWARD_MODEL_BOARD_BUCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Token buckets on the shared board, so that a rate holds over all workers. A fixed table: a client
 * whose bucket is full needs no entry, and when a stretch of the table has none to spare, the
 * bucket that is nearest to full is forgotten. So whoever fills the table makes limits laxer, never
 * stricter for others.
 */

#define BOARD_BUCKETS       65536
#define BOARD_BUCKET_PROBES 8

struct board_bucket {
    _Atomic uint64_t key;    /* 0: free */
    _Atomic int64_t full_ns; /* when it is full again, if nothing is taken; monotonic */
};

struct board_buckets {
    struct board_bucket buckets[BOARD_BUCKETS];
};

struct bucket_size {
    int64_t interval_ns; /* one token comes in so much time */
    int64_t tokens;      /* that a full one has; at least 1 */
};

/*
 * Take one token. 0: it was there. Otherwise how many nanoseconds from now one will be, and nothing
 * was taken. `key` says whose, and is not for a peer to choose. `*forgot_out`: another bucket that
 * was not full was forgotten for it.
 */
int64_t board_bucket_take(struct board_buckets *table, uint64_t key, const struct bucket_size *size,
                          int64_t now_ns, bool *forgot_out);

#endif
