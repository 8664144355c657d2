#ifndef SWARMWARD_TESTS_PEM_MAKER_H
#define SWARMWARD_TESTS_PEM_MAKER_H

#include <openssl/x509.h>

#include "base/buffer.h"

/* Certificates and keys as OpenSSL writes them, good ones and odd ones, and files for them. */

struct recipe {
    const char *key;          /* "P-256", "P-384", "secp256k1", "RSA:2048", "ED25519" */
    const char *alternatives; /* "DNS:a.test,DNS:b.test"; NULL: no subjectAltName */
    const char *uses;         /* extendedKeyUsage; NULL: none */
    long from_s;              /* from now */
    long until_s;
    const char *issuer; /* NULL: signed by itself */
    const char *digest; /* NULL: SHA256 */
};

EVP_PKEY *make_key(const char *kind);
X509 *make_certificate(const struct recipe *recipe, EVP_PKEY *key);

void put_certificate(struct buffer *out, X509 *certificate);
void put_pkcs8(struct buffer *out, EVP_PKEY *key);
void put_traditional(struct buffer *out, EVP_PKEY *key);
void put_encrypted(struct buffer *out, EVP_PKEY *key);
void put_encrypted_traditional(struct buffer *out, EVP_PKEY *key);

/* A directory of this test, and files in it; all gone with scratch_done(). */
void scratch_init(void);
void scratch_done(void);
const char *scratch_path(const char *name); /* valid until the fourth call after */
void scratch_write(const char *name, struct text text, unsigned mode);

#endif
