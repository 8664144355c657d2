/* Hashes, and a map from text to a number. */

#include "base/hash.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"

uint64_t hash_mix(uint64_t value)
{
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebU;
    return value ^ value >> 31;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t hash = 0xcbf29ce484222325U;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * 0x100000001b3U;
    return hash_mix(hash);
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* SipHash-1-3 (Aumasson, Bernstein). */
uint64_t hash_with_key(const uint64_t key[2], const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    uint64_t v[4];
    uint64_t last = (uint64_t)len << 56;
    uint64_t word;

    v[0] = key[0] ^ 0x736f6d6570736575U;
    v[1] = key[1] ^ 0x646f72616e646f6dU;
    v[2] = key[0] ^ 0x6c7967656e657261U;
    v[3] = key[1] ^ 0x7465646279746573U;
    for (; len >= 8; at += 8, len -= 8) {
        memcpy(&word, at, 8);
        sip_word(v, word);
    }
    for (size_t i = 0; i < len; i++)
        last |= (uint64_t)at[i] << (8 * i);
    sip_word(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_keyed(const void *bytes, size_t len)
{
    static uint64_t key[2];

    if (!(key[0] | key[1]))
        random_bytes(key, sizeof(key));
    return hash_with_key(key, bytes, len);
}

struct string_map_slot {
    struct text key; /* at == NULL: free */
    uint64_t hash;
    size_t value;
};

/* The slot of `key`, or the free one where it belongs. */
static struct string_map_slot *slot_of(struct string_map_slot *slots, size_t capacity,
                                       struct text key, uint64_t hash)
{
    size_t at = (size_t)hash & (capacity - 1);

    while (slots[at].key.at && (slots[at].hash != hash || !text_equal(slots[at].key, key)))
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static void string_map_grow(struct string_map *map)
{
    size_t capacity = map->capacity ? map->capacity * 2 : 16;
    struct string_map_slot *slots = memory_new(capacity * sizeof(*slots));

    for (size_t i = 0; i < map->capacity; i++) {
        struct string_map_slot *old = &map->slots[i];

        if (old->key.at)
            *slot_of(slots, capacity, old->key, old->hash) = *old;
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
}

bool string_map_put(struct string_map *map, struct text key, size_t value)
{
    uint64_t hash = hash_keyed(key.at, key.len);
    struct string_map_slot *slot;

    if ((map->count + 1) * 4 > map->capacity * 3)
        string_map_grow(map);
    if (!key.at)
        key.at = "";
    slot = slot_of(map->slots, map->capacity, key, hash);
    if (slot->key.at)
        return false;
    *slot = (struct string_map_slot){ .key = key, .hash = hash, .value = value };
    map->count++;
    return true;
}

bool string_map_get(const struct string_map *map, struct text key, size_t *value_out)
{
    const struct string_map_slot *slot;

    if (!map->count)
        return false;
    slot = slot_of(map->slots, map->capacity, key, hash_keyed(key.at, key.len));
    if (!slot->key.at)
        return false;
    *value_out = slot->value;
    return true;
}

void string_map_done(struct string_map *map)
{
    free(map->slots);
    *map = (struct string_map){ 0 };
}
