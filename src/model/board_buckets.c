/*
 * Token buckets as one number each (GCRA): the time at which the bucket is full again. Called by
 * every worker at once; each change is one compare-and-swap, and nobody waits for anybody.
 */

#include "model/board_buckets.h"

#include <stddef.h>

#define RACES_MOST 16

static struct board_bucket *at(struct board_buckets *table, uint64_t key, unsigned probe)
{
    return &table->buckets[(key + probe) % BOARD_BUCKETS];
}

static struct board_bucket *find(struct board_buckets *table, uint64_t key)
{
    for (unsigned i = 0; i < BOARD_BUCKET_PROBES; i++) {
        struct board_bucket *bucket = at(table, key, i);

        if (atomic_load_explicit(&bucket->key, memory_order_relaxed) == key)
            return bucket;
    }
    return NULL;
}

/* The one that is full, or nearest to it. A free one has been full for ever. */
static struct board_bucket *fullest(struct board_buckets *table, uint64_t key)
{
    struct board_bucket *best = at(table, key, 0);

    for (unsigned i = 1; i < BOARD_BUCKET_PROBES; i++) {
        struct board_bucket *bucket = at(table, key, i);

        if (atomic_load_explicit(&bucket->full_ns, memory_order_relaxed) <
            atomic_load_explicit(&best->full_ns, memory_order_relaxed))
            best = bucket;
    }
    return best;
}

/* NULL: another worker was quicker. */
static struct board_bucket *claim(struct board_buckets *table, uint64_t key, int64_t now_ns,
                                  bool *forgot_out)
{
    struct board_bucket *bucket = fullest(table, key);
    uint64_t before = atomic_load_explicit(&bucket->key, memory_order_relaxed);
    int64_t full_ns = atomic_load_explicit(&bucket->full_ns, memory_order_relaxed);

    if (before == key)
        return bucket;
    if (!atomic_compare_exchange_strong(&bucket->key, &before, key))
        return NULL;
    if (full_ns > now_ns) {
        *forgot_out = true;
        /* where this fails somebody has just taken from it, which is as good as here */
        atomic_compare_exchange_strong(&bucket->full_ns, &full_ns, now_ns);
    }
    return bucket;
}

static int64_t take(struct board_bucket *bucket, const struct bucket_size *size, int64_t now_ns)
{
    int64_t room_ns = size->tokens * size->interval_ns;
    int64_t before = atomic_load_explicit(&bucket->full_ns, memory_order_relaxed);

    for (;;) {
        int64_t from_ns = before > now_ns ? before : now_ns;
        int64_t after = from_ns + size->interval_ns;

        if (from_ns - now_ns > room_ns) /* of a larger size, before a reload */
            after = now_ns + room_ns;
        else if (after - now_ns > room_ns)
            return after - now_ns - room_ns;
        if (atomic_compare_exchange_weak(&bucket->full_ns, &before, after))
            return from_ns - now_ns > room_ns ? size->interval_ns : 0;
    }
}

int64_t board_bucket_take(struct board_buckets *table, uint64_t key, const struct bucket_size *size,
                          int64_t now_ns, bool *forgot_out)
{
    struct board_bucket *bucket = NULL;

    *forgot_out = false;
    key += !key; /* 0 is a free one */
    for (int i = 0; !bucket && i < RACES_MOST; i++) {
        bucket = find(table, key);
        if (!bucket)
            bucket = claim(table, key, now_ns, forgot_out);
    }
    return bucket ? take(bucket, size, now_ns) : 0;
}
