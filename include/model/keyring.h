#ifndef SWARMWARD_MODEL_KEYRING_H
#define SWARMWARD_MODEL_KEYRING_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/hash.h"
#include "model/snapshot.h"

/*
 * The secrets that belong to a snapshot: private keys by the hash of their public half, and the
 * secret that ticket keys come from. Travels beside the snapshot as its own sealed memfd, so that
 * whoever must not hold it is simply not sent it: keys go to swarmward-keys, the secret to workers.
 */

#define KEYRING_TICKET_SECRET_BYTES 32

/* What a key is for: bits. */
enum keyring_use {
    KEYRING_AS_SERVER = 1, /* of a domain */
    KEYRING_AS_CLIENT = 2, /* of us, towards backends */
};

struct keyring_key {
    uint8_t id[SNAPSHOT_ID_BYTES]; /* snapshot_certificate.key_id */
    uint8_t uses;                  /* of what was received: enum keyring_use */
    struct text der; /* PKCS#8 or the type's own form; borrowed while building, then a view */
};

struct keyring {
    /* owned */
    struct arena arena;
    void *bytes; /* locked memory; NULL while it is built */
    size_t byte_count;
    struct string_map index;
    struct keyring_key *keys;
    struct keyring_key client; /* while building: of TLS to backends; der "" = none */
    uint32_t key_count;
    int references;
    bool locked; /* what is in `bytes` is not swapped out */
    uint8_t ticket_secret[KEYRING_TICKET_SECRET_BYTES];
};

/* The builder allocates `keys` in the arena; a key may be there twice. */
struct keyring *keyring_new(void);
struct keyring *keyring_ref(struct keyring *keyring);
void keyring_unref(struct keyring *keyring); /* wipes what it held itself */

/* NULL: no such key. */
const struct keyring_key *keyring_find(const struct keyring *keyring,
                                       const uint8_t id[SNAPSHOT_ID_BYTES]);

/* Who signs needs no tickets, and who makes tickets does not sign. */
enum keyring_part {
    KEYRING_KEYS,
    KEYRING_TICKETS,
};

/*
 * As snapshot_to_fd() and snapshot_from_fd(), but what was received is copied into memory that is
 * locked, and wiped when it goes. No other copy of a secret is left.
 */
int keyring_to_fd(const struct keyring *keyring, enum keyring_part part, struct err *err);
struct keyring *keyring_from_fd(int fd, struct err *err);

#endif
