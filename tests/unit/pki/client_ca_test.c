/* Files of CA certificates for verifying clients: what is taken, and what is said of the rest. */

#include "pki/client_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "pem_maker.h"

#define DAY_S 86400L

static void make_ca(X509 *certificate, EVP_PKEY *key)
{
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

    X509_EXTENSION_free(
        X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, NID_basic_constraints, -1)));
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    X509_EXTENSION_free(extension);
}

/* `ca`: with basicConstraints that say so. */
static void put(struct buffer *out, bool ca, long from_s, long until_s)
{
    struct recipe recipe = { .key = "P-256", .from_s = from_s, .until_s = until_s };
    EVP_PKEY *key = make_key("P-256");
    X509 *certificate = make_certificate(&recipe, key);

    if (ca)
        make_ca(certificate, key);
    put_certificate(out, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* -1 with what `words` says, or 0 where that is NULL. */
static void read_is(struct buffer *file, const char *words, struct client_ca *ca_out)
{
    static struct arena arena;
    struct err err = { "" };
    int status;

    arena_done(&arena);
    scratch_write("ca.pem", buffer_text(file), 0644);
    status = client_ca_read(scratch_path("ca.pem"), clock_wall_s(), &arena, ca_out, &err);
    if (words && (status == 0 || !strstr(err.text, words) || !strstr(err.text, "ca.pem")))
        fail_msg("\"%s\" instead of \"%s\"", err.text, words);
    if (!words && status < 0)
        fail_msg("%s", err.text);
    buffer_done(file);
    if (status < 0)
        arena_done(&arena);
}

static void all_of_them_are_kept_and_the_id_says_which(void **state)
{
    struct buffer one = { 0 };
    struct buffer two = { 0 };
    struct buffer again = { 0 };
    struct client_ca first;
    struct client_ca second;
    struct client_ca third;
    size_t first_bytes;

    (void)state;
    put(&one, true, -DAY_S, DAY_S);
    buffer_append_text(&two, buffer_text(&one));
    buffer_append_text(&again, buffer_text(&one));
    put(&two, true, -DAY_S, DAY_S);
    read_is(&one, NULL, &first);
    first_bytes = first.certificates.len;
    read_is(&two, NULL, &second);
    assert_true(second.certificates.len > first_bytes);
    assert_memory_not_equal(first.id, second.id, sizeof(first.id));
    read_is(&again, NULL, &third);
    assert_memory_equal(first.id, third.id, sizeof(first.id));
}

static void one_that_is_in_date_is_enough(void **state)
{
    struct buffer file = { 0 };
    struct client_ca ca;

    (void)state;
    put(&file, true, -2 * DAY_S, -DAY_S);
    put(&file, true, -DAY_S, DAY_S);
    read_is(&file, NULL, &ca);
    put(&file, true, -2 * DAY_S, -DAY_S);
    put(&file, true, DAY_S, 2 * DAY_S);
    read_is(&file, "expired, or not valid yet", &ca);
}

static void what_is_no_authority_is_refused(void **state)
{
    struct buffer file = { 0 };
    struct client_ca ca;
    EVP_PKEY *key = make_key("P-256");

    (void)state;
    put(&file, false, -DAY_S, DAY_S);
    read_is(&file, "certificate 1 is no CA certificate", &ca);
    put(&file, true, -DAY_S, DAY_S);
    put(&file, false, -DAY_S, DAY_S);
    read_is(&file, "certificate 2 is no CA certificate", &ca);
    put(&file, true, -DAY_S, DAY_S);
    put_pkcs8(&file, key);
    read_is(&file, "there is a PRIVATE KEY in it", &ca);
    read_is(&file, "there is no certificate in it", &ca);
    buffer_format(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    read_is(&file, "certificate 1 is damaged", &ca);
    put(&file, true, -DAY_S, DAY_S);
    buffer_format(&file, "and more");
    read_is(&file, "behind the last block", &ca);
    EVP_PKEY_free(key);
}

static void there_are_at_most_so_many(void **state)
{
    struct buffer one = { 0 };
    struct buffer file = { 0 };
    struct client_ca ca;

    (void)state;
    put(&one, true, -DAY_S, DAY_S);
    for (int i = 0; i < CLIENT_CA_CERTIFICATES_MAX; i++)
        buffer_append_text(&file, buffer_text(&one));
    read_is(&file, NULL, &ca);
    for (int i = 0; i <= CLIENT_CA_CERTIFICATES_MAX; i++)
        buffer_append_text(&file, buffer_text(&one));
    read_is(&file, "more than 64", &ca);
    buffer_done(&one);
}

static int opened(void **state)
{
    (void)state;
    scratch_init();
    return 0;
}

static int closed(void **state)
{
    struct buffer nothing = { 0 };
    struct client_ca ca;

    (void)state;
    read_is(&nothing, "", &ca); /* gives its arena back */
    scratch_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_them_are_kept_and_the_id_says_which),
        cmocka_unit_test(one_that_is_in_date_is_enough),
        cmocka_unit_test(what_is_no_authority_is_refused),
        cmocka_unit_test(there_are_at_most_so_many),
    };

    return cmocka_run_group_tests(tests, opened, closed);
}
