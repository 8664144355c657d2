/* Which certificate a client gets for its name and its abilities, and who gets none. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls_peer.h"

struct choice_case {
    const char *name; /* NULL: none sent */
    const char *shown;
    char *signatures;
    int kind;    /* EVP_PKEY_... or 0: refused */
    int version; /* 0: any */
};

static char rsa_only[] = "RSA-PSS+SHA256:RSA+SHA256";
static char ecdsa_only[] = "ECDSA+SHA256";
static char rsa_first[] = "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA256";

static const struct choice_case cases[] = {
    { "exact.test", "exact.test", NULL, EVP_PKEY_EC, 0 },
    { "EXACT.Test", "exact.test", NULL, EVP_PKEY_EC, 0 },
    { "exact.test.", "exact.test", NULL, EVP_PKEY_EC, 0 },
    { "exact.test", "exact.test", ecdsa_only, EVP_PKEY_EC, TLS1_2_VERSION },
    { "exact.test", NULL, rsa_only, 0, 0 },
    { "exact.test", NULL, rsa_only, 0, TLS1_2_VERSION },
    { "old.test", "old.test", NULL, EVP_PKEY_RSA, 0 },
    { "old.test", "old.test", NULL, EVP_PKEY_RSA, TLS1_2_VERSION },
    { "old.test", NULL, ecdsa_only, 0, 0 },
    { "both.test", "both.test", NULL, EVP_PKEY_EC, 0 },
    { "both.test", "both.test", rsa_first, EVP_PKEY_EC, 0 },
    { "both.test", "both.test", rsa_only, EVP_PKEY_RSA, 0 },
    { "both.test", "both.test", ecdsa_only, EVP_PKEY_EC, 0 },
    { "both.test", "both.test", rsa_only, EVP_PKEY_RSA, TLS1_2_VERSION },
    { "both.test", "both.test", ecdsa_only, EVP_PKEY_EC, TLS1_2_VERSION },
    { "a.wild.test", "*.wild.test", NULL, EVP_PKEY_EC, 0 },
    { "special.wild.test", "special.wild.test", NULL, EVP_PKEY_EC, 0 },
    { "a.b.wild.test", NULL, NULL, 0, 0 },
    { "wild.test", NULL, NULL, 0, 0 },
    { "unknown.test", NULL, NULL, 0, 0 },
    { "unknown.test", NULL, NULL, 0, TLS1_2_VERSION },
    { NULL, NULL, NULL, 0, 0 },
};

static void build(struct world *world)
{
    world_begin(world);
    world_add(world, "exact.test", WITH_ECDSA);
    world_add(world, "old.test", WITH_RSA);
    world_add(world, "both.test", WITH_ECDSA | WITH_RSA);
    world_add(world, "*.wild.test", WITH_ECDSA);
    world_add(world, "special.wild.test", WITH_ECDSA);
}

/* The common name of what the client was shown. */
static void shown_name(const struct peer *peer, char *name, int bytes)
{
    X509 *shown = SSL_get0_peer_certificate(peer->ssl);

    name[0] = '\0';
    if (shown)
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, bytes);
}

static void check_case(struct world *world, const struct choice_case *want)
{
    SSL_CTX *context = peer_context();
    struct peer peer;
    char name[256];

    if (want->signatures)
        SSL_CTX_set1_sigalgs_list(context, want->signatures);
    if (want->version)
        SSL_CTX_set_max_proto_version(context, want->version);
    peer_connect(&peer, world, context, want->name, NULL);
    shown_name(&peer, name, sizeof(name));
    if (want->kind) {
        assert_true(peer.connected);
        assert_int_equal(peer.status, IO_OK);
        assert_string_equal(name, want->shown);
        assert_int_equal(peer_key_kind(&peer), want->kind);
        assert_string_equal(tls_session_refusal(peer.layer), "");
    } else {
        assert_false(peer.connected);
        assert_int_equal(peer.status, IO_FAILED);
        assert_true(peer.alert >= 0);
    }
    peer_done(&peer);
    SSL_CTX_free(context);
}

static void the_certificate_follows_the_name_and_the_abilities(void **state)
{
    struct world world = { 0 };

    (void)state;
    build(&world);
    world_commit(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_case(&world, &cases[i]);
    world_done(&world);
}

static void check_refused(struct world *world, const char *name)
{
    SSL_CTX *context = peer_context();
    struct peer peer;

    peer_connect(&peer, world, context, name, NULL);
    assert_int_equal(peer.status, IO_FAILED);
    assert_int_equal(peer.alert, SSL_AD_UNRECOGNIZED_NAME);
    assert_string_equal(tls_session_refusal(peer.layer), "unrecognized_name");
    peer_done(&peer);
    SSL_CTX_free(context);
}

static void an_unknown_or_missing_name_is_refused_with_the_right_alert(void **state)
{
    struct world world = { 0 };

    (void)state;
    build(&world);
    world_commit(&world);
    check_refused(&world, "unknown.test");
    check_refused(&world, NULL);
    check_refused(&world, ".");
    world_done(&world);
}

static void with_a_fallback_an_unknown_or_missing_name_gets_it(void **state)
{
    static const char *const names[] = { "unknown.test", NULL };
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    struct peer peer;
    char name[256];

    (void)state;
    build(&world);
    world.snapshot->fallback_certificates[KEY_ECDSA] =
        world.snapshot->domains[2].certificates[KEY_ECDSA];
    world_commit(&world);
    for (size_t i = 0; i < 2; i++) {
        peer_connect(&peer, &world, context, names[i], NULL);
        assert_int_equal(peer.status, IO_OK);
        shown_name(&peer, name, sizeof(name));
        assert_string_equal(name, "both.test");
        peer_done(&peer);
    }
    SSL_CTX_free(context);
    world_done(&world);
}

struct serves_case {
    const char *name; /* of the session */
    const char *host;
    bool serves;
};

static const struct serves_case serves_cases[] = {
    { "exact.test", "exact.test", true },    { "exact.test", "old.test", false },
    { "exact.test", "alias.test", true },    { "alias.test", "exact.test", true },
    { "a.wild.test", "b.wild.test", true },  { "a.wild.test", "special.wild.test", false },
    { "exact.test", "nowhere.test", false }, { "nowhere.test", "exact.test", false },
    { "nowhere.test", "both.test", true },   { NULL, "both.test", true },
    { NULL, "exact.test", false },           { "nowhere.test", "elsewhere.test", true },
};

static void a_session_serves_hosts_with_the_same_certificates_only(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    struct peer peer;
    uint32_t alias;

    (void)state;
    build(&world);
    alias = world_add(&world, "alias.test", 0);
    memcpy(world.snapshot->domains[alias].certificates, world.snapshot->domains[0].certificates,
           sizeof(world.snapshot->domains[0].certificates));
    memcpy(world.snapshot->fallback_certificates, world.snapshot->domains[2].certificates,
           sizeof(world.snapshot->fallback_certificates));
    world_commit(&world);
    for (size_t i = 0; i < sizeof(serves_cases) / sizeof(serves_cases[0]); i++) {
        const struct serves_case *want = &serves_cases[i];

        peer_connect(&peer, &world, context, want->name, NULL);
        assert_int_equal(peer.status, IO_OK);
        assert_int_equal(tls_session_serves(peer.layer, world_current(&world), text_of(want->host)),
                         want->serves);
        peer_done(&peer);
    }
    SSL_CTX_free(context);
    world_done(&world);
}

static void the_facts_say_what_was_agreed(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    char group[] = "X25519"; /* OpenSSL is not const-correct */
    struct tls_session_facts facts;
    struct peer peer;

    (void)state;
    build(&world);
    world_commit(&world);
    SSL_CTX_set1_groups_list(context, group);
    SSL_CTX_set_ciphersuites(context, "TLS_CHACHA20_POLY1305_SHA256");
    peer_connect(&peer, &world, context, "Exact.test", NULL);
    tls_session_facts(peer.layer, &facts);
    assert_string_equal(facts.version, "TLSv1.3");
    assert_string_equal(facts.cipher, "TLS_CHACHA20_POLY1305_SHA256");
    assert_string_equal(facts.group, "X25519");
    assert_false(facts.resumed);
    assert_true(text_equal(facts.server_name, TEXT("exact.test")));
    assert_int_equal(facts.alpn.len, 0);
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_certificate_follows_the_name_and_the_abilities),
        cmocka_unit_test(an_unknown_or_missing_name_is_refused_with_the_right_alert),
        cmocka_unit_test(with_a_fallback_an_unknown_or_missing_name_gets_it),
        cmocka_unit_test(a_session_serves_hosts_with_the_same_certificates_only),
        cmocka_unit_test(the_facts_say_what_was_agreed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
