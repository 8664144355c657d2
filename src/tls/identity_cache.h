#ifndef SWARMWARD_TLS_IDENTITY_CACHE_H
#define SWARMWARD_TLS_IDENTITY_CACHE_H

#include <openssl/x509.h>

#include "base/err.h"
#include "model/keyring.h"
#include "model/snapshot.h"

/*
 * Certificates with their keys as OpenSSL wants them, parsed when first asked for, kept by content
 * in a bounded LRU that outlives snapshots. What a session was given it holds by itself.
 */
struct identity {
    X509 *leaf;
    STACK_OF(X509) * issuers; /* NULL: none */
    EVP_PKEY *key;
};

struct identity_cache;
struct signer;

/* `signer`: whose keys they are; it outlives the cache. NULL: every key is in the keyring. */
struct identity_cache *identity_cache_new(size_t most, struct signer *signer);
void identity_cache_free(struct identity_cache *cache);

/* Borrowed until the next call. NULL: `err` says why. */
const struct identity *identity_cache_get(struct identity_cache *cache,
                                          const struct snapshot_certificate *certificate,
                                          const struct keyring *keyring, struct err *err);

/* Two steps around a new snapshot: keep what it has, then forget the rest (with its keys). */
void identity_cache_mark_begin(struct identity_cache *cache);
void identity_cache_mark(struct identity_cache *cache,
                         const struct snapshot_certificate *certificate);
void identity_cache_sweep(struct identity_cache *cache);

size_t identity_cache_count(const struct identity_cache *cache);

#endif
