/* Right passwords of the last minutes. Called by basic_auth.c; one a worker. */

#include "password_cache.h"

#include <stddef.h>

static size_t set_of(const struct password_key *key)
{
    return (size_t)(key->halves[0] % PASSWORD_CACHE_SETS);
}

bool password_key_equal(const struct password_key *a, const struct password_key *b)
{
    return ((a->halves[0] ^ b->halves[0]) | (a->halves[1] ^ b->halves[1])) == 0;
}

bool password_cache_has(const struct password_cache *cache, const struct password_key *key,
                        int64_t now_ms)
{
    bool found = false;

    for (size_t way = 0; way < PASSWORD_CACHE_WAYS; way++)
        found |= cache->entries[set_of(key)][way].until_ms > now_ms &&
                 password_key_equal(&cache->entries[set_of(key)][way].key, key);
    return found;
}

void password_cache_put(struct password_cache *cache, const struct password_key *key,
                        int64_t now_ms)
{
    size_t oldest = 0;

    for (size_t way = 0; way < PASSWORD_CACHE_WAYS; way++) {
        if (password_key_equal(&cache->entries[set_of(key)][way].key, key)) {
            oldest = way;
            break;
        }
        if (cache->entries[set_of(key)][way].until_ms <
            cache->entries[set_of(key)][oldest].until_ms)
            oldest = way;
    }
    cache->entries[set_of(key)][oldest].key = *key;
    cache->entries[set_of(key)][oldest].until_ms = now_ms + PASSWORD_CACHE_MS;
}
