/*
 * HMAC and HKDF with the digest alone. libcrypto's own HKDF fetches, builds and frees three objects
 * for each of the twenty derivations of a handshake. Used by kdf_provider.c and record_keys.c.
 */

#include "hkdf.h"

#include <string.h>

#include "base/memory.h"

#define BLOCK_BYTES_MAX 128
#define INFO_BYTES_MAX  128
#define INNER_PAD       0x36
#define OUTER_PAD       0x5c

bool hkdf_init(struct hkdf *hkdf, const char *digest)
{
    *hkdf = (struct hkdf){
        .digest = EVP_MD_fetch(NULL, digest, NULL),
        .scratch = EVP_MD_CTX_new(),
    };
    if (hkdf->digest && hkdf->scratch) {
        hkdf->bytes = (size_t)EVP_MD_get_size(hkdf->digest);
        hkdf->block_bytes = (size_t)EVP_MD_get_block_size(hkdf->digest);
    }
    if (hkdf->bytes && hkdf->bytes <= HKDF_DIGEST_BYTES && hkdf->block_bytes <= BLOCK_BYTES_MAX)
        return true;
    hkdf_done(hkdf);
    return false;
}

void hkdf_done(struct hkdf *hkdf)
{
    EVP_MD_free(hkdf->digest);
    EVP_MD_CTX_free(hkdf->scratch);
    *hkdf = (struct hkdf){ 0 };
}

/* digest(first || second) */
static bool digest_two(const struct hkdf *hkdf, struct text first, struct text second, uint8_t *out)
{
    return EVP_DigestInit_ex2(hkdf->scratch, hkdf->digest, NULL) == 1 &&
           EVP_DigestUpdate(hkdf->scratch, first.at, first.len) == 1 &&
           EVP_DigestUpdate(hkdf->scratch, second.at, second.len) == 1 &&
           EVP_DigestFinal_ex(hkdf->scratch, out, NULL) == 1;
}

bool hkdf_digest(const struct hkdf *hkdf, struct text bytes, uint8_t *out)
{
    return digest_two(hkdf, bytes, TEXT_NONE, out);
}

static void flip(uint8_t *block, size_t len, uint8_t bits)
{
    for (size_t i = 0; i < len; i++)
        block[i] ^= bits;
}

/* HMAC (RFC 2104); `key` is no longer than a block. */
static bool hmac(const struct hkdf *hkdf, struct text key, struct text bytes, uint8_t *out)
{
    uint8_t block[BLOCK_BYTES_MAX] = { 0 };
    uint8_t inner[HKDF_DIGEST_BYTES];
    struct text padded = text_make((const char *)block, hkdf->block_bytes);
    bool done;

    if (key.len)
        memcpy(block, key.at, key.len);
    flip(block, hkdf->block_bytes, INNER_PAD);
    done = digest_two(hkdf, padded, bytes, inner);
    flip(block, hkdf->block_bytes, INNER_PAD ^ OUTER_PAD);
    done = done && digest_two(hkdf, padded, text_make((const char *)inner, hkdf->bytes), out);
    memory_wipe(block, hkdf->block_bytes);
    memory_wipe(inner, hkdf->bytes);
    return done;
}

bool hkdf_extract(const struct hkdf *hkdf, struct text salt, struct text secret, uint8_t *out)
{
    return salt.len <= hkdf->block_bytes && hmac(hkdf, salt, secret, out);
}

static uint8_t *put(uint8_t *at, struct text text)
{
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

bool hkdf_expand_label(const struct hkdf *hkdf, const uint8_t *secret,
                       const struct hkdf_purpose *purpose, uint8_t *out, size_t len)
{
    struct text label = purpose->label;
    struct text context = purpose->context;
    uint8_t info[INFO_BYTES_MAX] = { (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)label.len };
    uint8_t block[HKDF_DIGEST_BYTES];
    uint8_t *end;
    bool done;

    if (len > hkdf->bytes || label.len + context.len + 5 > sizeof(info))
        return false;
    end = put(info + 3, label);
    *end++ = (uint8_t)context.len;
    end = put(end, context);
    *end++ = 1; /* the first and only block of HKDF-Expand */
    done = hmac(hkdf, text_make((const char *)secret, hkdf->bytes),
                text_make((const char *)info, (size_t)(end - info)), block);
    if (done)
        memcpy(out, block, len);
    memory_wipe(block, hkdf->bytes);
    return done;
}
