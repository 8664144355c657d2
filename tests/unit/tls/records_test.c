/* What a TLS 1.3 peer may send behind the handshake, and what of it ends the connection how. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "tls_peer.h"
#include "tls_private.h"

#define ALERT_NONE 255
#define PLAIN_MOST 17000

/* A server in the middle of a connection, and the keys of its client in our hands. */
struct scene {
    struct world world;
    SSL_CTX *context;
    struct peer peer;
    struct tls_session *session;
    const struct record_suite *suite;
    struct record_half client;
};

static void scene_open(struct scene *scene, const char *suite)
{
    *scene = (struct scene){ .context = peer_context() };
    if (suite)
        SSL_CTX_set_ciphersuites(scene->context, suite);
    world_begin(&scene->world);
    world_add(&scene->world, "a.test", WITH_ECDSA);
    world_commit(&scene->world);
    peer_connect(&scene->peer, &scene->world, scene->context, "a.test", NULL);
    assert_int_equal(scene->peer.status, IO_OK);
    scene->session = (struct tls_session *)scene->peer.layer;
    assert_null(scene->session->ssl); /* it was taken over */
    scene->suite = scene->session->records->suite;
    memcpy(scene->client.secret, scene->session->records->in.secret, RECORD_SECRET_BYTES);
    assert_true(record_half_init(&scene->client, scene->suite, true));
    while (peer_move(&scene->peer))
        ;
}

static void scene_close(struct scene *scene)
{
    record_half_done(&scene->client);
    peer_done(&scene->peer);
    SSL_CTX_free(scene->context);
    world_done(&scene->world);
}

/* A record as the client would make it, with `padding` zeros behind its type, into the input. */
static void send_record(struct scene *scene, uint8_t type, const void *bytes, size_t len,
                        size_t padding)
{
    struct buffer *input = &scene->peer.stream.input;
    size_t body = len + 1 + padding + RECORD_TAG_BYTES;
    uint8_t header[RECORD_HEADER_BYTES] = { 23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body };
    uint8_t *plain = memory_new(len + 1 + padding);
    uint8_t *sealed = memory_new(body);
    int done;

    if (len)
        memcpy(plain, bytes, len);
    plain[len] = type;
    assert_true(record_half_begin(&scene->client, header));
    assert_int_equal(EVP_EncryptUpdate(scene->client.cipher, sealed, &done, plain,
                                       (int)(body - RECORD_TAG_BYTES)),
                     1);
    assert_int_equal(
        EVP_EncryptFinal_ex(scene->client.cipher, sealed + body - RECORD_TAG_BYTES, &done), 1);
    EVP_CIPHER_CTX_ctrl(scene->client.cipher, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG_BYTES,
                        sealed + body - RECORD_TAG_BYTES);
    buffer_append(input, header, sizeof(header));
    buffer_append(input, sealed, body);
    free(plain);
    free(sealed);
}

static enum io_status receive(struct scene *scene, char *into, size_t bytes, size_t *got)
{
    struct stream_layer *layer = scene->peer.layer;

    *got = 0;
    scene->peer.err.text[0] = '\0';
    return layer->kind->read(layer, into, bytes, got, &scene->peer.err);
}

/* The alert that our client saw; ALERT_NONE: none. */
static int alert_seen(struct scene *scene)
{
    char byte;

    while (peer_move(&scene->peer))
        ;
    SSL_read(scene->peer.ssl, &byte, 1);
    return scene->peer.alert < 0 ? ALERT_NONE : scene->peer.alert;
}

struct record_case {
    const char *name;
    const char *bytes;
    size_t len;
    size_t padding;
    enum io_status status;
    size_t got;
    const char *refusal;
    int alert;
    uint8_t type;
};

#define BYTES(literal) .bytes = (literal), .len = sizeof(literal) - 1

static char long_data[PLAIN_MOST];

static const struct record_case record_cases[] = {
    { "data", BYTES("hello"), 0, IO_OK, 5, "", ALERT_NONE, 23 },
    { "padded data", BYTES("hello"), 100, IO_OK, 5, "", ALERT_NONE, 23 },
    { "data that ends in zeros", BYTES("a\0\0\0"), 3, IO_OK, 4, "", ALERT_NONE, 23 },
    { "as long as can be", .bytes = long_data, .len = 16384, 0, IO_OK, 16384, "", ALERT_NONE, 23 },
    { "padded as long as can be", .bytes = long_data, .len = 100, 16384 - 100, IO_OK, 100, "",
      ALERT_NONE, 23 },
    { "too long inside", .bytes = long_data, .len = 16385, 0, IO_FAILED, 0, "bad_record",
      SSL_AD_RECORD_OVERFLOW, 23 },
    { "too long outside", .bytes = long_data, .len = 16384 + 256, 0, IO_FAILED, 0, "bad_record",
      SSL_AD_RECORD_OVERFLOW, 23 },
    { "no data", BYTES(""), 0, IO_AGAIN, 0, "", ALERT_NONE, 23 },
    { "nothing but padding", BYTES(""), 50, IO_FAILED, 0, "bad_record", SSL_AD_UNEXPECTED_MESSAGE,
      0 },
    { "goodbye", BYTES("\x01\x00"), 0, IO_CLOSED, 0, "", ALERT_NONE, 21 },
    { "user cancelled", BYTES("\x01\x5a"), 0, IO_AGAIN, 0, "", ALERT_NONE, 21 },
    { "fatal alert", BYTES("\x02\x28"), 0, IO_FAILED, 0, "peer_alert", ALERT_NONE, 21 },
    { "unknown alert", BYTES("\x01\xfe"), 0, IO_FAILED, 0, "peer_alert", ALERT_NONE, 21 },
    { "short alert", BYTES("\x01"), 0, IO_FAILED, 0, "bad_record", SSL_AD_DECODE_ERROR, 21 },
    { "two alerts", BYTES("\x01\x5a\x01\x00"), 0, IO_FAILED, 0, "bad_record", SSL_AD_DECODE_ERROR,
      21 },
    { "empty alert", BYTES(""), 0, IO_FAILED, 0, "bad_record", SSL_AD_DECODE_ERROR, 21 },
    { "key update", BYTES("\x18\0\0\x01\0"), 0, IO_AGAIN, 0, "", ALERT_NONE, 22 },
    { "key update, both", BYTES("\x18\0\0\x01\x01"), 9, IO_AGAIN, 0, "", ALERT_NONE, 22 },
    { "key update of a wrong kind", BYTES("\x18\0\0\x01\x02"), 0, IO_FAILED, 0, "bad_record",
      SSL_AD_ILLEGAL_PARAMETER, 22 },
    { "key update of a wrong length", BYTES("\x18\0\0\x02\0"), 0, IO_FAILED, 0, "bad_record",
      SSL_AD_UNEXPECTED_MESSAGE, 22 },
    { "key update and more", BYTES("\x18\0\0\x01\0\x18"), 0, IO_FAILED, 0, "bad_record",
      SSL_AD_UNEXPECTED_MESSAGE, 22 },
    { "empty handshake record", BYTES(""), 0, IO_FAILED, 0, "bad_record", SSL_AD_UNEXPECTED_MESSAGE,
      22 },
    { "client hello", BYTES("\x01\0\0\x01\0"), 0, IO_FAILED, 0, "bad_record",
      SSL_AD_UNEXPECTED_MESSAGE, 22 },
    { "certificate", BYTES("\x0b\0"), 0, IO_FAILED, 0, "bad_record", SSL_AD_UNEXPECTED_MESSAGE,
      22 },
    { "change cipher spec inside", BYTES("\x01"), 0, IO_FAILED, 0, "bad_record",
      SSL_AD_UNEXPECTED_MESSAGE, 20 },
    { "heartbeat", BYTES("\x01"), 0, IO_FAILED, 0, "bad_record", SSL_AD_UNEXPECTED_MESSAGE, 24 },
};

static void each_record_is_taken_or_refused_with_its_alert(void **state)
{
    char *got = memory_new(PLAIN_MOST);

    (void)state;
    memset(long_data, 'd', sizeof(long_data));
    for (size_t i = 0; i < sizeof(record_cases) / sizeof(record_cases[0]); i++) {
        const struct record_case *want = &record_cases[i];
        struct scene scene;
        size_t bytes;

        scene_open(&scene, NULL);
        send_record(&scene, want->type, want->bytes, want->len, want->padding);
        if (receive(&scene, got, PLAIN_MOST, &bytes) != want->status)
            fail_msg("%s: %s", want->name, scene.peer.err.text);
        assert_int_equal(bytes, want->got);
        assert_memory_equal(got, want->bytes, want->got);
        assert_string_equal(tls_session_refusal(scene.peer.layer), want->refusal);
        assert_int_equal(alert_seen(&scene), want->alert);
        if (want->status == IO_FAILED || want->status == IO_CLOSED)
            assert_int_equal(receive(&scene, got, PLAIN_MOST, &bytes), IO_CLOSED);
        scene_close(&scene);
    }
    free(got);
}

struct header_case {
    uint8_t header[RECORD_HEADER_BYTES];
    int alert;
};

static const struct header_case header_cases[] = {
    { { 20, 3, 3, 0, 1 }, SSL_AD_UNEXPECTED_MESSAGE },
    { { 21, 3, 3, 0, 2 }, SSL_AD_UNEXPECTED_MESSAGE },
    { { 22, 3, 3, 0, 40 }, SSL_AD_UNEXPECTED_MESSAGE },
    { { 23, 2, 0, 0, 40 }, SSL_AD_UNEXPECTED_MESSAGE },
    { { 'G', 'E', 'T', ' ', '/' }, SSL_AD_UNEXPECTED_MESSAGE },
    { { 23, 3, 3, 0, 16 }, SSL_AD_DECODE_ERROR },
    { { 23, 3, 3, 0, 0 }, SSL_AD_DECODE_ERROR },
    { { 23, 3, 3, 0x41, 1 }, SSL_AD_RECORD_OVERFLOW },
    { { 23, 3, 3, 255, 255 }, SSL_AD_RECORD_OVERFLOW },
};

static void a_wrong_header_is_refused_before_its_body_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(header_cases) / sizeof(header_cases[0]); i++) {
        struct scene scene;
        char byte;
        size_t got;

        scene_open(&scene, NULL);
        buffer_append(&scene.peer.stream.input, header_cases[i].header, RECORD_HEADER_BYTES);
        assert_int_equal(receive(&scene, &byte, 1, &got), IO_FAILED);
        assert_int_equal(alert_seen(&scene), header_cases[i].alert);
        scene_close(&scene);
    }
}

static const char *const suites[] = { "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                      "TLS_CHACHA20_POLY1305_SHA256" };

static void any_changed_bit_is_noticed(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        struct scene scene;
        struct buffer whole = { 0 };
        char got[16];
        size_t bytes;

        scene_open(&scene, suites[s]);
        send_record(&scene, 23, "hello", 5, 0);
        buffer_append_text(&whole, buffer_text(&scene.peer.stream.input));
        for (size_t at = RECORD_HEADER_BYTES; at < buffer_len(&whole); at++) {
            struct tls_session *session = scene.session;

            scene.peer.stream.input.bytes[scene.peer.stream.input.start + at] ^= 4;
            assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_FAILED);
            assert_int_equal(bytes, 0);
            assert_string_equal(tls_session_refusal(scene.peer.layer), "bad_record");
            session->records->failed = false; /* another try of the same */
            session->records->said_goodbye = false;
            session->records->in.sequence--;
            buffer_clear(&scene.peer.stream.input);
            buffer_append_text(&scene.peer.stream.input, buffer_text(&whole));
        }
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_OK);
        assert_int_equal(bytes, 5);
        buffer_done(&whole);
        scene_close(&scene);
    }
}

static void a_record_in_pieces_waits_for_its_end(void **state)
{
    struct scene scene;
    struct buffer whole = { 0 };
    char got[16];
    size_t bytes;

    (void)state;
    scene_open(&scene, NULL);
    send_record(&scene, 23, "hello", 5, 0);
    buffer_append_text(&whole, buffer_text(&scene.peer.stream.input));
    buffer_clear(&scene.peer.stream.input);
    while (buffer_len(&whole) > 1) {
        buffer_append(&scene.peer.stream.input, buffer_text(&whole).at, 1);
        buffer_consume(&whole, 1);
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_AGAIN);
    }
    scene.peer.stream.at_end = true; /* cut in the middle of a record */
    assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_CLOSED);
    scene.peer.stream.at_end = false;
    buffer_append_text(&scene.peer.stream.input, buffer_text(&whole));
    assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_OK);
    assert_int_equal(bytes, 5);
    buffer_done(&whole);
    scene_close(&scene);
}

static void a_key_update_in_pieces_is_one(void **state)
{
    static const char message[] = "\x18\0\0\x01\x01";

    (void)state;
    for (size_t cut = 1; cut < 5; cut++) {
        struct scene scene;
        char got[16];
        size_t bytes;

        scene_open(&scene, NULL);
        send_record(&scene, 22, message, cut, 0);
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_AGAIN);
        send_record(&scene, 22, message + cut, 5 - cut, 0);
        assert_true(record_half_update(&scene.client, scene.suite, true));
        send_record(&scene, 23, "after", 5, 0);
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_OK);
        assert_int_equal(bytes, 5);
        scene_close(&scene);
        scene_open(&scene, NULL);
        send_record(&scene, 22, message, cut, 0);
        send_record(&scene, 23, "between", 7, 0);
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_FAILED);
        assert_int_equal(alert_seen(&scene), SSL_AD_UNEXPECTED_MESSAGE);
        scene_close(&scene);
    }
}

static void a_key_update_that_asks_for_ours_gets_it(void **state)
{
    static const char messages[] = "\x18\0\0\x01\0\x18\0\0\x01\x01";
    char word[] = "word";
    struct iovec piece = { .iov_base = word, .iov_len = 4 };

    (void)state;
    for (size_t asks = 0; asks < 2; asks++) {
        uint8_t before[RECORD_SECRET_BYTES];
        struct scene scene;
        char got[16];
        size_t bytes;

        scene_open(&scene, NULL);
        memcpy(before, scene.session->records->out.secret, sizeof(before));
        send_record(&scene, 22, messages + 5 * asks, 5, 0);
        assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_AGAIN);
        assert_int_equal(memcmp(before, scene.session->records->out.secret, sizeof(before)) != 0,
                         asks);
        scene.peer.layer->kind->write(scene.peer.layer, &piece, 1, &scene.peer.err);
        while (peer_move(&scene.peer))
            ;
        assert_int_equal(SSL_read(scene.peer.ssl, got, sizeof(got)), 4);
        scene_close(&scene);
    }
}

static void a_flood_of_empty_records_is_cut_off(void **state)
{
    struct scene scene;
    char got[16];
    size_t bytes;

    (void)state;
    scene_open(&scene, NULL);
    for (size_t i = 0; i < 32; i++)
        send_record(&scene, 23, "", 0, 0);
    send_record(&scene, 23, "x", 1, 0);
    assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_OK);
    send_record(&scene, 23, "", 0, 0);
    assert_int_equal(receive(&scene, got, sizeof(got), &bytes), IO_FAILED);
    assert_string_equal(tls_session_refusal(scene.peer.layer), "flood");
    scene_close(&scene);
}

static void small_reads_take_a_large_record_bit_by_bit(void **state)
{
    struct scene scene;
    char *sent = memory_new(16384);
    char *got = memory_new(16384 + 100);
    size_t total = 0;
    size_t bytes;

    (void)state;
    for (size_t i = 0; i < 16384; i++)
        sent[i] = (char)(i * 31 / 7);
    scene_open(&scene, NULL);
    send_record(&scene, 23, sent, 16384, 0);
    for (size_t step = 1; total < 16384; step = step * 2 + 1) {
        assert_int_equal(receive(&scene, got + total, step < 100 ? step : 100, &bytes), IO_OK);
        total += bytes;
        assert_int_equal(scene.peer.layer->kind->has_buffered(scene.peer.layer), total < 16384);
    }
    assert_int_equal(total, 16384);
    assert_memory_equal(got, sent, 16384);
    assert_int_equal(receive(&scene, got, 100, &bytes), IO_AGAIN);
    scene_close(&scene);
    free(sent);
    free(got);
}

static void our_keys_change_before_they_are_worn_out(void **state)
{
    char word[] = "word";
    struct iovec piece = { .iov_base = word, .iov_len = 4 };
    struct scene scene;
    char got[16];

    (void)state;
    scene_open(&scene, NULL);
    SSL_read(scene.peer.ssl, got, sizeof(got)); /* the ticket */
    scene.session->records->out.sequence = (uint64_t)1 << 24;
    assert_int_equal(scene.peer.layer->kind->write(scene.peer.layer, &piece, 1, &scene.peer.err),
                     0);
    assert_int_equal(scene.session->records->out.sequence, 1);
    scene_close(&scene);
}

static void tls_1_2_stays_with_openssl(void **state)
{
    struct world world = { 0 };
    SSL_CTX *context = peer_context();
    struct peer peer;

    (void)state;
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    world_begin(&world);
    world_add(&world, "a.test", WITH_ECDSA);
    world_commit(&world);
    peer_connect(&peer, &world, context, "a.test", NULL);
    assert_int_equal(peer.status, IO_OK);
    assert_non_null(((struct tls_session *)peer.layer)->ssl);
    peer_done(&peer);
    SSL_CTX_free(context);
    world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_taken_or_refused_with_its_alert),
        cmocka_unit_test(a_wrong_header_is_refused_before_its_body_comes),
        cmocka_unit_test(any_changed_bit_is_noticed),
        cmocka_unit_test(a_record_in_pieces_waits_for_its_end),
        cmocka_unit_test(a_key_update_in_pieces_is_one),
        cmocka_unit_test(a_key_update_that_asks_for_ours_gets_it),
        cmocka_unit_test(a_flood_of_empty_records_is_cut_off),
        cmocka_unit_test(small_reads_take_a_large_record_bit_by_bit),
        cmocka_unit_test(our_keys_change_before_they_are_worn_out),
        cmocka_unit_test(tls_1_2_stays_with_openssl),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
