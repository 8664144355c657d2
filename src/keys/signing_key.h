#ifndef SWARMWARD_KEYS_SIGNING_KEY_H
#define SWARMWARD_KEYS_SIGNING_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "ipc/signing.h"

/*
 * A private key that signs what servers of TLS sign, or clients, and nothing else. As a client of
 * TLS 1.2 it signs digests, of which nobody can say what they are of: so only a key that is for
 * nothing else does. Shared: counted.
 */
struct signing_key;

/* NULL: no key that OpenSSL can sign with. `der` is borrowed for the call; `uses`: enum keyring_use
 */
struct signing_key *signing_key_new(struct text der, unsigned uses);
unsigned signing_key_uses(const struct signing_key *key);
struct signing_key *signing_key_ref(struct signing_key *key);
void signing_key_unref(struct signing_key *key); /* wipes the last; NULL is fine */

/* Takes a signature so long that others should not wait for the answers behind it? */
bool signing_key_is_slow(const struct signing_key *key);

/*
 * `as`: of its uses, those that who asks may have. How many bytes `signature_out`
 * (SIGN_SIGNATURE_BYTES) got; 0: refused, as the scheme is not this
 * key's, or what is to be signed is nothing that it is for.
 */
size_t signing_key_sign(struct signing_key *key, const struct sign_request *request, unsigned as,
                        uint8_t *signature_out);

#endif
