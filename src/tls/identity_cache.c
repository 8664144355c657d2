/*
 * The LRU of parsed certificates. Parsing takes 100 us in OpenSSL 3.0 and some KiB, so it is done
 * by need: never at a reload. Used by certificate_choice.c, one a worker.
 */

#include "identity_cache.h"

#include <stdlib.h>

#include "base/memory.h"
#include "issuers.h"
#include "signer_private.h"

struct entry {
    /* owned */
    struct identity identity;
    struct entry *next_in_bucket;
    /* borrowed: neighbours in the order of use */
    struct entry *newer;
    struct entry *older;
    uint64_t hash;
    uint64_t mark;
    uint8_t id[SNAPSHOT_ID_BYTES];
    uint8_t key_id[SNAPSHOT_ID_BYTES];
};

struct identity_cache {
    /* owned */
    struct entry **buckets;
    struct issuers issuers;
    size_t bucket_count; /* a power of two */
    /* borrowed: ends of the order of use */
    struct entry *newest;
    struct entry *oldest;
    struct signer *signer; /* NULL: every key is in the keyring */
    size_t count;
    size_t most;
    uint64_t mark;
};

struct identity_cache *identity_cache_new(size_t most, struct signer *signer)
{
    struct identity_cache *cache = memory_new(sizeof(*cache));

    cache->most = most;
    cache->signer = signer;
    cache->bucket_count = 1;
    while (cache->bucket_count < most)
        cache->bucket_count *= 2;
    cache->buckets = memory_new(cache->bucket_count * sizeof(struct entry *));
    return cache;
}

static void entry_free(struct entry *entry)
{
    X509_free(entry->identity.leaf);
    sk_X509_pop_free(entry->identity.issuers, X509_free);
    EVP_PKEY_free(entry->identity.key);
    free(entry);
}

static struct entry **bucket_of(struct identity_cache *cache, uint64_t hash)
{
    return &cache->buckets[hash & (cache->bucket_count - 1)];
}

/* Out of the order of use. */
static void unlink_entry(struct identity_cache *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
    entry->newer = NULL;
    entry->older = NULL;
}

static void link_newest(struct identity_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void forget(struct identity_cache *cache, struct entry *entry)
{
    struct entry **at = bucket_of(cache, entry->hash);

    while (*at != entry)
        at = &(*at)->next_in_bucket;
    *at = entry->next_in_bucket;
    unlink_entry(cache, entry);
    cache->count--;
    entry_free(entry);
}

void identity_cache_free(struct identity_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        forget(cache, cache->oldest);
    issuers_done(&cache->issuers);
    free(cache->buckets);
    free(cache);
}

/* Ids are SHA-256 of what control accepted: no peer chooses them, so any eight bytes will do. */
static uint64_t hash_of(const struct snapshot_certificate *certificate)
{
    uint64_t id;
    uint64_t key_id;

    memcpy(&id, certificate->id, sizeof(id));
    memcpy(&key_id, certificate->key_id, sizeof(key_id));
    return id ^ key_id;
}

static struct entry *find(struct identity_cache *cache,
                          const struct snapshot_certificate *certificate)
{
    struct entry *entry = *bucket_of(cache, hash_of(certificate));

    while (entry && (memcmp(entry->id, certificate->id, sizeof(entry->id)) != 0 ||
                     memcmp(entry->key_id, certificate->key_id, sizeof(entry->key_id)) != 0))
        entry = entry->next_in_bucket;
    return entry;
}

/* Leaf and issuers out of the DER that stands one behind the other. */
static int parse_chain(struct issuers *issuers, struct text chain, struct identity *identity)
{
    const unsigned char *at = (const unsigned char *)chain.at;

    identity->leaf = d2i_X509(NULL, &at, (long)chain.len);
    if (!identity->leaf || !X509_get0_pubkey(identity->leaf))
        return -1;
    chain = text_from(chain, (size_t)(at - (const unsigned char *)chain.at));
    while (chain.len) {
        X509 *issuer = issuers_take(issuers, &chain);

        if (!identity->issuers)
            identity->issuers = sk_X509_new_null();
        if (!issuer || !identity->issuers || sk_X509_push(identity->issuers, issuer) <= 0) {
            X509_free(issuer);
            return -1;
        }
    }
    return 0;
}

static struct entry *entry_new(struct identity_cache *cache,
                               const struct snapshot_certificate *certificate,
                               const struct keyring *keyring, struct err *err)
{
    struct entry *entry = memory_new(sizeof(*entry));

    memcpy(entry->id, certificate->id, sizeof(entry->id));
    memcpy(entry->key_id, certificate->key_id, sizeof(entry->key_id));
    entry->hash = hash_of(certificate);
    if (parse_chain(&cache->issuers, certificate->chain, &entry->identity) < 0)
        err_set(err, "a certificate of the snapshot cannot be used by this OpenSSL");
    else if (cache->signer)
        entry->identity.key = remote_key_new(entry->identity.leaf, certificate, cache->signer, err);
    else
        entry->identity.key = local_key_new(entry->identity.leaf, certificate, keyring, err);
    if (entry->identity.key)
        return entry;
    entry_free(entry);
    return NULL;
}

const struct identity *identity_cache_get(struct identity_cache *cache,
                                          const struct snapshot_certificate *certificate,
                                          const struct keyring *keyring, struct err *err)
{
    struct entry *entry = find(cache, certificate);

    if (entry) {
        if (entry != cache->newest) {
            unlink_entry(cache, entry);
            link_newest(cache, entry);
        }
        return &entry->identity;
    }
    entry = entry_new(cache, certificate, keyring, err);
    if (!entry)
        return NULL;
    while (cache->count >= cache->most)
        forget(cache, cache->oldest);
    entry->mark = cache->mark;
    entry->next_in_bucket = *bucket_of(cache, entry->hash);
    *bucket_of(cache, entry->hash) = entry;
    link_newest(cache, entry);
    cache->count++;
    return &entry->identity;
}

void identity_cache_mark_begin(struct identity_cache *cache)
{
    cache->mark++;
}

void identity_cache_mark(struct identity_cache *cache,
                         const struct snapshot_certificate *certificate)
{
    struct entry *entry = cache->count ? find(cache, certificate) : NULL;

    if (entry)
        entry->mark = cache->mark;
}

void identity_cache_sweep(struct identity_cache *cache)
{
    struct entry *older;

    for (struct entry *entry = cache->newest; entry; entry = older) {
        older = entry->older;
        if (entry->mark != cache->mark)
            forget(cache, entry);
    }
}

size_t identity_cache_count(const struct identity_cache *cache)
{
    return cache->count;
}
