/*
 * Keys of one direction of a TLS 1.3 connection behind the handshake: derived, renewed, and given
 * to libcrypto's ciphers. Used by records.c and records_read.c.
 */

#include "record_keys.h"

#include <string.h>

#include "base/memory.h"

struct suite_row {
    const char *name;
    const char *cipher;
    const char *digest;
};

static const struct suite_row rows[RECORD_SUITES] = {
    { "TLS_AES_128_GCM_SHA256", "AES-128-GCM", "SHA256" },
    { "TLS_AES_256_GCM_SHA384", "AES-256-GCM", "SHA384" },
    { "TLS_CHACHA20_POLY1305_SHA256", "ChaCha20-Poly1305", "SHA256" },
};

void record_suites_init(struct record_suites *suites)
{
    for (size_t i = 0; i < RECORD_SUITES; i++) {
        struct record_suite *suite = &suites->suites[i];

        *suite = (struct record_suite){
            .name = rows[i].name,
            .cipher = EVP_CIPHER_fetch(NULL, rows[i].cipher, NULL),
        };
        if (suite->cipher && hkdf_init(&suite->hkdf, rows[i].digest))
            suite->key_bytes = (size_t)EVP_CIPHER_get_key_length(suite->cipher);
    }
}

void record_suites_done(struct record_suites *suites)
{
    for (size_t i = 0; i < RECORD_SUITES; i++) {
        EVP_CIPHER_free(suites->suites[i].cipher);
        hkdf_done(&suites->suites[i].hkdf);
    }
}

const struct record_suite *record_suites_find(const struct record_suites *suites, const char *name)
{
    for (size_t i = 0; i < RECORD_SUITES; i++)
        if (strcmp(suites->suites[i].name, name) == 0)
            return suites->suites[i].key_bytes ? &suites->suites[i] : NULL;
    return NULL;
}

static bool expand(const struct record_suite *suite, const struct record_half *half,
                   struct text label, uint8_t *out, size_t len)
{
    struct hkdf_purpose purpose = { .label = label };

    return hkdf_expand_label(&suite->hkdf, half->secret, &purpose, out, len);
}

bool record_half_init(struct record_half *half, const struct record_suite *suite, bool seals)
{
    uint8_t key[EVP_MAX_KEY_LENGTH];
    bool done;

    if (!half->cipher)
        half->cipher = EVP_CIPHER_CTX_new();
    done = half->cipher && expand(suite, half, TEXT("tls13 key"), key, suite->key_bytes) &&
           expand(suite, half, TEXT("tls13 iv"), half->iv, sizeof(half->iv)) &&
           EVP_CipherInit_ex2(half->cipher, suite->cipher, key, NULL, seals, NULL) == 1;
    memory_wipe(key, sizeof(key));
    return done;
}

bool record_half_update(struct record_half *half, const struct record_suite *suite, bool seals)
{
    uint8_t next[RECORD_SECRET_BYTES];
    bool done = expand(suite, half, TEXT("tls13 traffic upd"), next, suite->hkdf.bytes);

    if (done)
        memcpy(half->secret, next, suite->hkdf.bytes);
    memory_wipe(next, sizeof(next));
    half->sequence = 0;
    return done && record_half_init(half, suite, seals);
}

void record_half_done(struct record_half *half)
{
    EVP_CIPHER_CTX_free(half->cipher);
    memory_wipe(half, sizeof(*half));
}

bool record_half_begin(struct record_half *half, const uint8_t header[RECORD_HEADER_BYTES])
{
    uint8_t nonce[RECORD_IV_BYTES];
    uint64_t sequence = half->sequence++;
    int ignored;

    memcpy(nonce, half->iv, sizeof(nonce));
    for (size_t i = sizeof(nonce); sequence; sequence >>= 8)
        nonce[--i] ^= (uint8_t)sequence;
    return EVP_CipherInit_ex2(half->cipher, NULL, NULL, nonce, -1, NULL) == 1 &&
           EVP_CipherUpdate(half->cipher, NULL, &ignored, header, RECORD_HEADER_BYTES) == 1;
}
