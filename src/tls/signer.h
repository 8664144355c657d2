#ifndef SWARMWARD_TLS_SIGNER_H
#define SWARMWARD_TLS_SIGNER_H

#include <openssl/x509.h>

#include "base/err.h"
#include "model/keyring.h"

/*
 * Where signatures come from. Now from a key in this process (signer_local.c); a key that asks
 * another process takes this place with issue 4 and nothing else changes.
 */

/* A key that signs for `leaf`; the caller frees it. NULL: `err` says why. */
EVP_PKEY *signer_key_new(X509 *leaf, const struct snapshot_certificate *certificate,
                         const struct keyring *keyring, struct err *err);

#endif
