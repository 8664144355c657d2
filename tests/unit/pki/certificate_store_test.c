/* What the store reads again, and what it forgets. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <utime.h>

#include <cmocka.h>

#include "base/clock.h"
#include "pem_maker.h"
#include "pki/certificate_file.h"

#define DAY 86400L

static const struct recipe recipe = { "P-256", "DNS:a.test", NULL, -DAY, 10 * DAY, NULL, NULL };

static void write_new_pair(const char *cert_name, const char *key_name)
{
    EVP_PKEY *key = make_key("P-256");
    X509 *certificate = make_certificate(&recipe, key);
    struct buffer cert_pem = { 0 };
    struct buffer key_pem = { 0 };

    put_certificate(&cert_pem, certificate);
    put_pkcs8(&key_pem, key);
    scratch_write(cert_name, buffer_text(&cert_pem), 0644);
    scratch_write(key_name, buffer_text(&key_pem), 0600);
    buffer_done(&cert_pem);
    buffer_done(&key_pem);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int get_named(struct certificate_store *store, const char *name, int64_t now_s,
                     const struct certificate_facts **facts_out, struct err *err)
{
    char cert[16];
    char key[16];
    struct certificate_paths paths = { 0 };

    snprintf(cert, sizeof(cert), "%s.crt", name);
    snprintf(key, sizeof(key), "%s.key", name);
    paths.cert = scratch_path(cert);
    paths.key = scratch_path(key);
    return certificate_store_get(store, &paths, now_s, facts_out, err);
}

static const struct certificate_facts *get(struct certificate_store *store)
{
    const struct certificate_facts *facts;
    struct err err;

    if (get_named(store, "a", clock_wall_s(), &facts, &err) < 0)
        fail_msg("%s", err.text);
    return facts;
}

/* Until the files are old enough for their times to be believed. */
static const struct certificate_facts *get_settled(struct certificate_store *store)
{
    const struct certificate_facts *facts = get(store);
    const struct certificate_facts *again;

    while ((again = get(store)) != facts)
        facts = again;
    return facts;
}

static void an_unchanged_pair_is_not_read_again(void **state)
{
    struct certificate_store *store = certificate_store_new();
    const struct certificate_facts *facts;

    (void)state;
    write_new_pair("a.crt", "a.key");
    facts = get_settled(store);
    certificate_store_sweep(store);
    assert_ptr_equal(get(store), facts);
    certificate_store_sweep(store);
    assert_ptr_equal(get(store), facts);
    certificate_store_free(store);
}

static void a_changed_pair_is_read_again_and_the_old_lives_until_the_sweep(void **state)
{
    struct certificate_store *store = certificate_store_new();
    const struct certificate_facts *old;
    const struct certificate_facts *fresh;
    uint8_t id[SNAPSHOT_ID_BYTES];

    (void)state;
    write_new_pair("a.crt", "a.key");
    old = get_settled(store);
    memcpy(id, old->id, sizeof(id));
    write_new_pair("a.crt", "a.key");
    fresh = get(store);
    assert_true(memcmp(fresh->id, id, sizeof(id)) != 0);
    assert_int_equal(memcmp(old->id, id, sizeof(id)), 0); /* memcmp() so that ASan sees it */
    certificate_store_sweep(store);
    certificate_store_free(store);
}

static void a_key_that_became_readable_is_noticed(void **state)
{
    struct certificate_store *store = certificate_store_new();
    const struct certificate_facts *facts;
    struct err err;

    (void)state;
    write_new_pair("a.crt", "a.key");
    get_settled(store);
    chmod(scratch_path("a.key"), 0644);
    assert_int_equal(get_named(store, "a", clock_wall_s(), &facts, &err), -1);
    assert_non_null(strstr(err.text, "chmod 600"));
    certificate_store_free(store);
}

static void dates_are_judged_each_time(void **state)
{
    struct certificate_store *store = certificate_store_new();
    const struct certificate_facts *facts;
    struct err err;

    (void)state;
    write_new_pair("a.crt", "a.key");
    get_settled(store);
    assert_int_equal(get_named(store, "a", clock_wall_s() + 11 * DAY, &facts, &err), -1);
    assert_non_null(strstr(err.text, "expired"));
    assert_int_equal(get_named(store, "a", clock_wall_s() - 2 * DAY, &facts, &err), -1);
    assert_non_null(strstr(err.text, "not valid before"));
    get(store);
    certificate_store_free(store);
}

static void what_nobody_asked_for_is_forgotten(void **state)
{
    struct certificate_store *store = certificate_store_new();
    const struct certificate_facts *facts;
    const struct certificate_facts *other;
    struct err err;

    (void)state;
    write_new_pair("a.crt", "a.key");
    write_new_pair("b.crt", "b.key");
    facts = get_settled(store);
    assert_int_equal(get_named(store, "b", clock_wall_s(), &other, &err), 0);
    certificate_store_sweep(store);
    assert_ptr_equal(get(store), facts);
    certificate_store_sweep(store); /* b goes */
    assert_ptr_equal(get(store), facts);
    assert_int_equal(get_named(store, "b", clock_wall_s(), &other, &err), 0);
    certificate_store_free(store);
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
    scratch_done();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unchanged_pair_is_not_read_again),
        cmocka_unit_test(a_changed_pair_is_read_again_and_the_old_lives_until_the_sweep),
        cmocka_unit_test(a_key_that_became_readable_is_noticed),
        cmocka_unit_test(dates_are_judged_each_time),
        cmocka_unit_test(what_nobody_asked_for_is_forgotten),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
