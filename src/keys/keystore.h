#ifndef SWARMWARD_KEYS_KEYSTORE_H
#define SWARMWARD_KEYS_KEYSTORE_H

#include "model/keyring.h"
#include "signing_key.h"

/*
 * The keys of the generations that count: the one in force, the one that is prepared (workers may
 * be quicker to commit than we are), and the one before, until its last handshakes are over.
 */
struct keystore;

struct keystore *keystore_new(void);
void keystore_free(struct keystore *store);

/* Takes the keyring. What was prepared before is forgotten. */
void keystore_prepare(struct keystore *store, struct keyring *keyring);
bool keystore_has_prepared(const struct keystore *store);
void keystore_commit(struct keystore *store);
void keystore_cancel(struct keystore *store);
/* The generation before the one in force is over. */
void keystore_forget_previous(struct keystore *store);

/* Borrowed until the next call. NULL: no generation that counts has it. */
struct signing_key *keystore_find(struct keystore *store, const uint8_t id[SIGN_KEY_BYTES]);

#endif
