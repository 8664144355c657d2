#ifndef SWARMWARD_BASE_HASH_H
#define SWARMWARD_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* FNV-1a with a finisher: the same on every machine, for identities. Not for keys of a peer. */
uint64_t hash_bytes(const void *bytes, size_t len);
static inline uint64_t hash_text(struct text text)
{
    return hash_bytes(text.at, text.len);
}
uint64_t hash_mix(uint64_t value); /* splitmix64's finisher */

/* SipHash-1-3 with a key of this process: for tables whose keys a peer chooses. */
uint64_t hash_keyed(const void *bytes, size_t len);
/* The same with a key that processes share. */
uint64_t hash_with_key(const uint64_t key[2], const void *bytes, size_t len);

/*
 * Text -> number, open addressing, keyed hash. Keys are borrowed and must outlive the map.
 * Zero-initialised is empty.
 */
struct string_map_slot;

struct string_map {
    /* owned */
    struct string_map_slot *slots;
    size_t count;
    size_t capacity;
};

/* False: the key was there; `value` was not put. */
bool string_map_put(struct string_map *map, struct text key, size_t value);
/* False: not there. */
bool string_map_get(const struct string_map *map, struct text key, size_t *value_out);
void string_map_done(struct string_map *map);

#endif
