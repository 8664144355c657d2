/*
 * What costs us more than the peer: each flood ends the connection with GOAWAY and its own word,
 * and traffic as it should be does not.
 */

#include "h2_peer.h"

#define POST ":method: POST\n:scheme: https\n:authority: a.test\n:path: /"

static void settings(struct h2_peer *peer, uint32_t i)
{
    (void)i;
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT_NONE);
}

static void pings(struct h2_peer *peer, uint32_t i)
{
    (void)i;
    peer_frame(peer, NGHTTP2_PING, 0, 0, TEXT("\0\0\0\0\0\0\0\0"));
}

static void priorities(struct h2_peer *peer, uint32_t i)
{
    peer_frame(peer, NGHTTP2_PRIORITY, 0, 2 * i + 1, TEXT("\0\0\0\0\x10"));
}

static void windows(struct h2_peer *peer, uint32_t i)
{
    (void)i;
    peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 0, 1);
}

static void unknown(struct h2_peer *peer, uint32_t i)
{
    (void)i;
    peer_frame(peer, 0xbb, 0, 0, TEXT("x"));
}

static void empty_data(struct h2_peer *peer, uint32_t i)
{
    if (i == 0)
        peer_headers(peer, 0, 1, POST);
    peer_frame(peer, NGHTTP2_DATA, 0, 1, TEXT_NONE);
}

static void padding(struct h2_peer *peer, uint32_t i)
{
    if (i == 0)
        peer_headers(peer, 0, 1, POST);
    peer_frame(peer, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, TEXT("\3\0\0\0"));
}

static void rapid_reset(struct h2_peer *peer, uint32_t i)
{
    peer_headers(peer, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, POST);
    peer_u32(peer, NGHTTP2_RST_STREAM, 0, 2 * i + 1, H2_CANCEL);
}

/* A window update of nothing makes us reset: the peer sends no reset itself. */
static void provoked_reset(struct h2_peer *peer, uint32_t i)
{
    peer_headers(peer, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, POST);
    peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, 0x7fffffff);
}

static void too_many_streams(struct h2_peer *peer, uint32_t i)
{
    peer_headers(peer, 0, 2 * i + 1, POST);
}

static void malformed(struct h2_peer *peer, uint32_t i)
{
    peer_headers(peer, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, ":path: /");
}

static const struct {
    const char *name;
    void (*flood)(struct h2_peer *peer, uint32_t i);
    uint32_t most; /* by then it is over */
    const char *reason;
} floods[] = {
    { "SETTINGS", settings, 300, "settings_flood" },
    { "PING", pings, 300, "ping_flood" },
    { "PRIORITY", priorities, 300, "priority_flood" },
    { "WINDOW_UPDATE", windows, 300, "window_flood" },
    { "unknown frames", unknown, 300, "frame_flood" },
    { "empty DATA", empty_data, 300, "empty_data_flood" },
    { "DATA of padding", padding, 300, "empty_data_flood" },
    { "rapid reset", rapid_reset, 15, "rapid_reset" },
    { "resets that are provoked", provoked_reset, 15, "rapid_reset" },
    { "streams beyond the limit", too_many_streams, 25, "rapid_reset" },
    { "malformed requests", malformed, 15, "rapid_reset" },
};

static void each_flood_ends_the_connection_with_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(floods); i++) {
        struct h2_peer *peer = peer_new(H2_SERVER);
        uint32_t sent = 0;

        peer->answers = true;
        peer->code = H2_PROTOCOL_ERROR;
        for (; sent < floods[i].most && !h2_session_failure(peer->session); sent++) {
            floods[i].flood(peer, sent);
            peer_feed(peer);
        }
        if (!h2_session_failure(peer->session))
            fail_msg("%s: goes on", floods[i].name);
        assert_string_equal(h2_session_failure(peer->session), floods[i].reason);
        assert_true(sent >= 10);
        assert_int_equal(h2_session_receive(peer->session, TEXT("x"), peer->now_ms), -1);
        assert_int_equal(peer_goaway_code(peer), H2_ENHANCE_YOUR_CALM);
        peer_free(peer);
    }
}

/* The same in time: nobody minds. */
static void expect_patience(size_t i)
{
    struct h2_peer *peer = peer_new(H2_SERVER);

    peer->answers = true;
    peer->code = H2_PROTOCOL_ERROR;
    for (uint32_t sent = 0; sent < 400; sent++) {
        floods[i].flood(peer, sent);
        peer_feed(peer);
        if (h2_session_failure(peer->session))
            fail_msg("%s: %s", floods[i].name, h2_session_failure(peer->session));
        peer->now_ms += 1100;
    }
    peer_free(peer);
}

static void the_same_now_and_then_is_no_flood(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(floods); i++)
        if (floods[i].flood != too_many_streams) /* they stay open */
            expect_patience(i);
}

static void updates_and_pings_follow_traffic(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct response_head head = { .status = 200 };
    struct response_forwarding forwarding = { 0 };
    static const char body[1000];

    (void)state;
    peer_get(peer, 1);
    peer_feed(peer);
    h2_stream_respond(peer->last, &head, &forwarding, false);
    for (int i = 0; i < 3000; i++) {
        h2_stream_send(peer->last, text_make(body, sizeof(body)));
        peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 0, 1000);
        peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 1, 1000);
        pings(peer, 0);
        assert_int_equal(peer_feed(peer), 0);
        peer_drop_frames(peer);
    }
    peer_free(peer);
}

/* A body in frames of one byte, each for an update of one byte. */
static void tiny_windows_are_a_flood(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct response_head head = { .status = 200 };
    struct response_forwarding forwarding = { 0 };
    static const char body[1000];

    (void)state;
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT("\0\4\0\0\0\1"));
    peer_get(peer, 1);
    peer_feed(peer);
    h2_stream_respond(peer->last, &head, &forwarding, false);
    h2_stream_send(peer->last, text_make(body, sizeof(body)));
    for (int i = 0; i < 300 && !h2_session_failure(peer->session); i++) {
        peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 1, 1);
        peer_feed(peer);
    }
    assert_non_null(h2_session_failure(peer->session));
    assert_string_equal(h2_session_failure(peer->session), "window_flood");
    peer_free(peer);
}

static void a_head_has_so_many_continuations(void **state)
{
    (void)state;
    for (unsigned count = 4; count < 6; count++) {
        struct h2_peer *peer = peer_new(H2_SERVER);
        struct buffer block = { 0 };

        peer_block(peer, ":method: GET\n:scheme: https\n:authority: a.test\n:path: /", &block);
        peer_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, buffer_text(&block));
        for (unsigned i = 1; i <= count; i++)
            peer_frame(peer, NGHTTP2_CONTINUATION, i == count ? NGHTTP2_FLAG_END_HEADERS : 0, 1,
                       TEXT_NONE);
        if (count == 4) {
            assert_int_equal(peer_feed(peer), 0);
            peer_expect(peer, "four", "request GET a.test / none\n");
        } else {
            assert_int_equal(peer_feed(peer), -1);
            assert_string_equal(h2_session_failure(peer->session), "continuation_flood");
        }
        buffer_done(&block);
        peer_free(peer);
    }
}

/* One large field in the table, then a reference to it a byte: 16 KiB become 64 MiB. */
static void a_bomb_of_references_is_not_decoded_to_its_end(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct buffer block = { 0 };
    char value[1000];

    (void)state;
    memset(value, 'x', sizeof(value));
    peer_block(peer, POST, &block);
    peer_field(peer, TEXT("x-a"), text_make(value, sizeof(value)), &block);
    for (int i = 0; i < 8000; i++)
        peer_field(peer, TEXT("x-a"), text_make(value, sizeof(value)), &block);
    assert_true(buffer_len(&block) < 16384);
    peer_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buffer_text(&block));
    assert_int_equal(peer_feed(peer), -1);
    assert_string_equal(h2_session_failure(peer->session), "header_flood");
    buffer_done(&block);
    peer_free(peer);
}

static const struct {
    const char *name;
    uint8_t type, flags;
    uint32_t stream;
    struct text payload;
    uint32_t code;
    const char *reason;
} errors[] = {
    { "DATA on stream 0", NGHTTP2_DATA, 0, 0, BYTES("x"), 1, "h2_protocol" },
    { "HEADERS on stream 0", NGHTTP2_HEADERS, 4, 0, BYTES("x"), 1, "h2_protocol" },
    { "an even stream", NGHTTP2_HEADERS, 4, 2, BYTES("\x82"), 1, "h2_protocol" },
    { "DATA on an idle stream", NGHTTP2_DATA, 0, 5, BYTES("x"), 1, "h2_protocol" },
    { "RST_STREAM on an idle stream", NGHTTP2_RST_STREAM, 0, 5, BYTES("\0\0\0\0"), 1,
      "h2_protocol" },
    { "CONTINUATION out of place", NGHTTP2_CONTINUATION, 4, 1, BYTES("x"), 1, "h2_protocol" },
    { "a short PING", NGHTTP2_PING, 0, 0, BYTES("x"), 6, "h2_frame_size" },
    { "SETTINGS that are cut", NGHTTP2_SETTINGS, 0, 0, BYTES("x"), 6, "h2_frame_size" },
    { "a window beyond 2^31", NGHTTP2_WINDOW_UPDATE, 0, 0, BYTES("\x7f\xff\xff\xff"), 3,
      "h2_flow_control" },
    { "an update of nothing", NGHTTP2_WINDOW_UPDATE, 0, 0, BYTES("\0\0\0\0"), 1, "h2_protocol" },
    { "a window setting beyond 2^31", NGHTTP2_SETTINGS, 0, 0, BYTES("\0\4\xff\xff\xff\xff"), 3,
      "h2_flow_control" },
    { "a frame size setting of 1", NGHTTP2_SETTINGS, 0, 0, BYTES("\0\5\0\0\0\1"), 1,
      "h2_protocol" },
    { "PUSH_PROMISE", NGHTTP2_PUSH_PROMISE, 4, 1, BYTES("\0\0\0\2\x82"), 1, "h2_protocol" },
    { "bad HPACK", NGHTTP2_HEADERS, 4, 1, BYTES("\xff\xff\xff\xff\xff\xff"), 9, "h2_compression" },
};

static void errors_of_the_connection_have_their_code_and_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct h2_peer *peer = peer_new(H2_SERVER);

        peer_frame(peer, errors[i].type, errors[i].flags, errors[i].stream, errors[i].payload);
        peer_feed(peer);
        if (!h2_session_failure(peer->session))
            fail_msg("%s: no error", errors[i].name);
        if (strcmp(h2_session_failure(peer->session), errors[i].reason) != 0)
            fail_msg("%s: %s", errors[i].name, h2_session_failure(peer->session));
        assert_int_equal(peer_goaway_code(peer), errors[i].code);
        peer_free(peer);
    }
}

static void an_oversized_frame_is_an_error_before_it_is_there(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);

    (void)state;
    buffer_append_text(&peer->frames, TEXT("\x7f\xff\xff\0\0\0\0\0\1"));
    peer_feed(peer);
    assert_string_equal(h2_session_failure(peer->session), "h2_frame_size");
    peer_free(peer);
}

static void what_is_no_http_2_is_told_so(void **state)
{
    struct h2_peer *peer = peer_new_granting(H2_SERVER, &usual_grants);

    (void)state;
    assert_int_equal(h2_session_open_head(peer->session), 1);
    buffer_append_text(&peer->frames, TEXT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_int_equal(peer_feed(peer), -1);
    assert_string_equal(h2_session_failure(peer->session), "bad_preface");
    peer_free(peer);
}

static void a_head_that_does_not_come_is_known_to_be_missing(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);

    (void)state;
    assert_int_equal(h2_session_open_head(peer->session), 0);
    peer_frame(peer, NGHTTP2_HEADERS, 0, 1, TEXT("\x82"));
    peer_feed(peer);
    assert_int_equal(h2_session_open_head(peer->session), 2);
    peer_frame(peer, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, TEXT("\x84"));
    peer_feed(peer);
    assert_int_equal(h2_session_open_head(peer->session), 0);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flood_ends_the_connection_with_its_word),
        cmocka_unit_test(the_same_now_and_then_is_no_flood),
        cmocka_unit_test(updates_and_pings_follow_traffic),
        cmocka_unit_test(tiny_windows_are_a_flood),
        cmocka_unit_test(a_head_has_so_many_continuations),
        cmocka_unit_test(a_bomb_of_references_is_not_decoded_to_its_end),
        cmocka_unit_test(errors_of_the_connection_have_their_code_and_word),
        cmocka_unit_test(an_oversized_frame_is_an_error_before_it_is_there),
        cmocka_unit_test(what_is_no_http_2_is_told_so),
        cmocka_unit_test(a_head_that_does_not_come_is_known_to_be_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
