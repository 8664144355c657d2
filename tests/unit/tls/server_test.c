/* What profiles and protocols are had, and that a new snapshot comes in two steps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls_peer.h"

struct suite_case {
    const char *suites;
    bool served[2]; /* intermediate, modern */
};

/* TLS 1.2 */
static const struct suite_case suite_cases[] = {
    { "ECDHE-ECDSA-AES128-GCM-SHA256", { true, false } },
    { "ECDHE-RSA-AES128-GCM-SHA256", { true, false } },
    { "ECDHE-ECDSA-AES256-GCM-SHA384", { true, false } },
    { "ECDHE-RSA-AES256-GCM-SHA384", { true, false } },
    { "ECDHE-ECDSA-CHACHA20-POLY1305", { true, false } },
    { "ECDHE-RSA-CHACHA20-POLY1305", { true, false } },
    { "ECDHE-ECDSA-AES128-SHA256", { false, false } },
    { "ECDHE-RSA-AES128-SHA", { false, false } },
    { "DHE-RSA-AES128-GCM-SHA256", { false, false } },
    { "AES128-GCM-SHA256", { false, false } },
    { "AES128-SHA", { false, false } },
    { "ECDHE-ECDSA-AES128-CCM", { false, false } },
};

static void serve(struct world *world, int profile)
{
    if (!world->server)
        world_begin(world);
    world_add(world, "a.test", WITH_ECDSA | WITH_RSA);
    world->snapshot->tls.profile = profile;
    world_commit(world);
}

static void the_profile_says_which_suites_of_tls_1_2_are_served(void **state)
{
    (void)state;
    for (int profile = TLS_PROFILE_INTERMEDIATE; profile <= TLS_PROFILE_MODERN; profile++) {
        struct world world = { 0 };

        serve(&world, profile);
        for (size_t i = 0; i < sizeof(suite_cases) / sizeof(suite_cases[0]); i++) {
            SSL_CTX *context = peer_context();
            struct peer peer;

            SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
            assert_int_equal(SSL_CTX_set_cipher_list(context, suite_cases[i].suites), 1);
            peer_connect(&peer, &world, context, "a.test", NULL);
            assert_int_equal(peer.status == IO_OK, suite_cases[i].served[profile]);
            if (peer.status != IO_OK)
                assert_string_equal(tls_session_refusal(peer.layer), profile == TLS_PROFILE_MODERN
                                                                         ? "protocol_version"
                                                                         : "no_shared_cipher");
            peer_done(&peer);
            SSL_CTX_free(context);
        }
        world_done(&world);
    }
}

static void the_client_chooses_the_suite_of_tls_1_3(void **state)
{
    static const char *const suites[] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                          "TLS_CHACHA20_POLY1305_SHA256" };
    struct world world = { 0 };
    char order[200];

    (void)state;
    serve(&world, TLS_PROFILE_MODERN);
    for (size_t i = 0; i < 3; i++) {
        SSL_CTX *context = peer_context();
        struct tls_session_facts facts;
        struct peer peer;

        snprintf(order, sizeof(order), "%s:%s:%s", suites[i], suites[(i + 1) % 3],
                 suites[(i + 2) % 3]);
        SSL_CTX_set_ciphersuites(context, order);
        peer_connect(&peer, &world, context, "a.test", NULL);
        assert_int_equal(peer.status, IO_OK);
        tls_session_facts(peer.layer, &facts);
        assert_string_equal(facts.cipher, suites[i]);
        peer_done(&peer);
        SSL_CTX_free(context);
    }
    world_done(&world);
}

static void an_older_version_is_refused(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    struct peer peer;

    (void)state;
    serve(&world, TLS_PROFILE_INTERMEDIATE);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
    peer_connect(&peer, &world, context, "a.test", NULL);
    assert_int_equal(peer.status, IO_FAILED);
    assert_int_equal(peer.alert, SSL_AD_PROTOCOL_VERSION);
    assert_string_equal(tls_session_refusal(peer.layer), "protocol_version");
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

struct alpn_case {
    bool http2;          /* switched on */
    const char *offered; /* as on the wire; NULL: no ALPN */
    const char *chosen;  /* NULL: refused */
};

static const struct alpn_case alpn_cases[] = {
    { false, NULL, "" },
    { false, "\x08http/1.1", "http/1.1" },
    { false, "\x02h2\x08http/1.1", "http/1.1" },
    { false, "\x02h2", NULL },
    { false, "\x08http/1.0", NULL },
    { true, NULL, "" },
    { true, "\x08http/1.1", "http/1.1" },
    { true, "\x08http/1.1\x02h2", "h2" },
    { true, "\x02h2", "h2" },
    { true, "\x03h2c", NULL },
};

static void expect_protocol(struct world *world, const struct alpn_case *alpn)
{
    SSL_CTX *context = peer_context();
    struct tls_session_facts facts;
    struct peer peer;

    if (alpn->offered)
        SSL_CTX_set_alpn_protos(context, (const unsigned char *)alpn->offered,
                                (unsigned)strlen(alpn->offered));
    peer_connect(&peer, world, context, "a.test", NULL);
    tls_session_facts(peer.layer, &facts);
    if (alpn->chosen) {
        assert_int_equal(peer.status, IO_OK);
        assert_true(text_equal(facts.alpn, text_of(alpn->chosen)));
    } else {
        assert_int_equal(peer.alert, SSL_AD_NO_APPLICATION_PROTOCOL);
        assert_string_equal(tls_session_refusal(peer.layer), "no_application_protocol");
    }
    peer_done(&peer);
    SSL_CTX_free(context);
}

/* One world: what is switched by a reload counts from then on. */
static void alpn_is_what_is_switched_on(void **state)
{
    struct world world = { 0 };

    (void)state;
    world_begin(&world);
    for (size_t i = 0; i < sizeof(alpn_cases) / sizeof(alpn_cases[0]); i++) {
        world.snapshot->listeners.https_http2 = alpn_cases[i].http2;
        serve(&world, TLS_PROFILE_INTERMEDIATE);
        expect_protocol(&world, &alpn_cases[i]);
    }
    world_done(&world);
}

static bool is_served(struct world *world, const char *name)
{
    SSL_CTX *context = peer_context();
    struct peer peer;
    bool served;

    peer_connect(&peer, world, context, name, NULL);
    served = peer.status == IO_OK;
    peer_done(&peer);
    SSL_CTX_free(context);
    return served;
}

static void what_is_prepared_serves_only_when_committed(void **state)
{
    struct world world = { 0 };
    struct err err;

    (void)state;
    serve(&world, TLS_PROFILE_INTERMEDIATE);
    world_add(&world, "b.test", WITH_ECDSA);
    assert_int_equal(world_prepare(&world, &err), 0);
    assert_true(is_served(&world, "a.test"));
    assert_false(is_served(&world, "b.test"));
    tls_server_cancel(world.server);
    tls_server_commit(world.server); /* nothing is prepared any more */
    assert_true(is_served(&world, "a.test"));
    world_add(&world, "b.test", WITH_ECDSA);
    assert_int_equal(world_prepare(&world, &err), 0);
    tls_server_commit(world.server);
    assert_false(is_served(&world, "a.test"));
    assert_true(is_served(&world, "b.test"));
    world_done(&world);
}

static void a_certificate_without_its_key_is_refused_and_the_old_serves_on(void **state)
{
    struct world world = { 0 };
    struct err err;

    (void)state;
    serve(&world, TLS_PROFILE_INTERMEDIATE);
    world_add(&world, "b.test", WITH_ECDSA);
    world.keyring->keys[0].id[0] ^= 1;
    assert_int_equal(world_prepare(&world, &err), -1);
    assert_non_null(strstr(err.text, "keyring"));
    tls_server_commit(world.server);
    assert_true(is_served(&world, "a.test"));
    world_done(&world);
}

static void a_session_lives_through_a_commit_that_takes_its_certificate(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    char words[] = "still here";
    struct iovec piece = { .iov_base = words, .iov_len = 10 };
    struct peer peer;
    char bytes[16];

    (void)state;
    serve(&world, TLS_PROFILE_INTERMEDIATE);
    peer_connect(&peer, &world, context, "a.test", NULL);
    assert_int_equal(peer.status, IO_OK);
    world_add(&world, "b.test", WITH_ECDSA);
    world.snapshot->tls.profile = TLS_PROFILE_MODERN;
    world_commit(&world);
    assert_int_equal(peer.layer->kind->write(peer.layer, &piece, 1, &peer.err), 0);
    while (peer_move(&peer))
        ;
    assert_int_equal(SSL_read(peer.ssl, bytes, sizeof(bytes)), 10);
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

static void set_groups(struct world *world, struct text *groups, size_t count)
{
    world->snapshot->tls.groups.items = groups;
    world->snapshot->tls.groups.count = count;
}

static void an_unknown_group_is_an_error_unless_it_is_a_default(void **state)
{
    struct text bad[] = { TEXT("X25519"), TEXT("nosuchgroup") };
    struct text good[] = { TEXT("secp384r1") };
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    struct tls_session_facts facts;
    struct peer peer;
    struct err err;

    (void)state;
    serve(&world, TLS_PROFILE_INTERMEDIATE); /* the default list: fine with every OpenSSL */
    world_add(&world, "a.test", WITH_ECDSA);
    set_groups(&world, bad, 2);
    assert_int_equal(world_prepare(&world, &err), -1);
    assert_non_null(strstr(err.text, "nosuchgroup"));
    assert_non_null(strstr(err.text, "tls.groups"));
    world_add(&world, "a.test", WITH_ECDSA);
    set_groups(&world, good, 1);
    world_commit(&world);
    peer_connect(&peer, &world, context, "a.test", NULL); /* by way of a HelloRetryRequest */
    assert_int_equal(peer.status, IO_OK);
    tls_session_facts(peer.layer, &facts);
    assert_string_equal(facts.group, "secp384r1");
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_profile_says_which_suites_of_tls_1_2_are_served),
        cmocka_unit_test(the_client_chooses_the_suite_of_tls_1_3),
        cmocka_unit_test(an_older_version_is_refused),
        cmocka_unit_test(alpn_is_what_is_switched_on),
        cmocka_unit_test(what_is_prepared_serves_only_when_committed),
        cmocka_unit_test(a_certificate_without_its_key_is_refused_and_the_old_serves_on),
        cmocka_unit_test(a_session_lives_through_a_commit_that_takes_its_certificate),
        cmocka_unit_test(an_unknown_group_is_an_error_unless_it_is_a_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
