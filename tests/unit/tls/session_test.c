/* Bytes through an established session, its ends, and what a hostile peer may not do. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/memory.h"
#include "tls_peer.h"

#define MOST_BYTES ((size_t)300000)

struct pair {
    struct world world;
    SSL_CTX *context;
    struct peer peer;
};

static void pair_open(struct pair *pair, int version)
{
    *pair = (struct pair){ .context = peer_context() };
    SSL_CTX_set_min_proto_version(pair->context, version);
    SSL_CTX_set_max_proto_version(pair->context, version);
    world_begin(&pair->world);
    world_add(&pair->world, "a.test", WITH_ECDSA);
    world_commit(&pair->world);
    peer_connect(&pair->peer, &pair->world, pair->context, "a.test", NULL);
    assert_int_equal(pair->peer.status, IO_OK);
    assert_true(pair->peer.connected);
}

static void pair_close(struct pair *pair)
{
    peer_done(&pair->peer);
    SSL_CTX_free(pair->context);
    world_done(&pair->world);
}

static void fill(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * 7 + i / 251);
}

/* All that the client can read now. */
static size_t client_read(struct peer *peer, char *into, size_t bytes)
{
    size_t total = 0;
    size_t got;

    while (peer_move(peer))
        ;
    while (total < bytes && SSL_read_ex(peer->ssl, into + total, bytes - total, &got) == 1)
        total += got;
    return total;
}

static enum io_status server_read(struct peer *peer, char *into, size_t bytes, size_t *got)
{
    *got = 0;
    peer->err.text[0] = '\0';
    return peer->layer->kind->read(peer->layer, into, bytes, got, &peer->err);
}

#define PIECES_MOST 5

struct write_case {
    size_t pieces[PIECES_MOST];
    size_t records; /* that leave */
};

static const struct write_case write_cases[] = {
    { { 1 }, 1 },
    { { 300, 1024 }, 1 },
    { { 300, 16384 - 300 }, 1 },
    { { 300, 16384 }, 2 },
    { { 16384 }, 1 },
    { { 16385 }, 2 },
    { { 65536 }, 4 },
    { { 65536, 3 }, 5 },
    { { 10, 65536 }, 5 },
    { { 10, 65536, 10 }, 5 },
    { { 5, 5, 5, 5, 5 }, 1 },
    { { 16000, 384, 16000, 384, 16384 }, 3 },
    { { 100000, 100000, 100000 }, 19 },
    { { 0, 7, 0 }, 1 },
    { { 0 }, 0 },
};

// NOLINTNEXTLINE(readability-non-const-parameter): iovec is not const
static size_t make_pieces(const struct write_case *want, char *bytes, struct iovec *pieces)
{
    size_t total = 0;

    for (size_t i = 0; i < PIECES_MOST; i++) {
        pieces[i] = (struct iovec){ .iov_base = bytes + total, .iov_len = want->pieces[i] };
        total += want->pieces[i];
    }
    return total;
}

static void pieces_of_any_size_arrive_whole_in_full_records(void **state)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    char *sent = memory_new(MOST_BYTES);
    char *got = memory_new(MOST_BYTES + 1);

    (void)state;
    fill(sent, MOST_BYTES);
    for (size_t v = 0; v < 2; v++) {
        struct pair pair;
        struct peer *peer = &pair.peer;

        pair_open(&pair, versions[v]);
        SSL_SESSION_free(peer_session(peer)); /* a ticket leaves with the first response */
        for (size_t i = 0; i < sizeof(write_cases) / sizeof(write_cases[0]); i++) {
            struct iovec pieces[PIECES_MOST];
            size_t total = make_pieces(&write_cases[i], sent, pieces);

            client_read(peer, got, 1);
            peer->stream.sends = 0;
            assert_int_equal(peer->layer->kind->write(peer->layer, pieces, PIECES_MOST, &peer->err),
                             0);
            assert_int_equal(peer->stream.sends, write_cases[i].records);
            assert_int_equal(client_read(peer, got, MOST_BYTES + 1), total);
            assert_memory_equal(got, sent, total);
        }
        pair_close(&pair);
    }
    free(sent);
    free(got);
}

static void one_read_takes_all_the_records_that_came(void **state)
{
    char *sent = memory_new(MOST_BYTES);
    char *got = memory_new(MOST_BYTES);
    struct pair pair;
    size_t read = 0;
    size_t written;

    (void)state;
    fill(sent, MOST_BYTES);
    pair_open(&pair, TLS1_3_VERSION);
    assert_int_equal(server_read(&pair.peer, got, 10, &read), IO_AGAIN);
    assert_int_equal(SSL_write_ex(pair.peer.ssl, sent, 60000, &written), 1);
    while (peer_move(&pair.peer))
        ;
    assert_false(pair.peer.layer->kind->has_buffered(pair.peer.layer));
    assert_int_equal(server_read(&pair.peer, got, 10, &read), IO_OK);
    assert_int_equal(read, 10);
    assert_true(pair.peer.layer->kind->has_buffered(pair.peer.layer));
    assert_int_equal(server_read(&pair.peer, got + 10, MOST_BYTES - 10, &read), IO_OK);
    assert_int_equal(read, 60000 - 10);
    assert_memory_equal(got, sent, 60000);
    assert_false(pair.peer.layer->kind->has_buffered(pair.peer.layer));
    assert_int_equal(server_read(&pair.peer, got, 10, &read), IO_AGAIN);
    pair_close(&pair);
    free(sent);
    free(got);
}

static void a_handshake_one_byte_at_a_time_succeeds(void **state)
{
    struct pair pair = { .context = peer_context() };
    struct peer *peer = &pair.peer;
    struct buffer waiting = { 0 };

    (void)state;
    world_begin(&pair.world);
    world_add(&pair.world, "a.test", WITH_ECDSA);
    world_commit(&pair.world);
    peer_begin(peer, &pair.world, pair.context, "a.test", NULL);
    while (peer->status == IO_AGAIN) {
        do
            SSL_do_handshake(peer->ssl);
        while (peer_move(peer));
        buffer_append_text(&waiting, buffer_text(&peer->stream.input));
        buffer_clear(&peer->stream.input);
        assert_true(buffer_len(&waiting) > 0);
        buffer_append(&peer->stream.input, buffer_text(&waiting).at, 1);
        buffer_consume(&waiting, 1);
        peer->status = peer->layer->kind->handshake(peer->layer, &peer->err);
    }
    assert_int_equal(peer->status, IO_OK);
    assert_int_equal(buffer_len(&waiting), 0);
    buffer_done(&waiting);
    pair_close(&pair);
}

static void a_goodbye_and_a_cut_both_are_the_end(void **state)
{
    struct pair pair;
    char byte;
    size_t got;

    (void)state;
    pair_open(&pair, TLS1_3_VERSION);
    SSL_write(pair.peer.ssl, "x", 1);
    SSL_shutdown(pair.peer.ssl);
    peer_move(&pair.peer);
    assert_int_equal(server_read(&pair.peer, &byte, 1, &got), IO_OK);
    assert_int_equal(server_read(&pair.peer, &byte, 1, &got), IO_CLOSED);
    assert_int_equal(server_read(&pair.peer, &byte, 1, &got), IO_CLOSED);
    pair_close(&pair);
    pair_open(&pair, TLS1_2_VERSION);
    pair.peer.stream.at_end = true;
    assert_int_equal(server_read(&pair.peer, &byte, 1, &got), IO_CLOSED);
    pair_close(&pair);
}

static void a_shutdown_says_goodbye(void **state)
{
    struct pair pair;
    char byte;

    (void)state;
    pair_open(&pair, TLS1_3_VERSION);
    pair.peer.layer->kind->shutdown(pair.peer.layer);
    while (peer_move(&pair.peer))
        ;
    assert_int_equal(SSL_read(pair.peer.ssl, &byte, 1), 0);
    assert_int_equal(SSL_get_error(pair.peer.ssl, 0), SSL_ERROR_ZERO_RETURN);
    pair_close(&pair);
}

static void a_damaged_record_breaks_the_session_and_nothing_follows(void **state)
{
    struct pair pair;
    char byte = 'x';
    struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
    size_t got;

    (void)state;
    pair_open(&pair, TLS1_3_VERSION);
    SSL_write(pair.peer.ssl, "hello", 5);
    peer_move(&pair.peer);
    pair.peer.stream.input.bytes[pair.peer.stream.input.end - 1] ^= 1;
    assert_int_equal(server_read(&pair.peer, &byte, 1, &got), IO_FAILED);
    assert_string_equal(tls_session_refusal(pair.peer.layer), "bad_record");
    assert_true(pair.peer.err.text[0] != '\0');
    assert_int_equal(pair.peer.layer->kind->write(pair.peer.layer, &piece, 1, &pair.peer.err), -1);
    pair.peer.layer->kind->shutdown(pair.peer.layer);
    pair_close(&pair);
}

struct refusal_case {
    const char *bytes;
    const char *word;
};

static const struct refusal_case refusal_cases[] = {
    { "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "plain_http" },
    { "CONNECT a.test:443 HTTP/1.1\r\n\r\n", "plain_http" },
    { "\x16\x03\x01\xff\xff\x01", "bad_record" },
    { "SSH-2.0-OpenSSH_9.2\r\n", "bad_record" },
};

static void what_is_no_tls_is_refused_with_a_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusal_cases) / sizeof(refusal_cases[0]); i++) {
        struct pair pair = { .context = peer_context() };
        struct peer *peer = &pair.peer;

        world_begin(&pair.world);
        world_add(&pair.world, "a.test", WITH_ECDSA);
        world_commit(&pair.world);
        peer_begin(peer, &pair.world, pair.context, "a.test", NULL);
        buffer_append(&peer->stream.input, refusal_cases[i].bytes, strlen(refusal_cases[i].bytes));
        peer->status = peer->layer->kind->handshake(peer->layer, &peer->err);
        assert_int_equal(peer->status, IO_FAILED);
        assert_string_equal(tls_session_refusal(peer->layer), refusal_cases[i].word);
        pair_close(&pair);
    }
}

static void a_client_that_goes_away_is_closed(void **state)
{
    struct pair pair = { .context = peer_context() };

    (void)state;
    world_begin(&pair.world);
    world_add(&pair.world, "a.test", WITH_ECDSA);
    world_commit(&pair.world);
    peer_begin(&pair.peer, &pair.world, pair.context, "a.test", NULL);
    pair.peer.stream.at_end = true;
    assert_int_equal(pair.peer.layer->kind->handshake(pair.peer.layer, &pair.peer.err), IO_CLOSED);
    assert_string_equal(tls_session_refusal(pair.peer.layer), "closed");
    pair_close(&pair);
}

static void a_client_that_rejects_us_is_a_peer_alert(void **state)
{
    struct pair pair = { .context = peer_context() };

    (void)state;
    SSL_CTX_set_verify(pair.context, SSL_VERIFY_PEER, NULL);
    world_begin(&pair.world);
    world_add(&pair.world, "a.test", WITH_ECDSA);
    world_commit(&pair.world);
    peer_connect(&pair.peer, &pair.world, pair.context, "a.test", NULL);
    assert_int_equal(pair.peer.status, IO_FAILED);
    assert_string_equal(tls_session_refusal(pair.peer.layer), "peer_alert");
    pair_close(&pair);
}

/* How many of `count` key updates, each followed by one byte, the server bears. */
static size_t key_updates_borne(size_t count)
{
    struct pair pair;
    size_t borne = 0;
    char bytes[16];
    size_t got;

    pair_open(&pair, TLS1_3_VERSION);
    while (borne < count) {
        assert_int_equal(SSL_key_update(pair.peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_write(pair.peer.ssl, "x", 1), 1);
        peer_move(&pair.peer);
        if (server_read(&pair.peer, bytes, sizeof(bytes), &got) != IO_OK)
            break;
        client_read(&pair.peer, bytes, sizeof(bytes));
        borne++;
    }
    if (borne < count)
        assert_string_equal(tls_session_refusal(pair.peer.layer), "flood");
    pair_close(&pair);
    return borne;
}

static void some_key_updates_are_fine_and_a_flood_is_not(void **state)
{
    (void)state;
    assert_int_equal(key_updates_borne(20), 20);
    assert_true(key_updates_borne(1000) < 100);
}

static void renegotiation_is_refused_and_the_session_lives_on(void **state)
{
    struct pair pair;
    char bytes[16];
    size_t got;

    (void)state;
    pair_open(&pair, TLS1_2_VERSION);
    assert_int_equal(SSL_renegotiate(pair.peer.ssl), 1);
    SSL_do_handshake(pair.peer.ssl);
    peer_move(&pair.peer);
    assert_int_equal(server_read(&pair.peer, bytes, sizeof(bytes), &got), IO_AGAIN);
    while (peer_move(&pair.peer))
        ;
    ERR_clear_error();
    assert_true(SSL_do_handshake(pair.peer.ssl) != 1);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_arrive_whole_in_full_records),
        cmocka_unit_test(one_read_takes_all_the_records_that_came),
        cmocka_unit_test(a_handshake_one_byte_at_a_time_succeeds),
        cmocka_unit_test(a_goodbye_and_a_cut_both_are_the_end),
        cmocka_unit_test(a_shutdown_says_goodbye),
        cmocka_unit_test(a_damaged_record_breaks_the_session_and_nothing_follows),
        cmocka_unit_test(what_is_no_tls_is_refused_with_a_word),
        cmocka_unit_test(a_client_that_goes_away_is_closed),
        cmocka_unit_test(a_client_that_rejects_us_is_a_peer_alert),
        cmocka_unit_test(some_key_updates_are_fine_and_a_flood_is_not),
        cmocka_unit_test(renegotiation_is_refused_and_the_session_lives_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
