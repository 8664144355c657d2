/* Ticket keys against another implementation of HKDF, and what a ticket resumes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tls_peer.h"
#include "tls_private.h"

#define EPOCH_S INT64_C(28800) /* the default of tls.ticket_rotation */

struct vector {
    const char *policy;
    uint64_t epoch;
    const char *hex; /* name, cipher key, MAC key; made with Python's hmac */
};

static const struct vector vectors[] = {
    { "intermediate", 0,
      "27c809e46643c8615586a7a9fdab6c2ac6618959d99f437b46a97eff5ad10ba85f7d0408842bf94a"
      "9cdaa934e21984545c85d65905e9cafcc5cd37265448dec202884645b101ec64690fbd2b4f8b214c" },
    { "intermediate", 1,
      "ffac9bbddb9c375503d3f477251a54d4f05e0d571d2a609b753054b17152e3283cd93779489d7a75"
      "d30774aa397b653294b9e857eaa0aacbd1f5a4e1ddfb5dbc06d5fdbe4af43d9df776c3a455d18d8d" },
    { "modern", 61234,
      "a2a4e1c89cf48e83b8fca6626ff26796153b759ddf93a4d7f65815e88a02d9bf555ee6d2a1a6e516"
      "bed7250aee4421573aec2f21e93a8c091bbf74d4fda7b967a37399a9fb9d12fd23e7dfe9b4270952" },
};

static void a_ticket_key_is_what_hkdf_makes_of_secret_policy_and_epoch(void **state)
{
    uint8_t secret[KEYRING_TICKET_SECRET_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct ticket_key key;
        uint8_t bytes[TICKET_NAME_BYTES + TICKET_CIPHER_BYTES + TICKET_MAC_BYTES];
        char hex[2 * sizeof(bytes) + 1];

        assert_int_equal(
            ticket_key_derive(secret, text_of(vectors[i].policy), vectors[i].epoch, &key, NULL), 0);
        memcpy(bytes, key.name, TICKET_NAME_BYTES);
        memcpy(bytes + TICKET_NAME_BYTES, key.cipher, TICKET_CIPHER_BYTES);
        memcpy(bytes + TICKET_NAME_BYTES + TICKET_CIPHER_BYTES, key.mac, TICKET_MAC_BYTES);
        for (size_t at = 0; at < sizeof(bytes); at++)
            snprintf(hex + 2 * at, 3, "%02x", bytes[at]);
        assert_string_equal(hex, vectors[i].hex);
    }
}

/* Two domains, and the secret that a byte says. */
static void serve(struct world *world, int secret)
{
    if (!world->server)
        world_begin(world);
    world_add(world, "a.test", WITH_ECDSA);
    world_add(world, "b.test", WITH_ECDSA);
    memset(world->keyring->ticket_secret, secret, sizeof(world->keyring->ticket_secret));
}

static SSL_SESSION *first_session(struct world *world, SSL_CTX *context)
{
    struct peer peer;
    SSL_SESSION *session;

    peer_connect(&peer, world, context, "a.test", NULL);
    assert_int_equal(peer.status, IO_OK);
    session = peer_session(&peer);
    peer_done(&peer);
    return session;
}

static bool resumes(struct world *world, SSL_CTX *context, const char *name, SSL_SESSION *session)
{
    struct tls_session_facts facts;
    struct peer peer;

    peer_connect(&peer, world, context, name, session);
    assert_int_equal(peer.status, IO_OK);
    tls_session_facts(peer.layer, &facts);
    assert_int_equal(facts.resumed, SSL_session_reused(peer.ssl));
    peer_done(&peer);
    return facts.resumed;
}

static SSL_CTX *context_of(int version)
{
    SSL_CTX *context = peer_context();

    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* use a ticket more than once */
    return context;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static void a_ticket_resumes_wherever_the_secret_is_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world first = { 0 };
        struct world second = { 0 };
        struct world other = { 0 };
        SSL_CTX *context = context_of(versions[i]);
        SSL_SESSION *session;

        serve(&first, 1);
        world_commit(&first);
        serve(&second, 1);
        world_commit(&second);
        serve(&other, 2);
        world_commit(&other);
        session = first_session(&first, context);
        assert_non_null(session);
        assert_true(resumes(&first, context, "a.test", session));
        assert_true(resumes(&second, context, "a.test", session));
        assert_false(resumes(&other, context, "a.test", session));
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
        world_done(&first);
        world_done(&second);
        world_done(&other);
    }
}

static void a_ticket_is_good_for_its_domain_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world = { 0 };
        SSL_CTX *context = context_of(versions[i]);
        SSL_SESSION *session;

        serve(&world, 1);
        world_commit(&world);
        session = first_session(&world, context);
        assert_non_null(session);
        assert_false(resumes(&world, context, "b.test", session));
        assert_true(resumes(&world, context, "a.test", session));
        SSL_SESSION_free(session);
        SSL_CTX_free(context);
        world_done(&world);
    }
}

struct epoch_case {
    int64_t later_s;
    bool resumes;
};

/* The ticket is made in the middle of an epoch. The client forgets it after two epochs. */
static const struct epoch_case epoch_cases[] = {
    { 0, true },
    { EPOCH_S, true },
    { 2 * EPOCH_S, true },
    { 3 * EPOCH_S, false },
    { -EPOCH_S, true }, /* this replica's clock is behind */
    { -2 * EPOCH_S, false },
};

static void a_ticket_resumes_for_two_epochs_more_and_renews(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = context_of(TLS1_3_VERSION);
    int64_t now_s = 1700000000 / EPOCH_S * EPOCH_S + EPOCH_S / 2;
    SSL_SESSION *session;

    (void)state;
    serve(&world, 1);
    world_commit(&world);
    tickets_set_clock(world.server->current.setup->tickets, now_s);
    session = first_session(&world, context);
    assert_non_null(session);
    for (size_t i = 0; i < sizeof(epoch_cases) / sizeof(epoch_cases[0]); i++) {
        tickets_set_clock(world.server->current.setup->tickets, now_s + epoch_cases[i].later_s);
        assert_int_equal(resumes(&world, context, "a.test", session), epoch_cases[i].resumes);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    world_done(&world);
}

static int count_tickets(SSL *ssl, SSL_SESSION *session)
{
    (void)session;
    (*(size_t *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))++;
    return 0;
}

static void each_handshake_brings_exactly_one_ticket(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = context_of(TLS1_3_VERSION);
    SSL_SESSION *session = NULL;
    size_t tickets = 0;
    struct peer peer;

    (void)state;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, count_tickets);
    SSL_CTX_set_app_data(context, &tickets);
    serve(&world, 1);
    world_commit(&world);
    for (size_t i = 1; i < 4; i++) {
        peer_connect(&peer, &world, context, "a.test", session);
        SSL_SESSION_free(session);
        session = peer_session(&peer);
        assert_non_null(session);
        assert_int_equal(tickets, i);
        assert_int_equal(SSL_session_reused(peer.ssl), i > 1);
        assert_int_equal(SSL_SESSION_get_ticket_lifetime_hint(session), 2 * EPOCH_S);
        peer_done(&peer);
    }
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    world_done(&world);
}

static void a_ticket_leaves_with_the_first_response(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = context_of(TLS1_3_VERSION);
    struct peer peer;
    SSL_SESSION *session;

    (void)state;
    serve(&world, 1);
    world_commit(&world);
    peer_connect(&peer, &world, context, "a.test", NULL);
    assert_int_equal(peer.status, IO_OK);
    assert_int_equal(peer.stream.sends, peer.sends_for_hello);
    session = peer_session(&peer);
    assert_non_null(session);
    SSL_SESSION_free(session);
    peer_done(&peer);
    peer_connect(&peer, &world, context, "a.test", NULL);
    peer.layer->kind->shutdown(peer.layer); /* or with the goodbye */
    while (peer_move(&peer))
        ;
    assert_int_equal(SSL_read(peer.ssl, &(char){ 0 }, 1), 0);
    assert_true(SSL_SESSION_is_resumable(SSL_get0_session(peer.ssl)));
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

static void switched_off_there_is_no_ticket(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world = { 0 };
        SSL_CTX *context = context_of(versions[i]);

        serve(&world, 1);
        world.snapshot->tls.session_tickets = SESSION_TICKETS_OFF;
        world_commit(&world);
        assert_null(first_session(&world, context));
        SSL_CTX_free(context);
        world_done(&world);
    }
}

static void a_stricter_profile_takes_no_ticket_of_the_laxer_one(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = context_of(TLS1_3_VERSION);
    SSL_SESSION *session;

    (void)state;
    serve(&world, 1);
    world_commit(&world);
    session = first_session(&world, context);
    assert_non_null(session);
    serve(&world, 1);
    world.snapshot->tls.profile = TLS_PROFILE_MODERN;
    world_commit(&world);
    assert_false(resumes(&world, context, "a.test", session));
    SSL_SESSION_free(session);
    SSL_CTX_free(context);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_key_is_what_hkdf_makes_of_secret_policy_and_epoch),
        cmocka_unit_test(a_ticket_resumes_wherever_the_secret_is_the_same),
        cmocka_unit_test(a_ticket_is_good_for_its_domain_only),
        cmocka_unit_test(a_ticket_resumes_for_two_epochs_more_and_renews),
        cmocka_unit_test(each_handshake_brings_exactly_one_ticket),
        cmocka_unit_test(a_ticket_leaves_with_the_first_response),
        cmocka_unit_test(switched_off_there_is_no_ticket),
        cmocka_unit_test(a_stricter_profile_takes_no_ticket_of_the_laxer_one),
    };

    kdf_provider_load(); /* as a worker: before a key is derived */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
