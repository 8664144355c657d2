#ifndef SWARMWARD_WORKER_PASSWORD_CACHE_H
#define SWARMWARD_WORKER_PASSWORD_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which passwords were right a moment ago, by keyed hash: so that not every request of a page costs
 * a slow check. Holds no password, and nothing of wrong ones.
 */

#define PASSWORD_CACHE_SETS 256
#define PASSWORD_CACHE_WAYS 4
#define PASSWORD_CACHE_MS   300000

struct password_key {
    uint64_t halves[2];
};

struct password_cache {
    struct {
        struct password_key key;
        int64_t until_ms; /* 0: free */
    } entries[PASSWORD_CACHE_SETS][PASSWORD_CACHE_WAYS];
};

/* Takes as long for equal keys as for others. */
bool password_key_equal(const struct password_key *a, const struct password_key *b);

bool password_cache_has(const struct password_cache *cache, const struct password_key *key,
                        int64_t now_ms);
/* It was right, now; the one that was right longest ago makes room. */
void password_cache_put(struct password_cache *cache, const struct password_key *key,
                        int64_t now_ms);

#endif
