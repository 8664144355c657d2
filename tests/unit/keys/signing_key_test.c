/* What a private key signs, and what it refuses. */

#include "signing_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/rsa.h>

#include "keys_world.h"

#define BOTH (KEYRING_AS_SERVER | KEYRING_AS_CLIENT)

struct pair {
    EVP_PKEY *key;
    struct keyring *keyring;
    struct signing_key *signing;
};

static struct pair pair_for(EVP_PKEY *key, unsigned uses)
{
    struct pair pair = { .key = key, .keyring = keyring_with(1, key) };

    pair.signing = signing_key_new(pair.keyring->keys[0].der, uses);
    assert_non_null(pair.signing);
    return pair;
}

static struct pair pair_of(EVP_PKEY *key)
{
    return pair_for(key, KEYRING_AS_SERVER);
}

static void pair_done(struct pair *pair)
{
    signing_key_unref(pair->signing);
    keyring_unref(pair->keyring);
    EVP_PKEY_free(pair->key);
}

static bool signs(const struct pair *pair, const struct sign_request *request)
{
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    size_t bytes = signing_key_sign(pair->signing, request, BOTH, signature);

    if (!bytes)
        return false;
    assert_true(is_signature(pair->key, request, text_make((const char *)signature, bytes)));
    return true;
}

/* By turns, so that no scheme leaves something behind for the next. */
static void each_kind_signs_by_its_own_schemes(void **state)
{
    static const struct {
        enum sign_scheme scheme;
        bool ecdsa;
        bool in_1_3;
    } cases[] = {
        { SIGN_ECDSA_SHA256, true, true },       { SIGN_RSA_PSS_SHA256, false, true },
        { SIGN_ECDSA_SHA384, true, true },       { SIGN_RSA_PSS_SHA384, false, true },
        { SIGN_ECDSA_SHA512, true, true },       { SIGN_RSA_PSS_SHA512, false, true },
        { SIGN_RSA_PKCS1_SHA256, false, false }, { SIGN_RSA_PKCS1_SHA384, false, false },
        { SIGN_RSA_PKCS1_SHA512, false, false }, { SIGN_RSA_PSS_SHA256, false, true },
    };
    struct pair pairs[] = {
        pair_of(EVP_EC_gen("P-256")),
        pair_of(EVP_EC_gen("P-384")),
        pair_of(EVP_EC_gen("P-521")),
        pair_of(EVP_RSA_gen(2048)),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t k = 0; k < 4; k++) {
            struct sign_request request = request_for(1, cases[i].scheme);
            struct sign_request older = older_request_for(1, cases[i].scheme);
            bool its_own = cases[i].ecdsa == (k < 3);

            assert_int_equal(signs(&pairs[k], &request), its_own && cases[i].in_1_3);
            assert_int_equal(signs(&pairs[k], &older), its_own);
        }
    assert_false(signing_key_is_slow(pairs[0].signing));
    assert_true(signing_key_is_slow(pairs[3].signing));
    for (size_t k = 0; k < 4; k++)
        pair_done(&pairs[k]);
}

static void what_no_server_of_tls_has_is_refused(void **state)
{
    struct pair pair = pair_of(EVP_EC_gen("P-256"));
    struct sign_request request = request_for(1, SIGN_ECDSA_SHA256);

    (void)state;
    assert_true(signs(&pair, &request));
    request.message[0] = 'x';
    assert_false(signs(&pair, &request));
    request = request_for(1, SIGN_ECDSA_SHA256);
    request.message_bytes = 32; /* somebody's digest */
    assert_false(signs(&pair, &request));
    pair_done(&pair);
}

/* What a client signs, by the key of one; a digest only by a key that is nobody's server. */
static void a_key_signs_for_what_it_is_and_nothing_else(void **state)
{
    static const struct {
        unsigned uses;
        bool as_server;
        bool as_client;
        bool digest;
    } cases[] = {
        { KEYRING_AS_SERVER, true, false, false },
        { KEYRING_AS_CLIENT, false, true, true },
        { BOTH, true, true, false },
    };
    struct sign_request server = request_for(1, SIGN_ECDSA_SHA256);
    struct sign_request older = older_request_for(1, SIGN_ECDSA_SHA256);
    struct sign_request client = client_request_for(1, SIGN_ECDSA_SHA256);
    uint8_t signature[SIGN_SIGNATURE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pair pair = pair_for(EVP_EC_gen("P-256"), cases[i].uses);
        struct sign_request digest = request_for(1, SIGN_ECDSA_SHA256);
        struct sign_request shorter = digest;

        digest.message_bytes = 32;
        shorter.message_bytes = 31;
        assert_int_equal(signing_key_uses(pair.signing), cases[i].uses);
        assert_int_equal(signs(&pair, &server), cases[i].as_server);
        assert_int_equal(signs(&pair, &older), cases[i].as_server);
        assert_int_equal(signs(&pair, &client), cases[i].as_client);
        assert_int_equal(signing_key_sign(pair.signing, &digest, BOTH, signature) > 0,
                         cases[i].digest);
        assert_int_equal(signing_key_sign(pair.signing, &shorter, BOTH, signature), 0);
        /* for who may have one use of it */
        assert_int_equal(signing_key_sign(pair.signing, &server, KEYRING_AS_CLIENT, signature), 0);
        assert_int_equal(signing_key_sign(pair.signing, &client, KEYRING_AS_SERVER, signature), 0);
        assert_int_equal(signing_key_sign(pair.signing, &client, KEYRING_AS_CLIENT, signature) > 0,
                         cases[i].as_client);
        pair_done(&pair);
    }
}

/* The digest is signed as it is: whoever has the message sees that it is of it. */
static void a_digest_is_signed_as_it_is(void **state)
{
    struct pair pairs[] = {
        pair_for(EVP_EC_gen("P-256"), KEYRING_AS_CLIENT),
        pair_for(EVP_RSA_gen(2048), KEYRING_AS_CLIENT),
        pair_for(EVP_RSA_gen(2048), KEYRING_AS_CLIENT),
    };
    static const enum sign_scheme schemes[] = { SIGN_ECDSA_SHA384, SIGN_RSA_PKCS1_SHA384,
                                                SIGN_RSA_PSS_SHA384 };
    uint8_t signature[SIGN_SIGNATURE_BYTES];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct sign_request whole = request_for(1, schemes[i]);
        struct sign_request digest = whole;
        size_t bytes;

        EVP_Digest(whole.message, whole.message_bytes, digest.message, NULL, EVP_sha384(), NULL);
        digest.message_bytes = 48;
        bytes = signing_key_sign(pairs[i].signing, &digest, BOTH, signature);
        assert_true(bytes > 0);
        assert_true(is_signature(pairs[i].key, &whole, text_make((const char *)signature, bytes)));
        pair_done(&pairs[i]);
    }
}

static void what_is_no_key_is_none(void **state)
{
    EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct keyring *keyring = keyring_with(1, ed25519);

    (void)state;
    assert_null(signing_key_new(TEXT("no key"), KEYRING_AS_SERVER));
    assert_null(signing_key_new(TEXT_NONE, KEYRING_AS_SERVER));
    assert_null(signing_key_new(keyring->keys[0].der, KEYRING_AS_SERVER));
    signing_key_unref(NULL);
    keyring_unref(keyring);
    EVP_PKEY_free(ed25519);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_signs_by_its_own_schemes),
        cmocka_unit_test(what_no_server_of_tls_has_is_refused),
        cmocka_unit_test(a_key_signs_for_what_it_is_and_nothing_else),
        cmocka_unit_test(a_digest_is_signed_as_it_is),
        cmocka_unit_test(what_is_no_key_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
