/*
 * Our own reading of certificates and keys against OpenSSL's: what passes control must never fail
 * in a worker, whatever bytes are in the files. Each byte is cut off and changed in turn.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/core_names.h>

#include "base/memory.h"
#include "pem_maker.h"
#include "pki/private_key.h"
#include "public_key.h"
#include "x509_walk.h"

static const unsigned char flips[] = { 0x01, 0x04, 0x20, 0x80, 0xff };

static bool openssl_takes(const unsigned char *der, size_t len)
{
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    bool taken = certificate && at == der + len && X509_get0_pubkey(certificate);

    X509_free(certificate);
    return taken;
}

static bool we_take(const unsigned char *der, size_t len)
{
    struct x509_walk walk;
    struct public_key key;

    return x509_walk(text_make((const char *)der, len), &walk, NULL) == 0 &&
           public_key_read(walk.key_info, &key, NULL) == PUBLIC_KEY_OK;
}

/* A copy that ends where the heap block ends, so that a read beyond it is seen. */
static unsigned char *copy_of(const unsigned char *der, size_t len)
{
    return memory_copy(der, len);
}

static void check_certificate(const unsigned char *der, size_t len)
{
    size_t refused = 0;
    size_t bad = 0;

    assert_true(we_take(der, len) && openssl_takes(der, len));
    for (size_t cut = 0; cut < len; cut++) {
        unsigned char *copy = copy_of(der, cut);

        assert_false(we_take(copy, cut));
        free(copy);
    }
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof(flips); i++) {
            unsigned char *copy = copy_of(der, len);

            copy[at] ^= flips[i];
            if (!we_take(copy, len))
                refused++;
            else if (!openssl_takes(copy, len))
                print_error("byte %zu changed by %02x passes here only\n", at, flips[i]), bad++;
            free(copy);
        }
    }
    assert_int_equal(bad, 0);
    assert_true(refused > len / 2);
}

static const struct recipe recipes[] = {
    { "P-256", "DNS:a.test,DNS:b.test", "serverAuth", -100, 100, NULL, NULL },
    { "P-384", "DNS:a.test", NULL, -100, 100000000, NULL, NULL },
    { "RSA:2048", "DNS:a.test", NULL, -100, 100, NULL, NULL },
};

static void a_certificate_that_we_take_openssl_takes_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
        EVP_PKEY *key = make_key(recipes[i].key);
        X509 *certificate = make_certificate(&recipes[i], key);
        unsigned char *der = NULL;
        int len = i2d_X509(certificate, &der);

        assert_true(len > 0);
        check_certificate(der, (size_t)len);
        OPENSSL_free(der);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
}

static bool openssl_takes_key(const unsigned char *der, size_t len, EVP_PKEY *certified)
{
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)len);
    bool taken = key && EVP_PKEY_eq(key, certified) == 1;

    EVP_PKEY_free(key);
    return taken;
}

static void check_key(const unsigned char *der, size_t len, EVP_PKEY *certified, bool is_changed)
{
    unsigned char *info = NULL;
    int info_len = i2d_PUBKEY(certified, &info);
    struct public_key public;
    size_t bad = 0;

    assert_int_equal(
        public_key_read(text_make((const char *)info, (size_t)info_len), &public, NULL),
        PUBLIC_KEY_OK);
    assert_int_equal(private_key_check(text_make((const char *)der, len), &public, NULL), 0);
    for (size_t cut = 0; cut < len; cut++) {
        unsigned char *copy = copy_of(der, cut);

        assert_int_equal(private_key_check(text_make((const char *)copy, cut), &public, NULL), -1);
        free(copy);
    }
    for (size_t at = 0; is_changed && at < len; at++) {
        unsigned char *copy = copy_of(der, len);

        copy[at] ^= flips[at % sizeof(flips)];
        if (private_key_check(text_make((const char *)copy, len), &public, NULL) == 0 &&
            !openssl_takes_key(copy, len, certified))
            print_error("byte %zu of the key changed passes here only\n", at), bad++;
        free(copy);
    }
    assert_int_equal(bad, 0);
    OPENSSL_free(info);
}

static void a_key_that_we_take_openssl_takes_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
        EVP_PKEY *key = make_key(recipes[i].key);
        PKCS8_PRIV_KEY_INFO *pkcs8 = EVP_PKEY2PKCS8(key);
        unsigned char *der = NULL;
        int len = i2d_PrivateKey(key, &der);

        check_key(der, (size_t)len, key, true);
        OPENSSL_free(der);
        der = NULL;
        len = i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &der);
        check_key(der, (size_t)len, key, true);
        OPENSSL_free(der);
        PKCS8_PRIV_KEY_INFO_free(pkcs8);
        EVP_PKEY_free(key);
    }
}

/* P-256 is multiplied out, so no change of the secret number goes unnoticed. */
static void a_changed_secret_of_p256_never_fits(void **state)
{
    EVP_PKEY *key = make_key("P-256");
    unsigned char *der = NULL;
    unsigned char *info = NULL;
    size_t len = (size_t)i2d_PrivateKey(key, &der);
    size_t info_len = (size_t)i2d_PUBKEY(key, &info);
    struct public_key public;
    struct text scalar;

    (void)state;
    public_key_read(text_make((const char *)info, info_len), &public, NULL);
    assert_true(private_key_scalar(text_make((const char *)der, len), &scalar));
    assert_int_equal(scalar.len, 32);
    for (size_t bit = 0; bit < 256; bit++) {
        unsigned char *at = der + (scalar.at - (const char *)der) + bit / 8;

        *at ^= (unsigned char)(1U << bit % 8);
        assert_int_equal(private_key_check(text_make((const char *)der, len), &public, NULL), -1);
        *at ^= (unsigned char)(1U << bit % 8);
    }
    OPENSSL_free(der);
    OPENSSL_free(info);
    EVP_PKEY_free(key);
}

/* Nor any change of an RSA prime: their product is made. */
static void a_changed_prime_of_rsa_never_fits(void **state)
{
    EVP_PKEY *key = make_key("RSA:2048");
    unsigned char *der = NULL;
    unsigned char *info = NULL;
    size_t len = (size_t)i2d_PrivateKey(key, &der);
    size_t info_len = (size_t)i2d_PUBKEY(key, &info);
    struct public_key public;
    BIGNUM *prime = NULL;
    unsigned char bytes[128];
    unsigned char *at;

    (void)state;
    public_key_read(text_make((const char *)info, info_len), &public, NULL);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_FACTOR2, &prime), 1);
    assert_int_equal(BN_bn2binpad(prime, bytes, sizeof(bytes)), sizeof(bytes));
    at = memmem(der, len, bytes, sizeof(bytes));
    assert_non_null(at);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        at[i] ^= 1;
        assert_int_equal(private_key_check(text_make((const char *)der, len), &public, NULL), -1);
        at[i] ^= 1;
    }
    assert_int_equal(private_key_check(text_make((const char *)der, len), &public, NULL), 0);
    BN_free(prime);
    OPENSSL_free(der);
    OPENSSL_free(info);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_that_we_take_openssl_takes_too),
        cmocka_unit_test(a_key_that_we_take_openssl_takes_too),
        cmocka_unit_test(a_changed_secret_of_p256_never_fits),
        cmocka_unit_test(a_changed_prime_of_rsa_never_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
