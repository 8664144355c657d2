#ifndef SWARMWARD_TLS_SIGNER_PRIVATE_H
#define SWARMWARD_TLS_SIGNER_PRIVATE_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "ipc/signing.h"
#include "model/keyring.h"
#include "tls/signer.h"

/*
 * Where signatures come from: a key of the keyring in this process (signer_local.c), or, where
 * there is a signer, the process that has them (remote_key.c, signer.c).
 */

/* A key that signs for `leaf`; the caller frees it. NULL: `err` says why. */
EVP_PKEY *local_key_new(X509 *leaf, const struct snapshot_certificate *certificate,
                        const struct keyring *keyring, struct err *err);
/* The signer is borrowed and outlives the key. */
EVP_PKEY *remote_key_new(X509 *leaf, const struct snapshot_certificate *certificate,
                         struct signer *signer, struct err *err);

/* Before the first remote_key_new(): the provider that makes OpenSSL ask. */
void remote_key_load(void);

struct signing;

/* One that may wait for a signature: a session. */
struct signer_seat {
    /* owned by the signer; NULL: nothing is waited for */
    struct signing *signing;
    void (*on_signed)(void *owner); /* from the loop: it can go on */
    void *owner;
};

/* Whose turn it is: around each call of OpenSSL that may sign. NULL: nobody's, nothing is signed.
 */
void signer_sit(struct signer *signer, struct signer_seat *seat);

/*
 * Called by OpenSSL, inside a job of its own (ASYNC_start_job(3)), which pauses until the answer is
 * there. `request->id` is filled in here. How many bytes `signature_out` got; 0: none.
 */
size_t signer_sign(struct signer *signer, struct sign_request *request, uint8_t *signature_out,
                   size_t bytes);

/* Is the answer still out? */
bool signer_waits(const struct signer_seat *seat);
/* It will not come: what waits gets no signature and can be unwound. */
void signer_give_up(struct signer_seat *seat);

#endif
