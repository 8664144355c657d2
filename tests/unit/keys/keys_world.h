#ifndef SWARMWARD_TESTS_KEYS_WORLD_H
#define SWARMWARD_TESTS_KEYS_WORLD_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "ipc/signing.h"
#include "model/keyring.h"

/* Keys and requests for the tests of src/keys. */

/* A keyring with the key `id` (all its bytes) and nothing else; `key` is borrowed. */
struct keyring *keyring_with(uint8_t id, EVP_PKEY *key);
/* Of a server of TLS 1.3, for the key `id`. */
struct sign_request request_for(uint8_t id, enum sign_scheme scheme);
/* Of a client of TLS 1.3. */
struct sign_request client_request_for(uint8_t id, enum sign_scheme scheme);
/* Of a server of TLS 1.2. */
struct sign_request older_request_for(uint8_t id, enum sign_scheme scheme);
/* Is it a signature of what `request` has, made with `key` by the request's scheme? */
bool is_signature(EVP_PKEY *key, const struct sign_request *request, struct text signature);

#endif
