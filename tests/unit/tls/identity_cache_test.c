/* The LRU of parsed certificates: its bound, its order, and what is evicted while it is in use. */

#include "identity_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buffer.h"
#include "tls_world.h"

struct shelf {
    struct world world;
    struct identity_cache *cache;
};

static void shelf_open(struct shelf *shelf, size_t most, size_t certificates)
{
    char name[] = "a.test";

    *shelf = (struct shelf){ .cache = identity_cache_new(most, NULL) };
    world_begin(&shelf->world);
    for (size_t i = 0; i < certificates; i++) {
        name[0] = (char)('a' + i);
        world_add(&shelf->world, name, WITH_ECDSA);
    }
    assert_int_equal(snapshot_index(shelf->world.snapshot, NULL), 0);
}

static void shelf_close(struct shelf *shelf)
{
    identity_cache_free(shelf->cache);
    world_done(&shelf->world);
}

static const struct identity *get(struct shelf *shelf, size_t index)
{
    const struct identity *identity = identity_cache_get(
        shelf->cache, &shelf->world.snapshot->certificates[index], shelf->world.keyring, NULL);

    assert_non_null(identity);
    return identity;
}

static void a_certificate_is_parsed_once(void **state)
{
    struct shelf shelf;

    (void)state;
    shelf_open(&shelf, 4, 2);
    assert_ptr_equal(get(&shelf, 0), get(&shelf, 0));
    assert_ptr_not_equal(get(&shelf, 0), get(&shelf, 1));
    assert_int_equal(identity_cache_count(shelf.cache), 2);
    shelf_close(&shelf);
}

static void leaves_of_one_issuer_share_it(void **state)
{
    struct shelf shelf;
    struct snapshot_certificate *certificates;
    X509 *issuer;

    (void)state;
    shelf_open(&shelf, 4, 3);
    certificates = shelf.world.snapshot->certificates;
    for (size_t i = 0; i < 2; i++) { /* the third stands behind the first two */
        struct buffer chain = { 0 };

        buffer_append_text(&chain, certificates[i].chain);
        buffer_append_text(&chain, certificates[2].chain);
        certificates[i].chain = arena_text(&shelf.world.snapshot->arena, buffer_text(&chain));
        buffer_done(&chain);
    }
    assert_int_equal(sk_X509_num(get(&shelf, 0)->issuers), 1);
    issuer = sk_X509_value(get(&shelf, 0)->issuers, 0);
    assert_ptr_equal(sk_X509_value(get(&shelf, 1)->issuers, 0), issuer);
    assert_int_equal(X509_check_host(issuer, "c.test", 6, 0, NULL), 1);
    assert_null(get(&shelf, 2)->issuers);
    shelf_close(&shelf);
}

static void the_one_not_used_the_longest_goes(void **state)
{
    struct shelf shelf;
    X509 *first;
    X509 *second;

    (void)state;
    shelf_open(&shelf, 2, 3);
    first = get(&shelf, 0)->leaf;
    second = get(&shelf, 1)->leaf;
    X509_up_ref(second); /* so that no other takes its place in memory */
    get(&shelf, 0);
    get(&shelf, 2); /* pushes 1 out */
    assert_int_equal(identity_cache_count(shelf.cache), 2);
    assert_ptr_equal(get(&shelf, 0)->leaf, first);
    assert_ptr_not_equal(get(&shelf, 1)->leaf, second);
    X509_free(second);
    shelf_close(&shelf);
}

static void what_is_in_use_survives_its_eviction(void **state)
{
    struct shelf shelf;
    const struct identity *identity;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);

    (void)state;
    shelf_open(&shelf, 1, 2);
    identity = get(&shelf, 0);
    assert_int_equal(SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->issuers, 1),
                     1);
    get(&shelf, 1);
    assert_int_equal(identity_cache_count(shelf.cache), 1);
    assert_int_equal(SSL_check_private_key(ssl), 1);
    assert_int_equal(X509_check_host(SSL_get_certificate(ssl), "a.test", 6, 0, NULL), 1);
    SSL_free(ssl);
    SSL_CTX_free(context);
    shelf_close(&shelf);
}

static void a_sweep_forgets_what_was_not_marked(void **state)
{
    struct shelf shelf;
    const struct identity *kept;

    (void)state;
    shelf_open(&shelf, 8, 3);
    for (size_t i = 0; i < 3; i++)
        get(&shelf, i);
    kept = get(&shelf, 1);
    identity_cache_mark_begin(shelf.cache);
    identity_cache_mark(shelf.cache, &shelf.world.snapshot->certificates[1]);
    identity_cache_sweep(shelf.cache);
    assert_int_equal(identity_cache_count(shelf.cache), 1);
    assert_ptr_equal(get(&shelf, 1), kept);
    shelf_close(&shelf);
}

static void a_certificate_or_key_that_cannot_be_parsed_is_an_error(void **state)
{
    struct shelf shelf;
    struct err err = { .text = "" };
    struct snapshot_certificate broken;

    (void)state;
    shelf_open(&shelf, 8, 1);
    broken = shelf.world.snapshot->certificates[0];
    for (size_t len = 0; len < broken.chain.len; len++) {
        broken.chain.len = len;
        assert_null(identity_cache_get(shelf.cache, &broken, shelf.world.keyring, &err));
        assert_true(err.text[0] != '\0');
        broken = shelf.world.snapshot->certificates[0];
    }
    broken.key_id[0] ^= 1;
    assert_null(identity_cache_get(shelf.cache, &broken, shelf.world.keyring, &err));
    assert_int_equal(identity_cache_count(shelf.cache), 0);
    shelf_close(&shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_parsed_once),
        cmocka_unit_test(leaves_of_one_issuer_share_it),
        cmocka_unit_test(the_one_not_used_the_longest_goes),
        cmocka_unit_test(what_is_in_use_survives_its_eviction),
        cmocka_unit_test(a_sweep_forgets_what_was_not_marked),
        cmocka_unit_test(a_certificate_or_key_that_cannot_be_parsed_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
