#ifndef SWARMWARD_PKI_DEV_SIGN_H
#define SWARMWARD_PKI_DEV_SIGN_H

#include <openssl/x509.h>

#include "base/buffer.h"
#include "base/err.h"
#include "model/field_table.h"

/* The making of certificates: one CA, and leaves signed by it. No files. */

struct dev_signer {
    /* owned */
    EVP_PKEY *key;
    X509 *certificate;
};

int dev_signer_make(struct dev_signer *signer, int64_t now_s, struct err *err);
/* From PEM. -1: not readable, or the two do not belong together. */
int dev_signer_load(struct dev_signer *signer, struct text cert_pem, struct text key_pem,
                    struct err *err);
void dev_signer_done(struct dev_signer *signer);

/* PEM, appended. */
int dev_signer_put_certificate(const struct dev_signer *signer, struct buffer *out,
                               struct err *err);
int dev_signer_put_key(const struct dev_signer *signer, struct buffer *out, struct err *err);

/* A new key and its certificate for `names` as PEM, appended. */
int dev_signer_issue(const struct dev_signer *signer, const struct text_list *names, int64_t now_s,
                     struct buffer *out, struct err *err);

#endif
