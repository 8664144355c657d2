#ifndef SWARMWARD_TLS_TICKET_KEYS_H
#define SWARMWARD_TLS_TICKET_KEYS_H

#include <stdint.h>

#include "base/err.h"
#include "model/keyring.h"

/*
 * Ticket keys without state: HKDF-SHA256 from a secret, the policy and the epoch (wall time divided
 * by the rotation). Every worker, every replica and every restart with the same secret derives the
 * same keys; the two epochs before still decrypt.
 */

#define TICKET_NAME_BYTES   16
#define TICKET_CIPHER_BYTES 32 /* AES-256-CBC */
#define TICKET_MAC_BYTES    32 /* HMAC-SHA256 */

struct ticket_key {
    uint8_t name[TICKET_NAME_BYTES];
    uint8_t cipher[TICKET_CIPHER_BYTES];
    uint8_t mac[TICKET_MAC_BYTES];
};

int ticket_key_derive(const uint8_t secret[KEYRING_TICKET_SECRET_BYTES], struct text policy,
                      uint64_t epoch, struct ticket_key *key_out, struct err *err);

#endif
