/* The development CA: what it issues, what it keeps in its directory, what it issues anew. */

#include "pki/dev_authority.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "pem_maker.h"

#define DAY 86400L

static struct dev_authority *open_authority(const char *directory)
{
    struct err err;
    struct dev_authority *authority = dev_authority_open(directory, &err);

    if (!authority)
        fail_msg("%s", err.text);
    return authority;
}

static const struct certificate_facts *issue(struct dev_authority *authority, struct text *names,
                                             size_t count, int64_t now_s)
{
    struct text_list list = { .items = names, .count = count };
    const struct certificate_facts *facts;
    struct err err;

    if (dev_authority_issue(authority, &list, now_s, &facts, &err) < 0)
        fail_msg("%s", err.text);
    return facts;
}

static X509 *parse_pem(struct text pem)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

/* As curl --cacert would, and strictly. */
static bool verifies(const struct certificate_facts *facts, struct text ca_pem, const char *host)
{
    const unsigned char *at = (const unsigned char *)facts->chain.at;
    X509 *leaf = d2i_X509(NULL, &at, (long)facts->chain.len);
    X509 *authority = parse_pem(ca_pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool fine;

    X509_STORE_add_cert(store, authority);
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set1_host(X509_STORE_CTX_get0_param(context), host, 0);
    fine = X509_verify_cert(context) == 1;
    if (!fine)
        fprintf(stderr, "%s: %s\n", host,
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(authority);
    X509_free(leaf);
    return fine;
}

static void a_leaf_verifies_for_each_of_its_names(void **state)
{
    struct text names[] = { TEXT("a.test"), TEXT("*.b.test") };
    struct text longest = TEXT("a-label-that-is-as-long-as-one-may-be-with-its-sixty-three-bytes."
                               "another-label-makes-it-too-long-for-a-common-name.test");
    struct dev_authority *authority = open_authority(NULL);
    const struct certificate_facts *facts = issue(authority, names, 2, clock_wall_s());
    struct text ca_pem = dev_authority_certificate(authority);

    (void)state;
    assert_true(verifies(facts, ca_pem, "a.test"));
    assert_true(verifies(facts, ca_pem, "x.b.test"));
    assert_true(certificate_covers(facts, TEXT("x.b.test")));
    assert_int_equal(facts->kind, KEY_ECDSA);
    assert_true(facts->key.len > 0);
    facts = issue(authority, &longest, 1, clock_wall_s());
    assert_true(certificate_covers(facts, longest));
    dev_authority_free(authority);
}

static void a_leaf_is_issued_once_until_a_third_of_its_life_is_left(void **state)
{
    struct text name = TEXT("a.test");
    struct text other = TEXT("b.test");
    int64_t now_s = clock_wall_s();
    struct dev_authority *authority = open_authority("");
    const struct certificate_facts *first = issue(authority, &name, 1, now_s);
    const struct certificate_facts *renewed;
    uint8_t id[SNAPSHOT_ID_BYTES];

    (void)state;
    memcpy(id, first->id, sizeof(id));
    assert_ptr_equal(issue(authority, &name, 1, now_s + 19 * DAY), first);
    assert_ptr_not_equal(issue(authority, &other, 1, now_s), first);
    renewed = issue(authority, &name, 1, now_s + 21 * DAY);
    assert_ptr_not_equal(renewed, first);
    /* who asked before may still look at it; memcmp() so that ASan sees it */
    assert_int_equal(memcmp(first->id, id, sizeof(id)), 0);
    assert_true(renewed->not_after_s > now_s + 50 * DAY);
    dev_authority_free(authority);
}

static void the_directory_keeps_ca_and_leaves(void **state)
{
    struct text name = TEXT("a.test");
    struct dev_authority *authority = open_authority(scratch_path("dev"));
    const struct certificate_facts *facts = issue(authority, &name, 1, clock_wall_s());
    uint8_t id[SNAPSHOT_ID_BYTES];
    struct stat info;

    (void)state;
    memcpy(id, facts->id, sizeof(id));
    dev_authority_free(authority);
    assert_int_equal(stat(scratch_path("dev"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(stat(scratch_path("dev/ca.key"), &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(scratch_path("dev/ca.crt"), &info), 0);
    authority = open_authority(scratch_path("dev"));
    facts = issue(authority, &name, 1, clock_wall_s());
    assert_memory_equal(facts->id, id, sizeof(id));
    assert_true(verifies(facts, dev_authority_certificate(authority), "a.test"));
    dev_authority_free(authority);
    authority = open_authority(scratch_path("dev")); /* a leaf that is old by then is issued anew */
    facts = issue(authority, &name, 1, clock_wall_s() + 21 * DAY);
    assert_true(memcmp(facts->id, id, sizeof(id)) != 0);
    dev_authority_free(authority);
}

static void with_a_new_ca_the_leaves_are_new(void **state)
{
    struct text name = TEXT("a.test");
    struct dev_authority *authority = open_authority(scratch_path("dev2"));
    const struct certificate_facts *facts;

    (void)state;
    issue(authority, &name, 1, clock_wall_s());
    dev_authority_free(authority);
    remove(scratch_path("dev2/ca.crt"));
    remove(scratch_path("dev2/ca.key"));
    authority = open_authority(scratch_path("dev2"));
    facts = issue(authority, &name, 1, clock_wall_s());
    assert_true(verifies(facts, dev_authority_certificate(authority), "a.test"));
    dev_authority_free(authority);
}

/* How many leaves were cut to a few bytes. */
static size_t damage_leaves(const char *name)
{
    DIR *stream = opendir(scratch_path(name));
    char path[600];
    size_t count = 0;

    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (strncmp(entry->d_name, "leaf-", 5) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
        scratch_write(path, TEXT("-----BEGIN CERT"), 0600);
        count++;
    }
    if (stream)
        closedir(stream);
    return count;
}

static void a_damaged_leaf_is_issued_anew_and_a_damaged_ca_is_an_error(void **state)
{
    struct text name = TEXT("a.test");
    struct dev_authority *authority = open_authority(scratch_path("dev3"));
    struct err err;

    (void)state;
    issue(authority, &name, 1, clock_wall_s());
    dev_authority_free(authority);
    assert_int_equal(damage_leaves("dev3"), 1);
    authority = open_authority(scratch_path("dev3"));
    assert_true(verifies(issue(authority, &name, 1, clock_wall_s()),
                         dev_authority_certificate(authority), "a.test"));
    dev_authority_free(authority);
    scratch_write("dev3/ca.key", TEXT("nonsense"), 0600);
    assert_null(dev_authority_open(scratch_path("dev3"), &err));
    assert_non_null(strstr(err.text, "remove this directory"));
}

static void a_directory_that_others_may_write_is_refused(void **state)
{
    struct err err;

    (void)state;
    mkdir(scratch_path("open"), 0700);
    chmod(scratch_path("open"), 0777);
    assert_null(dev_authority_open(scratch_path("open"), &err));
    assert_non_null(strstr(err.text, "chmod 700"));
    assert_null(dev_authority_open(scratch_path("no/such/place"), &err));
    assert_null(dev_authority_open("/dev/null", &err));
}

static void no_name_and_too_many_are_errors(void **state)
{
    static struct text many[1001];
    struct text_list list = { .items = many, .count = 1001 };
    struct text_list none = { 0 };
    struct dev_authority *authority = open_authority(NULL);
    const struct certificate_facts *facts;
    struct err err;

    (void)state;
    for (size_t i = 0; i < 1001; i++)
        many[i] = TEXT("a.test");
    assert_int_equal(dev_authority_issue(authority, &none, clock_wall_s(), &facts, &err), -1);
    assert_int_equal(dev_authority_issue(authority, &list, clock_wall_s(), &facts, &err), -1);
    dev_authority_free(authority);
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
        cmocka_unit_test(a_leaf_verifies_for_each_of_its_names),
        cmocka_unit_test(a_leaf_is_issued_once_until_a_third_of_its_life_is_left),
        cmocka_unit_test(the_directory_keeps_ca_and_leaves),
        cmocka_unit_test(with_a_new_ca_the_leaves_are_new),
        cmocka_unit_test(a_damaged_leaf_is_issued_anew_and_a_damaged_ca_is_an_error),
        cmocka_unit_test(a_directory_that_others_may_write_is_refused),
        cmocka_unit_test(no_name_and_too_many_are_errors),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
