/* HKDF against RFC 8448, and our key derivation against OpenSSL's for everything that libssl asks.
 */

#include "hkdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base/random.h"
#include "kdf_provider.h"

static void assert_hex(const uint8_t *bytes, size_t len, const char *want)
{
    char hex[2 * HKDF_DIGEST_BYTES + 1];

    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(hex, want);
}

static struct text text_from_hex(const char *hex, uint8_t *bytes)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(OPENSSL_hexchar2int((unsigned char)hex[2 * i]) << 4 |
                             OPENSSL_hexchar2int((unsigned char)hex[2 * i + 1]));
    return text_make((const char *)bytes, len);
}

/* Section 3: the early secret, and the handshake secret made of it. */
static void the_key_schedule_is_that_of_rfc_8448(void **state)
{
    static const char zeros[32];
    uint8_t shared[32];
    uint8_t hash[32];
    uint8_t early[32];
    uint8_t derived[32];
    uint8_t secret[32];
    struct hkdf_purpose purpose = { .label = TEXT("tls13 derived"),
                                    .context = text_make((const char *)hash, sizeof(hash)) };
    struct hkdf hkdf;

    (void)state;
    assert_true(hkdf_init(&hkdf, "SHA256"));
    assert_true(hkdf_extract(&hkdf, TEXT_NONE, text_make(zeros, sizeof(zeros)), early));
    assert_hex(early, 32, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    assert_true(hkdf_digest(&hkdf, TEXT_NONE, hash));
    assert_true(hkdf_expand_label(&hkdf, early, &purpose, derived, 32));
    assert_hex(derived, 32, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
    assert_true(hkdf_extract(
        &hkdf, text_make((const char *)derived, 32),
        text_from_hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", shared),
        secret));
    assert_hex(secret, 32, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
    hkdf_done(&hkdf);
}

static void what_tls_never_asks_is_refused(void **state)
{
    char label[200] = { 0 };
    struct hkdf_purpose good = { .label = TEXT("l") };
    struct hkdf_purpose large = { .label = text_make(label, sizeof(label)) };
    uint8_t secret[HKDF_DIGEST_BYTES] = { 0 };
    uint8_t out[HKDF_DIGEST_BYTES];
    struct hkdf hkdf;

    (void)state;
    assert_false(hkdf_init(&hkdf, "SHA512"));
    assert_false(hkdf_init(&hkdf, "NOSUCHHASH"));
    assert_true(hkdf_init(&hkdf, "SHA384"));
    assert_true(hkdf_expand_label(&hkdf, secret, &good, out, 48));
    assert_false(hkdf_expand_label(&hkdf, secret, &good, out, 49));
    assert_false(hkdf_expand_label(&hkdf, secret, &large, out, 48));
    hkdf_done(&hkdf);
}

struct kdf_case {
    int mode;
    const char *digest;
    const char *label;
    size_t secret_bytes; /* key when expanding, salt when extracting; 0: none */
    size_t input_bytes;  /* data when expanding, key when extracting; 0: none */
    size_t out_bytes;
};

static const struct kdf_case kdf_cases[] = {
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", "key", 32, 0, 16 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", "iv", 32, 0, 12 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA384", "key", 48, 0, 32 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA384", "s hs traffic", 48, 48, 48 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", "c ap traffic", 32, 32, 32 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-384", "finished", 48, 0, 48 },
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA256", "resumption", 32, 8, 32 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA256", "derived", 0, 0, 32 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA384", "derived", 0, 48, 48 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA256", "derived", 32, 32, 32 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA384", "derived", 48, 56, 48 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA256", "derived", 32, 0, 32 },
    { EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA384", "derived", 48, 1120, 48 }, /* X25519MLKEM768 */
    { EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA512", "key", 64, 0, 32 },         /* not of TLS 1.3 */
    { EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA256", "key", 32, 0, 32 },
};

static int derive_with(const char *properties, const struct kdf_case *want, uint8_t *secret,
                       uint8_t *input, uint8_t *out)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, properties);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    bool extracts = want->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
    int mode = want->mode;
    char digest[16];
    char label[16];
    char prefix[] = "tls13 ";
    OSSL_PARAM params[7];
    OSSL_PARAM *at = params;
    int status;

    assert_non_null(context);
    snprintf(digest, sizeof(digest), "%s", want->digest);
    snprintf(label, sizeof(label), "%s", want->label);
    *at++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    *at++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    *at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, prefix, 6);
    *at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, label, strlen(label));
    if (want->secret_bytes)
        *at++ = OSSL_PARAM_construct_octet_string(
            extracts ? OSSL_KDF_PARAM_SALT : OSSL_KDF_PARAM_KEY, secret, want->secret_bytes);
    if (want->input_bytes)
        *at++ = OSSL_PARAM_construct_octet_string(
            extracts ? OSSL_KDF_PARAM_KEY : OSSL_KDF_PARAM_DATA, input, want->input_bytes);
    *at = OSSL_PARAM_construct_end();
    status = EVP_KDF_derive(context, out, want->out_bytes, params);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return status;
}

static void our_derivation_is_that_of_openssl(void **state)
{
    (void)state;
    kdf_provider_load();
    for (size_t i = 0; i < sizeof(kdf_cases) / sizeof(kdf_cases[0]); i++) {
        uint8_t secret[64];
        uint8_t input[2000];
        uint8_t ours[64] = { 1 };
        uint8_t theirs[64] = { 2 };
        int status;

        random_bytes(secret, sizeof(secret));
        random_bytes(input, sizeof(input));
        status = derive_with("provider=a_swarmward", &kdf_cases[i], secret, input, ours);
        if (strcmp(kdf_cases[i].digest, "SHA512") == 0) {
            assert_int_equal(status, 0);
            continue;
        }
        assert_int_equal(derive_with("provider=default", &kdf_cases[i], secret, input, theirs),
                         status);
        if (status == 1)
            assert_memory_equal(ours, theirs, kdf_cases[i].out_bytes);
    }
}

static void libssl_finds_ours_first(void **state)
{
    EVP_KDF *kdf;

    (void)state;
    kdf_provider_load();
    kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "a_swarmward");
    EVP_KDF_free(kdf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_schedule_is_that_of_rfc_8448),
        cmocka_unit_test(what_tls_never_asks_is_refused),
        cmocka_unit_test(our_derivation_is_that_of_openssl),
        cmocka_unit_test(libssl_finds_ours_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
