/* Which certificate and key files are taken, what is read of them, and what each error says. */

#include "pki/certificate_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pem_maker.h"

#define DAY 86400L

static const struct recipe good = { .key = "P-256",
                                    .alternatives = "DNS:A.test,DNS:*.b.test,IP:127.0.0.1",
                                    .from_s = -DAY,
                                    .until_s = 30 * DAY };

static int read_paths(const char *cert, const char *key, struct arena *arena,
                      struct certificate_facts *facts, struct err *err)
{
    struct certificate_paths paths = { .cert = cert, .key = key };

    return certificate_read(&paths, clock_wall_s(), arena, facts, err);
}

static int read_pair(struct arena *arena, struct certificate_facts *facts, struct err *err)
{
    return read_paths(scratch_path("x.crt"), scratch_path("x.key"), arena, facts, err);
}

static void write_pair(struct text certificate, struct text key)
{
    scratch_write("x.crt", certificate, 0644);
    scratch_write("x.key", key, 0600);
}

struct kind_case {
    const char *key;
    enum key_kind kind;
    void (*put)(struct buffer *out, EVP_PKEY *key);
};

static const struct kind_case kind_cases[] = {
    { "P-256", KEY_ECDSA, put_pkcs8 },  { "P-256", KEY_ECDSA, put_traditional },
    { "P-384", KEY_ECDSA, put_pkcs8 },  { "P-384", KEY_ECDSA, put_traditional },
    { "P-521", KEY_ECDSA, put_pkcs8 },  { "P-521", KEY_ECDSA, put_traditional },
    { "RSA:2048", KEY_RSA, put_pkcs8 }, { "RSA:2048", KEY_RSA, put_traditional },
    { "RSA:3072", KEY_RSA, put_pkcs8 },
};

static void assert_digest(struct text bytes, const uint8_t *want)
{
    uint8_t digest[SNAPSHOT_ID_BYTES];

    assert_int_equal(EVP_Digest(bytes.at, bytes.len, digest, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(digest, want, sizeof(digest));
}

static void check_facts(const struct certificate_facts *facts, X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    struct tm tm;

    assert_int_equal(facts->chain.len, len);
    assert_memory_equal(facts->chain.at, der, (size_t)len);
    assert_digest(facts->chain, facts->id);
    OPENSSL_free(der);
    der = NULL;
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    assert_digest(text_make((const char *)der, (size_t)len), facts->key_id);
    OPENSSL_free(der);
    assert_int_equal(facts->name_count, 2);
    assert_true(text_equal(facts->names[0], TEXT("a.test")));
    assert_true(text_equal(facts->names[1], TEXT("*.b.test")));
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm), 1);
    assert_int_equal(facts->not_after_s, timegm(&tm));
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &tm), 1);
    assert_int_equal(facts->not_before_s, timegm(&tm));
}

static void every_kind_of_key_that_is_served_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kind_cases) / sizeof(kind_cases[0]); i++) {
        EVP_PKEY *key = make_key(kind_cases[i].key);
        X509 *certificate = make_certificate(&good, key);
        struct buffer cert_pem = { 0 };
        struct buffer key_pem = { 0 };
        struct certificate_facts facts;
        struct arena arena = { 0 };
        struct err err;

        put_certificate(&cert_pem, certificate);
        kind_cases[i].put(&key_pem, key);
        write_pair(buffer_text(&cert_pem), buffer_text(&key_pem));
        if (read_pair(&arena, &facts, &err) < 0)
            fail_msg("%s: %s", kind_cases[i].key, err.text);
        assert_int_equal(facts.kind, kind_cases[i].kind);
        check_facts(&facts, certificate);
        arena_done(&arena);
        buffer_done(&cert_pem);
        buffer_done(&key_pem);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
}

struct recipe_case {
    struct recipe recipe;
    const char *error; /* a part of it */
};

static const struct recipe_case recipe_cases[] = {
    { { "secp256k1", "DNS:a.test", NULL, -DAY, DAY, NULL, NULL }, "elliptic curve is not served" },
    { { "ED25519", "DNS:a.test", NULL, -DAY, DAY, NULL, NULL }, "kind of key is not served" },
    { { "RSA:1024", "DNS:a.test", NULL, -DAY, DAY, NULL, NULL }, "RSA key has 1024 bits" },
    { { "P-256", NULL, NULL, -DAY, DAY, NULL, NULL }, "no DNS name in its subjectAltName" },
    { { "P-256", "IP:127.0.0.1", NULL, -DAY, DAY, NULL, NULL },
      "no DNS name in its subjectAltName" },
    { { "P-256", "DNS:a b", NULL, -DAY, DAY, NULL, NULL }, "no DNS name in its subjectAltName" },
    { { "P-256", "DNS:a.test", NULL, -2 * DAY, -DAY, NULL, NULL }, "expired at 20" },
    { { "P-256", "DNS:a.test", NULL, DAY, 2 * DAY, NULL, NULL }, "not valid before 20" },
    { { "P-256", "DNS:a.test", "clientAuth", -DAY, DAY, NULL, NULL }, "no serverAuth" },
    { { "P-256", "DNS:a.test", "serverAuth", -DAY, DAY, NULL, NULL }, NULL },
    { { "P-256", "DNS:a.test", "clientAuth,serverAuth", -DAY, DAY, NULL, NULL }, NULL },
    { { "P-256", "DNS:a.test", "anyExtendedKeyUsage", -DAY, DAY, NULL, NULL }, NULL },
    { { "P-256", "IP:127.0.0.1,DNS:a.test", NULL, -DAY, DAY, NULL, NULL }, NULL },
    { { "P-256", "DNS:a.test", NULL, -DAY, 20000 * DAY, NULL, NULL }, NULL }, /* past 2050 */
    { { "P-256", "DNS:a.test", NULL, -DAY, DAY, "CA", "SHA1" }, "signed with MD5, SHA-1" },
    { { "RSA:2048", "DNS:a.test", NULL, -DAY, DAY, "CA", "SHA1" }, "signed with MD5, SHA-1" },
    { { "RSA:2048", "DNS:a.test", NULL, -DAY, DAY, "CA", "MD5" }, "signed with MD5, SHA-1" },
    { { "RSA:2048", "DNS:a.test", NULL, -DAY, DAY, NULL, "SHA1" },
      NULL }, /* by itself: who cares */
    { { "RSA:2048", "DNS:a.test", NULL, -DAY, DAY, "CA", "SHA384" }, NULL },
    { { "RSA:2048", "DNS:a.test", NULL, -DAY, DAY, "CA", "SHA3-256" }, NULL },
    { { "P-384", "DNS:a.test", NULL, -DAY, DAY, "CA", "SHA512" }, NULL },
};

static void a_certificate_that_cannot_serve_is_refused_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(recipe_cases) / sizeof(recipe_cases[0]); i++) {
        const struct recipe_case *want = &recipe_cases[i];
        EVP_PKEY *key = make_key(want->recipe.key);
        X509 *certificate = make_certificate(&want->recipe, key);
        struct buffer cert_pem = { 0 };
        struct buffer key_pem = { 0 };
        struct certificate_facts facts;
        struct arena arena = { 0 };
        struct err err = { .text = "" };

        put_certificate(&cert_pem, certificate);
        put_pkcs8(&key_pem, key);
        write_pair(buffer_text(&cert_pem), buffer_text(&key_pem));
        assert_int_equal(read_pair(&arena, &facts, &err), want->error ? -1 : 0);
        if (want->error && (!strstr(err.text, want->error) || !strstr(err.text, "x.crt")))
            fail_msg("wanted \"%s\", got \"%s\"", want->error, err.text);
        arena_done(&arena);
        buffer_done(&cert_pem);
        buffer_done(&key_pem);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
}

/* The texts of which the cases below put their files together. */
enum part {
    NOTHING,
    CERT,
    CERT_CUT,
    CERT_TRAILING,
    CERT_TRUSTED,
    CERT_NOT_BASE64,
    KEY,
    KEY_SEC1,
    KEY_ENCRYPTED,
    KEY_ENCRYPTED_OLD,
    KEY_OTHER,
    KEY_RSA_OTHER,
    KEY_ED25519,
    KEY_EC_PARAMETERS,
    WORDS,
    HUGE_TEXT,
    ELEVEN_CERTS,
    PARTS,
};

static struct buffer parts[PARTS];

struct file_case {
    enum part cert[3];
    enum part key[3];
    const char *error; /* NULL: fine */
};

static const struct file_case file_cases[] = {
    { { CERT }, { KEY }, NULL },
    { { CERT }, { KEY_SEC1 }, NULL },
    { { CERT }, { KEY_EC_PARAMETERS, KEY_SEC1 }, NULL },
    { { WORDS, CERT }, { WORDS, KEY }, NULL },
    { { KEY, CERT }, { CERT, KEY }, NULL }, /* both in one file, as HAProxy has it */
    { { CERT, CERT }, { KEY }, NULL },
    { { NOTHING }, { KEY }, "x.crt: no certificate in it" },
    { { WORDS }, { KEY }, "x.crt: there is text behind the last block" },
    { { KEY }, { KEY }, "x.crt: no certificate in it" },
    { { CERT, WORDS }, { KEY }, "x.crt: there is text behind the last block" },
    { { CERT_CUT }, { KEY }, "x.crt: -----BEGIN CERTIFICATE----- has no matching END" },
    { { CERT_TRAILING }, { KEY }, "x.crt: there are 3 bytes behind it" },
    { { CERT_TRUSTED }, { KEY }, "x.crt: it is in OpenSSL's own \"trusted\" form" },
    { { CERT_NOT_BASE64 }, { KEY }, "is not base64" },
    { { ELEVEN_CERTS }, { KEY }, "x.crt: more than 10 certificates" },
    { { CERT, CERT_TRAILING }, { KEY }, "x.crt: certificate 2 of the chain: there are 3 bytes" },
    { { HUGE_TEXT }, { KEY }, "x.crt: 70000 bytes, more than the limit" },
    { { CERT }, { NOTHING }, "x.key: no private key in it" },
    { { CERT }, { CERT }, "x.key: no private key in it" },
    { { CERT }, { KEY, KEY }, "x.key: 2 private keys in it" },
    { { CERT }, { KEY_ENCRYPTED }, "x.key: the private key is encrypted" },
    { { CERT }, { KEY_ENCRYPTED_OLD }, "x.key: the private key is encrypted" },
    { { CERT }, { KEY_OTHER }, "x.key: the private key does not belong to the certificate" },
    { { CERT }, { KEY_RSA_OTHER }, "x.key: the private key does not belong to the certificate" },
    { { CERT }, { KEY_ED25519 }, "x.key: the private key does not belong to the certificate" },
    { { CERT }, { KEY, WORDS }, "x.key: there is text behind the last block" },
};

static void put_parts(struct buffer *out, const enum part which[3])
{
    buffer_clear(out);
    for (size_t i = 0; i < 3; i++)
        buffer_append_text(out, buffer_text(&parts[which[i]]));
}

/* A block whose DER has three bytes more, under a label that is asked for. */
static void put_block(struct buffer *out, const char *label, struct text der, const char *more)
{
    struct buffer bytes = { 0 };
    unsigned char *base64;

    buffer_append_text(&bytes, der);
    buffer_append_text(&bytes, text_of(more));
    base64 = memory_new(2 * buffer_len(&bytes));
    EVP_EncodeBlock(base64, (const unsigned char *)buffer_text(&bytes).at, (int)buffer_len(&bytes));
    buffer_format(out, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label, (char *)base64, label);
    free(base64);
    buffer_done(&bytes);
}

static void make_key_part(enum part part, const char *kind,
                          void (*put)(struct buffer *out, EVP_PKEY *key))
{
    EVP_PKEY *key = make_key(kind);

    put(&parts[part], key);
    EVP_PKEY_free(key);
}

static void make_parts(void)
{
    EVP_PKEY *key = make_key("P-256");
    X509 *certificate = make_certificate(&good, key);
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    struct text whole = text_make((const char *)der, (size_t)len);

    put_certificate(&parts[CERT], certificate);
    buffer_append_text(&parts[CERT_CUT], text_first(buffer_text(&parts[CERT]), 300));
    put_block(&parts[CERT_TRAILING], "CERTIFICATE", whole, "abc");
    put_block(&parts[CERT_TRUSTED], "TRUSTED CERTIFICATE", whole, "");
    buffer_format(&parts[CERT_NOT_BASE64],
                  "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n");
    put_pkcs8(&parts[KEY], key);
    put_traditional(&parts[KEY_SEC1], key);
    put_encrypted(&parts[KEY_ENCRYPTED], key);
    put_encrypted_traditional(&parts[KEY_ENCRYPTED_OLD], key);
    make_key_part(KEY_OTHER, "P-256", put_pkcs8);
    make_key_part(KEY_RSA_OTHER, "RSA:2048", put_pkcs8);
    make_key_part(KEY_ED25519, "ED25519", put_pkcs8);
    buffer_format(&parts[KEY_EC_PARAMETERS],
                  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n");
    buffer_format(&parts[WORDS], "This is the certificate of a.test\n");
    for (size_t i = 0; i < 70000; i++)
        buffer_append_byte(&parts[HUGE_TEXT], 'x');
    for (size_t i = 0; i < 11; i++)
        buffer_append_text(&parts[ELEVEN_CERTS], buffer_text(&parts[CERT]));
    OPENSSL_free(der);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void each_bad_file_is_named_with_what_is_wrong(void **state)
{
    struct buffer cert_pem = { 0 };
    struct buffer key_pem = { 0 };

    (void)state;
    make_parts();
    for (size_t i = 0; i < sizeof(file_cases) / sizeof(file_cases[0]); i++) {
        const struct file_case *want = &file_cases[i];
        struct certificate_facts facts;
        struct arena arena = { 0 };
        struct err err = { .text = "" };

        put_parts(&cert_pem, want->cert);
        put_parts(&key_pem, want->key);
        write_pair(buffer_text(&cert_pem), buffer_text(&key_pem));
        if (read_pair(&arena, &facts, &err) != (want->error ? -1 : 0))
            fail_msg("case %zu: %s", i, err.text);
        if (want->error && !strstr(err.text, want->error))
            fail_msg("wanted \"%s\", got \"%s\"", want->error, err.text);
        arena_done(&arena);
    }
    buffer_done(&cert_pem);
    buffer_done(&key_pem);
}

static const struct recipe_case issuer_cases[] = {
    { { "P-384", NULL, NULL, -DAY, DAY, "Root", "SHA384" }, NULL },
    { { "ED25519", NULL, NULL, -DAY, DAY, NULL, NULL }, NULL },
    { { "secp256k1", NULL, NULL, -DAY, DAY, "Root", "SHA256" }, NULL },
    { { "RSA:2048", NULL, NULL, -DAY, DAY, "Root", "SHA1" },
      "certificate 2 of the chain: it is signed" },
    { { "RSA:2048", NULL, NULL, -DAY, DAY, NULL, "SHA1" }, NULL }, /* a root */
    { { "RSA:1024", NULL, NULL, -DAY, DAY, "Root", "SHA256" },
      "certificate 2 of the chain: its RSA key has 1024 bits" },
};

static void an_issuer_that_openssl_would_not_show_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(issuer_cases) / sizeof(issuer_cases[0]); i++) {
        const struct recipe_case *want = &issuer_cases[i];
        EVP_PKEY *key = make_key(want->recipe.key);
        X509 *issuer = make_certificate(&want->recipe, key);
        struct buffer chain = { 0 };
        struct certificate_facts facts;
        struct arena arena = { 0 };
        struct err err = { .text = "" };

        buffer_append_text(&chain, buffer_text(&parts[CERT]));
        put_certificate(&chain, issuer);
        write_pair(buffer_text(&chain), buffer_text(&parts[KEY]));
        if (read_pair(&arena, &facts, &err) != (want->error ? -1 : 0))
            fail_msg("%s: %s", want->recipe.key, err.text);
        if (want->error && !strstr(err.text, want->error))
            fail_msg("wanted \"%s\", got \"%s\"", want->error, err.text);
        arena_done(&arena);
        buffer_done(&chain);
        X509_free(issuer);
        EVP_PKEY_free(key);
    }
}

struct mode_case {
    unsigned mode;
    bool fine;
};

static const struct mode_case mode_cases[] = {
    { 0600, true },  { 0400, true },  { 0700, true },  { 0640, false },
    { 0604, false }, { 0644, false }, { 0660, false }, { 0622, false },
};

static void a_key_that_others_may_touch_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mode_cases) / sizeof(mode_cases[0]); i++) {
        struct certificate_facts facts;
        struct arena arena = { 0 };
        struct err err = { .text = "" };

        scratch_write("x.crt", buffer_text(&parts[CERT]), 0644);
        scratch_write("x.key", buffer_text(&parts[KEY]), mode_cases[i].mode);
        assert_int_equal(read_pair(&arena, &facts, &err), mode_cases[i].fine ? 0 : -1);
        if (!mode_cases[i].fine)
            assert_non_null(strstr(err.text, "chmod 600"));
        arena_done(&arena);
    }
}

static void what_is_no_file_is_an_error(void **state)
{
    struct certificate_facts facts;
    struct arena arena = { 0 };
    struct err err;

    (void)state;
    write_pair(buffer_text(&parts[CERT]), buffer_text(&parts[KEY]));
    assert_int_equal(
        read_paths(scratch_path("gone.crt"), scratch_path("x.key"), &arena, &facts, &err), -1);
    assert_non_null(strstr(err.text, "gone.crt: No such file"));
    assert_int_equal(read_paths("/", scratch_path("x.key"), &arena, &facts, &err), -1);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(read_paths(scratch_path("x.crt"), "/dev/null", &arena, &facts, &err), -1);
    assert_non_null(strstr(err.text, "not a regular file"));
    arena_done(&arena);
}

struct covers_case {
    const char *name;
    const char *host;
    bool covers;
};

static const struct covers_case covers_cases[] = {
    { "a.test", "a.test", true },        { "a.test", "A.Test", true },
    { "a.test", "b.a.test", false },     { "*.a.test", "b.a.test", true },
    { "*.a.test", "*.a.test", true },    { "*.a.test", "a.test", false },
    { "*.a.test", "c.b.a.test", false }, { "*.a.test", ".a.test", false },
    { "a.test", "*.a.test", false },     { "a.test", "", false },
};

static void a_star_covers_one_label(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(covers_cases) / sizeof(covers_cases[0]); i++) {
        struct text name = text_of(covers_cases[i].name);
        struct certificate_facts facts = { .names = &name, .name_count = 1 };

        assert_int_equal(certificate_covers(&facts, text_of(covers_cases[i].host)),
                         covers_cases[i].covers);
    }
}

static int set_up(void **state)
{
    (void)state;
    scratch_init();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARTS; i++)
        buffer_done(&parts[i]);
    scratch_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_key_that_is_served_is_read),
        cmocka_unit_test(a_certificate_that_cannot_serve_is_refused_in_words),
        cmocka_unit_test(each_bad_file_is_named_with_what_is_wrong),
        cmocka_unit_test(an_issuer_that_openssl_would_not_show_is_refused),
        cmocka_unit_test(a_key_that_others_may_touch_is_refused),
        cmocka_unit_test(what_is_no_file_is_an_error),
        cmocka_unit_test(a_star_covers_one_label),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
