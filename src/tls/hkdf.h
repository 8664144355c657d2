#ifndef SWARMWARD_TLS_HKDF_H
#define SWARMWARD_TLS_HKDF_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "base/text.h"

/* HKDF (RFC 5869) as TLS 1.3 uses it (RFC 8446 section 7.1), over libcrypto's digests. */

#define HKDF_DIGEST_BYTES 48 /* the longest: SHA-384 */

struct hkdf {
    /* owned */
    EVP_MD *digest; /* fetched once: a fetch costs as much as the digest */
    EVP_MD_CTX *scratch;
    size_t bytes;       /* of the digest */
    size_t block_bytes; /* that it works on */
};

/* False: libcrypto has no such digest, or one that is too long. */
bool hkdf_init(struct hkdf *hkdf, const char *digest);
void hkdf_done(struct hkdf *hkdf);

/* False: libcrypto failed. `out` has hkdf->bytes. */
bool hkdf_digest(const struct hkdf *hkdf, struct text bytes, uint8_t *out);
bool hkdf_extract(const struct hkdf *hkdf, struct text salt, struct text secret, uint8_t *out);

/* What a derived secret is for. */
struct hkdf_purpose {
    struct text label; /* with "tls13 " */
    struct text context;
};

/*
 * HKDF-Expand-Label(secret, label, context, len). False as well
 * for what TLS 1.3 never asks: more than one digest, long labels.
 */
bool hkdf_expand_label(const struct hkdf *hkdf, const uint8_t *secret,
                       const struct hkdf_purpose *purpose, uint8_t *out, size_t len);

#endif
