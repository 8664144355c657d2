#ifndef SWARMWARD_TLS_RECORD_KEYS_H
#define SWARMWARD_TLS_RECORD_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "hkdf.h"

/*
 * Keys of TLS 1.3 records (RFC 8446 section 7): from a traffic secret to a cipher that is ready,
 * and on to the next secret. All cryptography is libcrypto's.
 */

#define RECORD_SECRET_BYTES HKDF_DIGEST_BYTES
#define RECORD_IV_BYTES     12
#define RECORD_TAG_BYTES    16
#define RECORD_HEADER_BYTES 5

/* One of the three suites, with what libcrypto has for it fetched once. */
struct record_suite {
    const char *name; /* "TLS_AES_128_GCM_SHA256" */
    EVP_CIPHER *cipher;
    struct hkdf hkdf;
    size_t key_bytes;
};

#define RECORD_SUITES 3

struct record_suites {
    struct record_suite suites[RECORD_SUITES];
};

/* A suite that libcrypto lacks has no cipher and is never found. */
void record_suites_init(struct record_suites *suites);
void record_suites_done(struct record_suites *suites);
/* NULL: not one of them. */
const struct record_suite *record_suites_find(const struct record_suites *suites, const char *name);

/* One direction of a connection. */
struct record_half {
    EVP_CIPHER_CTX *cipher; /* owned */
    uint64_t sequence;
    uint8_t iv[RECORD_IV_BYTES];
    uint8_t secret[RECORD_SECRET_BYTES];
};

/* Key and IV from `half->secret`. False: libcrypto failed. */
bool record_half_init(struct record_half *half, const struct record_suite *suite, bool seals);
/* The next generation of the same direction (KeyUpdate). */
bool record_half_update(struct record_half *half, const struct record_suite *suite, bool seals);
void record_half_done(struct record_half *half);

/* Begin one record: its nonce and its header. False: libcrypto failed. */
bool record_half_begin(struct record_half *half, const uint8_t header[RECORD_HEADER_BYTES]);

#endif
