/* Files of CAs: which are read, and what is said of the others. */

#include "pki/trust_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "pem_maker.h"

static const struct recipe authority = {
    .key = "P-256", .alternatives = "DNS:ca.test", .from_s = -60, .until_s = 3600
};

static void put_authority(struct buffer *out)
{
    EVP_PKEY *key = make_key(authority.key);
    X509 *certificate = make_certificate(&authority, key);

    put_certificate(out, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void put_key(struct buffer *out)
{
    EVP_PKEY *key = make_key("P-256");

    put_pkcs8(out, key);
    EVP_PKEY_free(key);
}

static int read_text(struct buffer *text, struct text *chain_out, struct arena *arena,
                     struct err *err)
{
    scratch_write("ca.crt", buffer_text(text), 0644);
    buffer_done(text);
    return trust_read(scratch_path("ca.crt"), arena, chain_out, err);
}

static size_t count(struct text chain)
{
    const unsigned char *at = (const unsigned char *)chain.at;
    const unsigned char *end = at + chain.len;
    size_t found = 0;

    for (; at < end; found++) {
        X509 *certificate = d2i_X509(NULL, &at, (long)(end - at));

        assert_non_null(certificate);
        X509_free(certificate);
    }
    return found;
}

static void several_cas_stand_one_behind_the_other(void **state)
{
    struct buffer text = { 0 };
    struct arena arena = { 0 };
    struct text chain = TEXT_NONE;
    struct err err = { "" };

    (void)state;
    scratch_init();
    for (int i = 0; i < 3; i++)
        put_authority(&text);
    assert_int_equal(read_text(&text, &chain, &arena, &err), 0);
    assert_int_equal(count(chain), 3);
    arena_done(&arena);
    scratch_done();
}

static void what_is_no_list_of_cas_is_refused(void **state)
{
    static const struct {
        const char *text; /* NULL: a private key */
        const char *says;
    } cases[] = {
        { "", "no certificate in it" },
        { "not PEM at all", "text behind the last block" },
        { NULL, "keep the certificates of CAs only" },
        { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is damaged" },
        { "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n", "not base64" },
        { "-----BEGIN CERTIFICATE-----\nAAAA\n", "cut" },
    };

    (void)state;
    scratch_init();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer text = { 0 };
        struct arena arena = { 0 };
        struct text chain = TEXT("as before");
        struct err err = { "" };

        if (cases[i].text)
            buffer_append_text(&text, text_of(cases[i].text));
        else
            put_key(&text);
        assert_int_equal(read_text(&text, &chain, &arena, &err), -1);
        if (!strstr(err.text, cases[i].says))
            print_error("case %zu: %s\n", i, err.text);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_non_null(strstr(err.text, "ca.crt"));
        assert_true(text_equal(chain, TEXT("as before")));
        arena_done(&arena);
    }
    scratch_done();
}

static void a_file_that_is_not_there_is_named(void **state)
{
    struct arena arena = { 0 };
    struct text chain;
    struct err err = { "" };

    (void)state;
    assert_int_equal(trust_read("/nowhere/ca.crt", &arena, &chain, &err), -1);
    assert_non_null(strstr(err.text, "/nowhere/ca.crt"));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_cas_stand_one_behind_the_other),
        cmocka_unit_test(what_is_no_list_of_cas_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
