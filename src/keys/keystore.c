/*
 * From the id of a key to the key. Keys are parsed when they are first asked for (OpenSSL 3.0 takes
 * 300 us) and go on from one generation to the next, as most of them stay the same.
 */

#include "keystore.h"

#include <stdlib.h>

#include "base/memory.h"

/* Some 2 to 8 KiB each; when there are so many, parsing begins anew. */
#define PARSED_MOST 4096

struct key_generation {
    /* owned; NULL: there is none */
    struct keyring *keyring;
    struct signing_key **parsed; /* by index in the keyring; NULL: not yet */
    uint32_t parsed_count;
};

struct keystore {
    struct key_generation current;
    struct key_generation prepared;
    struct key_generation previous;
};

struct keystore *keystore_new(void)
{
    return memory_new(sizeof(struct keystore));
}

static void forget_parsed(struct key_generation *generation)
{
    for (uint32_t i = 0; i < generation->keyring->key_count; i++) {
        signing_key_unref(generation->parsed[i]);
        generation->parsed[i] = NULL;
    }
    generation->parsed_count = 0;
}

static void generation_done(struct key_generation *generation)
{
    if (!generation->keyring)
        return;
    forget_parsed(generation);
    free(generation->parsed);
    keyring_unref(generation->keyring);
    *generation = (struct key_generation){ 0 };
}

void keystore_free(struct keystore *store)
{
    if (!store)
        return;
    generation_done(&store->previous);
    generation_done(&store->prepared);
    generation_done(&store->current);
    free(store);
}

static uint32_t index_of(const struct keyring *keyring, const struct keyring_key *key)
{
    return (uint32_t)(key - keyring->keys);
}

/* An id is the hash of a public key, so equal ids are equal keys. */
static void carry_over(const struct key_generation *older, struct key_generation *newer)
{
    for (uint32_t i = 0; older->keyring && i < newer->keyring->key_count; i++) {
        const struct keyring_key *known = keyring_find(older->keyring, newer->keyring->keys[i].id);
        struct signing_key *parsed = known ? older->parsed[index_of(older->keyring, known)] : NULL;

        if (!parsed || signing_key_uses(parsed) != newer->keyring->keys[i].uses)
            continue;
        newer->parsed[i] = signing_key_ref(parsed);
        newer->parsed_count++;
    }
}

void keystore_prepare(struct keystore *store, struct keyring *keyring)
{
    generation_done(&store->prepared);
    store->prepared.keyring = keyring;
    store->prepared.parsed =
        memory_new((keyring->key_count + (size_t)1) * sizeof(struct signing_key *));
    carry_over(&store->current, &store->prepared);
}

bool keystore_has_prepared(const struct keystore *store)
{
    return store->prepared.keyring != NULL;
}

void keystore_commit(struct keystore *store)
{
    generation_done(&store->previous);
    store->previous = store->current;
    store->current = store->prepared;
    store->prepared = (struct key_generation){ 0 };
}

void keystore_cancel(struct keystore *store)
{
    generation_done(&store->prepared);
}

void keystore_forget_previous(struct keystore *store)
{
    generation_done(&store->previous);
}

static struct signing_key *find_in(struct key_generation *generation,
                                   const uint8_t id[SIGN_KEY_BYTES])
{
    const struct keyring_key *found =
        generation->keyring ? keyring_find(generation->keyring, id) : NULL;
    struct signing_key **parsed;

    if (!found)
        return NULL;
    parsed = &generation->parsed[index_of(generation->keyring, found)];
    if (!*parsed) {
        if (generation->parsed_count >= PARSED_MOST)
            forget_parsed(generation);
        *parsed = signing_key_new(found->der, found->uses);
        generation->parsed_count += *parsed != NULL;
    }
    return *parsed;
}

struct signing_key *keystore_find(struct keystore *store, const uint8_t id[SIGN_KEY_BYTES])
{
    struct signing_key *key = find_in(&store->current, id);

    if (!key)
        key = find_in(&store->prepared, id);
    return key ? key : find_in(&store->previous, id);
}
