#ifndef SWARMWARD_MODEL_BOARD_H
#define SWARMWARD_MODEL_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/board_buckets.h"
#include "model/board_counters.h"
#include "model/reasons.h"

/*
 * The shared board: one anonymous mapping, made by the parent, where each process writes its own
 * part and everyone reads all: counters of the workers, health of the endpoints, the child table.
 * Plain atomic stores, no locks, no messages on the hot path.
 */

#define BOARD_WORKERS   64
#define BOARD_ENDPOINTS 16384
/* Connections by client address: a count-min sketch, bounded whoever comes. */
#define BOARD_ADDRESS_ROWS 2
#define BOARD_DOMAINS      16384
#define BOARD_ADDRESSES    16384

#define BOARD_COUNTER_MEMBER(name) _Atomic uint64_t name;

/* What one worker knows of one endpoint. */
struct board_endpoint {
    _Atomic uint32_t in_flight;
    _Atomic uint32_t failures; /* in a row */
    _Atomic uint64_t requests;
    _Atomic int64_t ejected_until_ms; /* monotonic; 0: never */
    _Atomic uint32_t last_failure; /* 1 + enum reason; 0: it has answered since, or never failed */
};

/* Upper bounds of the buckets of durations, in milliseconds; one more bucket is without bound. */
#define BOARD_DURATION_BOUNDS                                                                      \
    {                                                                                              \
        5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000                                      \
    }
#define BOARD_DURATION_BUCKETS 12

/* Requests of one domain at one worker, from the head to the last byte of the response. */
struct board_domain {
    _Atomic uint64_t responses[5]; /* 1xx-2xx, 3xx, 4xx, 5xx, ended by the client (499) */
    _Atomic uint64_t durations[BOARD_DURATION_BUCKETS];
    _Atomic uint64_t duration_us; /* sum */
};

enum board_health {
    BOARD_HEALTH_UNKNOWN, /* not checked (yet): counts as up */
    BOARD_HEALTH_UP,
    BOARD_HEALTH_DOWN,
};

enum board_phase {
    BOARD_STARTING, /* no snapshot is being served yet */
    BOARD_READY,
    BOARD_DRAINING,
};

struct board_worker {
    BOARD_COUNTERS(BOARD_COUNTER_MEMBER)
    BOARD_GAUGES(BOARD_COUNTER_MEMBER)
    _Atomic int64_t alive_ms; /* monotonic, written about once a second */
    _Atomic uint32_t addresses[BOARD_ADDRESS_ROWS][BOARD_ADDRESSES];
    struct board_endpoint endpoints[BOARD_ENDPOINTS];
    _Atomic uint64_t refusals[REASON_COUNT];
    struct board_domain all_domains;
    struct board_domain domains[BOARD_DOMAINS];
};

struct board_child {
    _Atomic int32_t pid; /* 0: not running */
    _Atomic uint32_t restarts;
    _Atomic uint32_t sandbox_ends; /* times that its sandbox ended it */
    _Atomic int64_t started_ms;
    /* written by the child itself, cleared by the parent: what its sandbox refused it, as in
     * process/sandbox.h */
    _Atomic uint32_t refused_call;
};

struct board {
    /* written by the parent */
    _Atomic uint32_t worker_count;
    _Atomic uint32_t phase;                   /* enum board_phase */
    uint64_t address_key[BOARD_ADDRESS_ROWS]; /* random, set by board_create() */
    uint64_t bucket_key[2];                   /* random, set by board_create() */
    int64_t created_wall_ms;                  /* set by board_create(): all counters were zero */
    _Atomic uint64_t generation;
    _Atomic int64_t committed_wall_ms;
    struct board_child control;
    struct board_child keys;
    struct board_child checker;
    struct board_child workers[BOARD_WORKERS];
    /* written by the checker */
    _Atomic uint8_t health[BOARD_ENDPOINTS]; /* enum board_health */
    _Atomic int64_t health_changed_ms[BOARD_ENDPOINTS];
    /* written by all workers */
    struct board_buckets rates;
    /* written by worker i */
    struct board_worker worker[BOARD_WORKERS];
};

static inline void board_add(_Atomic uint64_t *counter, int64_t amount)
{
    atomic_store_explicit(counter,
                          atomic_load_explicit(counter, memory_order_relaxed) + (uint64_t)amount,
                          memory_order_relaxed);
}

static inline uint64_t board_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* A new board in a memfd (only touched pages cost memory), and the mapping of one. */
int board_create(struct err *err);
struct board *board_map(int fd, struct err *err);
void board_unmap(struct board *board);

/* A worker begins, perhaps in the place of one that died: what was open is not, the rest stays. */
void board_worker_begin(struct board_worker *worker);

#endif
