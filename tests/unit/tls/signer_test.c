/*
 * Handshakes whose signatures another process makes: here it is a desk of swarmward-keys on the
 * same loop, or a bare channel in its place that answers nothing.
 */

#include "tls/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include "desk.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "tls_peer.h"

#define TURNS 60
#define CROWD 20

struct office {
    struct io *io;
    struct world world;
    struct keystore *store;
    struct desk *desk; /* NULL: nobody answers */
    SSL_CTX *context;
};

static void on_desk_closed(void *owner, struct desk *desk, const char *why)
{
    struct office *office = owner;

    (void)why;
    office->desk = NULL;
    desk_free(desk);
}

static void turn(struct office *office)
{
    event_base_loop(io_base(office->io), EVLOOP_NONBLOCK);
}

/* A process with keys, or one in the place of the last. */
static void open_desk(struct office *office)
{
    int ends[2];

    desk_free(office->desk);
    assert_int_equal(channel_pair(ends, NULL), 0);
    office->desk =
        desk_new(office->io, ends[0], ROLE_WORKER, office->store, on_desk_closed, office);
    signer_use(office->world.signer, ends[1]);
}

static void office_open(struct office *office, unsigned kinds, int version)
{
    *office = (struct office){ .io = io_new(), .store = keystore_new() };
    office->context = peer_context();
    SSL_CTX_set_min_proto_version(office->context, version);
    SSL_CTX_set_max_proto_version(office->context, version);
    office->world.signer = signer_new(office->io, NULL);
    world_begin(&office->world);
    world_add(&office->world, "a.test", kinds);
    keystore_prepare(office->store, keyring_ref(office->world.keyring));
    keystore_commit(office->store);
    world_commit(&office->world);
}

static void office_close(struct office *office)
{
    struct signer *signer = office->world.signer;

    world_done(&office->world);
    signer_free(signer);
    desk_free(office->desk);
    keystore_free(office->store);
    SSL_CTX_free(office->context);
    io_free(office->io);
}

static void step(struct peer *peer)
{
    if (!peer->connected)
        peer->connected = SSL_do_handshake(peer->ssl) == 1;
    if (peer->status == IO_AGAIN)
        peer->status = peer->layer->kind->handshake(peer->layer, &peer->err);
    peer_move(peer);
}

static void go_on(struct office *office, struct peer *peer)
{
    for (int i = 0; i < TURNS; i++) {
        step(peer);
        turn(office);
    }
}

static void begin(struct office *office, struct peer *peer)
{
    peer_begin(peer, &office->world, office->context, "a.test", NULL);
    step(peer);
    step(peer);
}

static void every_version_and_kind_of_key_shakes_hands(void **state)
{
    static const struct {
        int version;
        unsigned kinds;
        int key;
    } cases[] = {
        { TLS1_3_VERSION, WITH_ECDSA, EVP_PKEY_EC },
        { TLS1_3_VERSION, WITH_RSA, EVP_PKEY_RSA },
        { TLS1_3_VERSION, WITH_ECDSA | WITH_RSA, EVP_PKEY_EC },
        { TLS1_2_VERSION, WITH_ECDSA, EVP_PKEY_EC },
        { TLS1_2_VERSION, WITH_RSA, EVP_PKEY_RSA },
        { TLS1_2_VERSION, WITH_ECDSA | WITH_RSA, EVP_PKEY_EC },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct office office;
        struct peer peer;
        SSL_SESSION *session;

        office_open(&office, cases[i].kinds, cases[i].version);
        open_desk(&office);
        begin(&office, &peer);
        assert_int_equal(peer.status, IO_AGAIN);
        assert_true(peer.stream.held);
        go_on(&office, &peer);
        assert_int_equal(peer.status, IO_OK);
        assert_true(peer.connected);
        assert_int_equal(peer_key_kind(&peer), cases[i].key);
        session = peer_session(&peer);
        assert_non_null(session);
        SSL_SESSION_free(session);
        peer_done(&peer);
        office_close(&office);
    }
}

static void older_schemes_are_signed_too(void **state)
{
    static char schemes[][24] = { "rsa_pkcs1_sha256", "rsa_pkcs1_sha512", "rsa_pss_rsae_sha384" };

    (void)state;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        struct office office;
        struct peer peer;

        office_open(&office, WITH_RSA, TLS1_2_VERSION);
        assert_int_equal(SSL_CTX_set1_sigalgs_list(office.context, schemes[i]), 1);
        open_desk(&office);
        begin(&office, &peer);
        go_on(&office, &peer);
        assert_int_equal(peer.status, IO_OK);
        assert_true(peer.connected);
        peer_done(&peer);
        office_close(&office);
    }
}

static void without_a_process_a_handshake_waits(void **state)
{
    struct office office;
    struct peer peer;

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    begin(&office, &peer);
    go_on(&office, &peer);
    assert_int_equal(peer.status, IO_AGAIN);
    assert_true(peer.stream.held);
    open_desk(&office);
    go_on(&office, &peer);
    assert_int_equal(peer.status, IO_OK);
    assert_true(peer.connected);
    peer_done(&peer);
    office_close(&office);
}

static void what_a_dead_process_owes_is_asked_of_the_next(void **state)
{
    struct office office;
    struct peer peers[CROWD];
    int ends[2];

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    assert_int_equal(channel_pair(ends, NULL), 0);
    signer_use(office.world.signer, ends[1]);
    for (size_t i = 0; i < CROWD; i++)
        begin(&office, &peers[i]);
    turn(&office); /* they are asked */
    close(ends[0]);
    for (size_t i = 0; i < CROWD; i++)
        go_on(&office, &peers[i]);
    for (size_t i = 0; i < CROWD; i++)
        assert_int_equal(peers[i].status, IO_AGAIN);
    open_desk(&office);
    for (size_t i = 0; i < CROWD; i++)
        go_on(&office, &peers[i]);
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(peers[i].status, IO_OK);
        assert_true(peers[i].connected);
        peer_done(&peers[i]);
    }
    office_close(&office);
}

static void a_request_that_kills_is_not_put_to_all(void **state)
{
    struct office office;
    struct peer peer;

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    begin(&office, &peer);
    for (int i = 0; i < TURNS && peer.status == IO_AGAIN; i++) {
        int ends[2];

        assert_int_equal(channel_pair(ends, NULL), 0);
        signer_use(office.world.signer, ends[1]);
        turn(&office);
        close(ends[0]);
        turn(&office);
        step(&peer);
    }
    assert_int_equal(peer.status, IO_FAILED);
    peer_done(&peer);
    office_close(&office);
}

/* What came over the other end of a signer's channel. */
struct inbox {
    size_t messages;
    size_t requests;
};

static void on_message(void *owner, struct channel_message *message)
{
    struct inbox *inbox = owner;
    struct sign_request request;

    assert_int_equal(message->type, MESSAGE_SIGN);
    inbox->messages++;
    while (message->body.len) {
        assert_int_equal(sign_request_get(&message->body, &request), 0);
        assert_true(sign_request_is_tls_server(&request));
        inbox->requests++;
    }
}

static void on_closed(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

static const struct channel_handler inbox_handler = { on_message, on_closed };

static void a_turn_is_one_message(void **state)
{
    struct office office;
    struct peer peers[CROWD];
    struct inbox inbox = { 0 };
    struct channel *channel;
    int ends[2];

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    assert_int_equal(channel_pair(ends, NULL), 0);
    channel = channel_new(office.io, ends[0], &inbox_handler, &inbox);
    begin(&office, &peers[0]);
    peer_done(&peers[0]); /* nobody is asked for one that has left */
    signer_use(office.world.signer, ends[1]);
    for (size_t i = 0; i < CROWD; i++)
        begin(&office, &peers[i]);
    for (int i = 0; i < TURNS; i++)
        turn(&office);
    assert_int_equal(inbox.requests, CROWD);
    assert_int_equal(inbox.messages, 1);
    for (size_t i = 0; i < CROWD; i++)
        peer_done(&peers[i]); /* while they wait */
    channel_free(channel);
    office_close(&office);
}

static void who_leaves_while_it_waits_is_forgotten(void **state)
{
    struct office office;
    struct peer asked;
    struct peer waiting;
    struct peer last;

    (void)state;
    office_open(&office, WITH_RSA, TLS1_2_VERSION);
    begin(&office, &waiting);
    peer_done(&waiting); /* before anybody could be asked */
    begin(&office, &asked);
    open_desk(&office);
    event_base_loop(io_base(office.io), EVLOOP_NONBLOCK);
    peer_done(&asked); /* its answer comes to nobody */
    begin(&office, &last);
    go_on(&office, &last);
    assert_int_equal(last.status, IO_OK);
    peer_done(&last);
    office_close(&office);
}

static void without_its_key_a_handshake_fails(void **state)
{
    struct office office;
    struct peer peer;

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    keystore_prepare(office.store, keyring_new());
    keystore_commit(office.store);
    keystore_forget_previous(office.store);
    open_desk(&office);
    begin(&office, &peer);
    go_on(&office, &peer);
    assert_int_equal(peer.status, IO_FAILED);
    assert_false(peer.connected);
    peer_done(&peer);
    office_close(&office);
}

/* A process that answers what nobody asked for is not asked again. */
static void an_answer_to_nothing_is_the_end_of_a_channel(void **state)
{
    struct office office;
    struct peer peer;
    struct buffer packet = { 0 };
    struct sign_answer answer = { .id = 77, .signature = TEXT("x") };
    int ends[2];

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    assert_int_equal(channel_pair(ends, NULL), 0);
    signer_use(office.world.signer, ends[1]);
    begin(&office, &peer);
    wire_put_u32(&packet, MESSAGE_SIGNED);
    sign_answer_put(&packet, &answer);
    assert_int_equal(write(ends[0], packet.bytes, buffer_len(&packet)), buffer_len(&packet));
    go_on(&office, &peer);
    assert_int_equal(peer.status, IO_AGAIN);
    open_desk(&office);
    go_on(&office, &peer);
    assert_int_equal(peer.status, IO_OK);
    close(ends[0]);
    buffer_done(&packet);
    peer_done(&peer);
    office_close(&office);
}

/* Ours is asked for by name only: everybody else gets the keys of the default provider. */
static void the_provider_serves_nobody_else(void **state)
{
    struct office office;
    EVP_PKEY *key;

    (void)state;
    office_open(&office, WITH_ECDSA, TLS1_3_VERSION);
    key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_string_equal(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)), "default");
    EVP_PKEY_free(key);
    office_close(&office);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_and_kind_of_key_shakes_hands),
        cmocka_unit_test(older_schemes_are_signed_too),
        cmocka_unit_test(without_a_process_a_handshake_waits),
        cmocka_unit_test(what_a_dead_process_owes_is_asked_of_the_next),
        cmocka_unit_test(a_request_that_kills_is_not_put_to_all),
        cmocka_unit_test(a_turn_is_one_message),
        cmocka_unit_test(who_leaves_while_it_waits_is_forgotten),
        cmocka_unit_test(without_its_key_a_handshake_fails),
        cmocka_unit_test(an_answer_to_nothing_is_the_end_of_a_channel),
        cmocka_unit_test(the_provider_serves_nobody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
