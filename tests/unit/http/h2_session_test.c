/*
 * What leaves an HTTP/2 session, and when: heads, bodies within windows, ends, resets, the graceful
 * end; and the client's role, against hand-made frames and against our own server.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "h2_peer.h"

#define GET  ":method: GET\n:scheme: https\n:authority: a.test\n:path: /"
#define POST ":method: POST\n:scheme: https\n:authority: a.test\n:path: /"
#define END  NGHTTP2_FLAG_END_STREAM

static struct h2_stream *requested(struct h2_peer *peer, const char *lines, uint8_t flags)
{
    static uint32_t id;

    id = peer->last ? id + 2 : 1;
    peer_headers(peer, flags, id, lines);
    assert_int_equal(peer_feed(peer), 0);
    buffer_clear(&peer->said);
    assert_non_null(peer->last);
    return peer->last;
}

static void respond(struct h2_stream *stream, int status, bool ended)
{
    struct response_head head = { .status = status };
    struct response_forwarding forwarding = { 0 };

    h2_stream_respond(stream, &head, &forwarding, ended);
}

static void feed_nothing(struct h2_peer *peer)
{
    buffer_clear(&peer->frames);
    assert_int_equal(peer_feed(peer), 0);
}

/* --- responses -----------------------------------------------------------------------------------
 */

static void a_head_leaves_with_our_fields_and_without_those_of_a_connection(void **state)
{
    struct field_line lines[] = {
        { TEXT("Content-Type"), TEXT("text/plain"), .id = FIELD_OTHER },
        { TEXT("Connection"), TEXT("close"), .id = FIELD_CONNECTION },
        { TEXT("Content-Length"), TEXT("5"), .id = FIELD_CONTENT_LENGTH },
        { TEXT("X-Gone"), TEXT("x"), .id = FIELD_OTHER, .dropped = true },
        { TEXT("Strict-Transport-Security"), TEXT("x"), .id = FIELD_STRICT_TRANSPORT_SECURITY },
    };
    struct response_head head = { .status = 200, .fields = { lines, COUNT(lines), 0, 0 } };
    struct response_forwarding forwarding = {
        .counted = true,
        .length = 5,
        .hsts = TEXT("max-age=1"),
        .set_cookie = TEXT("id=1"),
    };
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, GET, END);

    (void)state;
    h2_stream_respond(stream, &head, &forwarding, false);
    h2_stream_send(stream, TEXT("he"));
    h2_stream_send(stream, TEXT("llo"));
    h2_stream_end(stream, NULL);
    feed_nothing(peer);
    peer_expect_frames(peer, "response",
                       "HEADERS 1 :status=200 content-type=text/plain "
                       "strict-transport-security=max-age=1 set-cookie=id=1 content-length=5\n"
                       "DATA 1 5 end\n");
    peer_expect(peer, "closed", "closed 0\n");
    peer_free(peer);
}

static void interim_responses_and_trailers_frame_the_response(void **state)
{
    struct field_line hints[] = {
        { TEXT("Link"), TEXT("</a>"), .id = FIELD_OTHER },
        { TEXT("Keep-Alive"), TEXT("5"), .id = FIELD_KEEP_ALIVE },
    };
    struct field_line last[] = {
        { TEXT("Grpc-Status"), TEXT("0"), .id = FIELD_OTHER },
        { TEXT("Content-Length"), TEXT("5"), .id = FIELD_CONTENT_LENGTH },
    };
    struct response_head early = { .status = 103, .fields = { hints, COUNT(hints), 0, 0 } };
    struct field_list trailers = { last, COUNT(last), 0, 0 };
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, GET, END);

    (void)state;
    early.fields.present = 1U << FIELD_KEEP_ALIVE;
    h2_stream_interim(stream, &early);
    feed_nothing(peer);
    peer_expect_frames(peer, "interim", "HEADERS 1 :status=103 link=</a>\n");
    respond(stream, 200, false);
    h2_stream_send(stream, TEXT("hello"));
    h2_stream_end(stream, &trailers);
    feed_nothing(peer);
    peer_expect_frames(peer, "trailers",
                       "HEADERS 1 :status=200\nDATA 1 5\nHEADERS 1 grpc-status=0 end\n");
    peer_free(peer);
}

static void a_body_in_pieces_ends_when_it_is_said(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, GET, END);

    (void)state;
    respond(stream, 200, false);
    feed_nothing(peer);
    peer_expect_frames(peer, "head", "HEADERS 1 :status=200\n");
    h2_stream_send(stream, TEXT("a"));
    feed_nothing(peer);
    peer_expect_frames(peer, "piece", "DATA 1 1\n");
    h2_stream_end(stream, NULL);
    feed_nothing(peer);
    peer_expect_frames(peer, "end", "DATA 1 0 end\n");
    peer_free(peer);
}

/* More pieces in a turn than views are held. */
static void many_pieces_keep_their_order(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, GET, END);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

    (void)state;
    respond(stream, 200, false);
    feed_nothing(peer);
    peer_drop_frames(peer);
    for (size_t i = 0; i < 26; i++)
        h2_stream_send(stream, text_make(letters + i, 1));
    feed_nothing(peer);
    assert_int_equal(buffer_len(&peer->out), 9 + 26);
    assert_memory_equal(buffer_text(&peer->out).at + 9, letters, 26);
    peer_free(peer);
}

/* --- windows -------------------------------------------------------------------------------------
 */

static void what_the_window_does_not_take_is_kept_and_leaves_later(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    char *body = memory_new(30000);
    struct h2_stream *stream;

    (void)state;
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT("\0\4\0\0\0\x0a")); /* INITIAL_WINDOW_SIZE 10 */
    assert_int_equal(peer_feed(peer), 0);
    peer_drop_frames(peer);
    stream = requested(peer, GET, END);
    respond(stream, 200, false);
    assert_true(h2_stream_takes_more(stream));
    h2_stream_send(stream, text_make(body, 30000));
    feed_nothing(peer);
    free(body); /* it was borrowed, and is not looked at any more */
    peer_expect_frames(peer, "ten", "HEADERS 1 :status=200\nDATA 1 10\n");
    assert_false(h2_stream_takes_more(stream));
    assert_in_range(h2_session_kept(peer->session), 29990, 32768);
    peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 1, 20000);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect_frames(peer, "more", "DATA 1 16384\nDATA 1 3616\n");
    h2_stream_end(stream, NULL);
    peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 1, 9990);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect_frames(peer, "rest", "DATA 1 9990 end\n");
    assert_int_equal(h2_session_kept(peer->session), 0);
    peer_free(peer);
}

static void a_stream_that_makes_no_progress_is_found(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream;

    (void)state;
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT("\0\4\0\0\0\0"));
    assert_int_equal(peer_feed(peer), 0);
    stream = requested(peer, GET, END);
    respond(stream, 200, false);
    feed_nothing(peer);
    assert_null(h2_session_stalled(peer->session, 1000, 500)); /* nothing is owed */
    assert_null(h2_session_stalled(peer->session, 2000, 500));
    h2_stream_send(stream, TEXT("hello"));
    feed_nothing(peer);
    assert_null(h2_session_stalled(peer->session, 3000, 500));
    assert_null(h2_session_stalled(peer->session, 3400, 500));
    assert_ptr_equal(h2_session_stalled(peer->session, 3500, 500), stream);
    peer_u32(peer, NGHTTP2_WINDOW_UPDATE, 0, 1, 1);
    assert_int_equal(peer_feed(peer), 0);
    assert_null(h2_session_stalled(peer->session, 4000, 500));
    assert_ptr_equal(h2_session_stalled(peer->session, 4500, 500), stream);
    peer_free(peer);
}

static void room_is_granted_for_what_was_consumed(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream;
    char *body = memory_new(16384);

    (void)state;
    peer->holds = true;
    stream = requested(peer, POST, 0);
    for (int i = 0; i < 3; i++)
        peer_frame(peer, NGHTTP2_DATA, 0, 1, text_make(body, 16384));
    assert_int_equal(peer_feed(peer), 0);
    peer_expect_frames(peer, "nothing was used", "");
    h2_stream_consume(stream, 16384);
    feed_nothing(peer);
    peer_expect_frames(peer, "not worth an update", "");
    h2_stream_consume(stream, 32768);
    feed_nothing(peer);
    peer_expect_frames(peer, "an update", "WINDOW 1 49152\n");
    free(body);
    peer_free(peer);
}

static void more_than_the_window_is_an_error_of_the_connection(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    char *body = memory_new(16384);

    (void)state;
    peer->holds = true;
    requested(peer, POST, 0);
    for (int i = 0; i < 5; i++)
        peer_frame(peer, NGHTTP2_DATA, 0, 1, text_make(body, 16384));
    peer_feed(peer);
    peer_expect_frames(peer, "flow control", "RST 1 3\n");
    free(body);
    peer_free(peer);
}

/* --- ends ----------------------------------------------------------------------------------------
 */

static void who_answers_early_resets_what_still_comes(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, POST, 0);

    (void)state;
    respond(stream, 413, false);
    h2_stream_send(stream, TEXT("no"));
    h2_stream_end(stream, NULL);
    h2_stream_abandon(stream, H2_NO_ERROR);
    feed_nothing(peer);
    peer_expect_frames(peer, "early", "HEADERS 1 :status=413\nDATA 1 2 end\n");
    assert_true(h2_session_reset_lingering(peer->session, 1000, 500));
    peer_frame(peer, NGHTTP2_DATA, 0, 1, TEXT("was on its way"));
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "nobody hears of it", "");
    assert_true(h2_session_reset_lingering(peer->session, 1400, 500));
    peer_expect_frames(peer, "it may go on for a while", "");
    assert_false(h2_session_reset_lingering(peer->session, 1500, 500));
    feed_nothing(peer);
    peer_expect_frames(peer, "not for ever", "RST 1 0\n");
    peer_free(peer);
}

static void who_ends_while_nobody_listens_is_not_reset(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, POST, 0);

    (void)state;
    respond(stream, 204, true);
    h2_stream_abandon(stream, H2_NO_ERROR);
    feed_nothing(peer);
    peer_frame(peer, NGHTTP2_DATA, END, 1, TEXT("was on its way"));
    assert_int_equal(peer_feed(peer), 0);
    peer_expect_frames(peer, "a clean end", "HEADERS 1 :status=204 end\n");
    assert_false(h2_session_reset_lingering(peer->session, 9000, 500));
    assert_int_equal(h2_session_streams(peer->session), 0);
    peer_free(peer);
}

static void a_cut_body_is_a_reset_and_never_an_end(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    struct h2_stream *stream = requested(peer, GET, END);

    (void)state;
    respond(stream, 200, false);
    h2_stream_send(stream, TEXT("half"));
    feed_nothing(peer);
    h2_stream_reset(stream, H2_INTERNAL_ERROR);
    feed_nothing(peer);
    peer_expect_frames(peer, "cut", "HEADERS 1 :status=200\nDATA 1 4\nRST 1 2\n");
    peer_expect(peer, "who resets is not told", "");
    peer_free(peer);
}

static void the_user_hears_of_a_reset(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);

    (void)state;
    requested(peer, POST, 0);
    peer_u32(peer, NGHTTP2_RST_STREAM, 0, 1, H2_CANCEL);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "reset", "closed 8 by peer\n");
    assert_int_equal(h2_session_streams(peer->session), 0);
    peer_free(peer);
}

static void a_graceful_end_has_two_steps(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);

    (void)state;
    requested(peer, POST, 0);
    h2_session_shutdown_notice(peer->session);
    feed_nothing(peer);
    peer_expect_frames(peer, "notice", "GOAWAY 2147483647 0\nPING\n");
    peer_get(peer, 3); /* it was on its way */
    peer_frame(peer, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, TEXT("\0\0\0\0\0\0\0\0"));
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "still served", "request GET a.test / none\npong\n");
    h2_session_goaway(peer->session);
    feed_nothing(peer);
    peer_expect_frames(peer, "last", "GOAWAY 3 0\n");
    peer_get(peer, 5);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "not served", "");
    assert_false(h2_session_is_over(peer->session));
    respond(peer->last, 200, true);
    peer_u32(peer, NGHTTP2_RST_STREAM, 0, 1, H2_CANCEL);
    assert_int_equal(peer_feed(peer), 0);
    assert_true(h2_session_is_over(peer->session));
    assert_null(h2_session_failure(peer->session));
    peer_free(peer);
}

/* --- the client's role ---------------------------------------------------------------------------
 */

static struct h2_stream *ask(struct h2_peer *peer, enum http_method method, const char *name,
                             bool ended)
{
    struct field_line lines[] = {
        { TEXT("Accept"), TEXT("*/*"), .id = FIELD_OTHER },
        { TEXT("Host"), TEXT("a.test"), .id = FIELD_HOST },
        { TEXT("Cookie"), TEXT("a=b; swid=1; c=d"), .id = FIELD_COOKIE },
    };
    struct request_head head = {
        .method = method,
        .method_text = text_of(name),
        .authority = TEXT("a.test"),
        .path = TEXT("/p"),
        .query = TEXT("q"),
        .has_query = true,
        .fields = { lines, COUNT(lines), 0, 1U << FIELD_HOST | 1U << FIELD_COOKIE },
    };
    struct forwarding forwarding = {
        .client_address = TEXT("2001:db8::7"),
        .client_is_ipv6 = true,
        .request_id = TEXT("id"),
        .https = true,
        .x_forwarded = true,
        .rfc7239 = true,
        .drop_cookie = TEXT("swid"),
        .accepts_trailers = true,
    };

    return h2_session_request(peer->session, &head, &forwarding, ended, peer);
}

static struct h2_peer *client(void)
{
    struct h2_peer *peer = peer_new(H2_CLIENT);

    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT_NONE);
    assert_int_equal(peer_feed(peer), 0);
    buffer_consume(&peer->out, 24); /* the preface */
    peer_expect_frames(peer, "hello", "WINDOW 0 983041\n");
    return peer;
}

static void a_request_leaves_with_what_is_ours(void **state)
{
    struct h2_peer *peer = client();

    (void)state;
    assert_non_null(ask(peer, METHOD_GET, "GET", true));
    feed_nothing(peer);
    peer_expect_frames(
        peer, "request",
        "HEADERS 1 :method=GET :scheme=https :authority=a.test :path=/p?q accept=*/* "
        "cookie=a=b; c=d x-forwarded-for=2001:db8::7 x-forwarded-proto=https "
        "x-forwarded-host=a.test forwarded=for=\"[2001:db8::7]\";proto=https;host=\"a.test\" "
        "x-request-id=id te=trailers end\n");
    peer_free(peer);
}

static const struct {
    const char *name;
    const char *heads[4];
    const char *data;
    enum http_method method;
    const char *said;
} responses[] = {
    { "a body",
      { ":status: 200\nx-a: b" },
      "hello",
      METHOD_GET,
      "response 200 open x-a=b\ndata 5\nend\nclosed 0\n" },
    { "none", { ":status: 204" }, NULL, METHOD_GET, "response 204 none\nend\nclosed 0\n" },
    { "counted",
      { ":status: 200\ncontent-length: 5" },
      "hello",
      METHOD_GET,
      "response 200 counted content-length=5\ndata 5\nend\nclosed 0\n" },
    { "HEAD",
      { ":status: 200\ncontent-length: 5" },
      NULL,
      METHOD_HEAD,
      "response 200 none content-length=5\nend\nclosed 0\n" },
    { "interim",
      { ":status: 103\nlink: a", ":status: 200" },
      "x",
      METHOD_GET,
      "response 103 interim link=a\nresponse 200 open\ndata 1\nend\nclosed 0\n" },
    { "shorter",
      { ":status: 200\ncontent-length: 6" },
      "hello",
      METHOD_GET,
      "response 200 counted content-length=6\ndata 5\n"
      "refused 502 length_differs_from_data late\nclosed 0\n" },
    { "a body of HEAD",
      { ":status: 200" },
      "hello",
      METHOD_HEAD,
      "response 200 none\nrefused 502 length_differs_from_data late\nclosed 0\n" },
    { "101", { ":status: 101" }, NULL, METHOD_GET, "refused 502 unasked_101 late\nclosed 0\n" },
    { "no status",
      { "x-a: b" },
      NULL,
      METHOD_GET,
      "refused 502 pseudo_field_missing late\nclosed 0\n" },
    { "a long status",
      { ":status: 2000" },
      NULL,
      METHOD_GET,
      "refused 502 bad_status late\nclosed 0\n" },
    { "an end with 100",
      { ":status: 100" },
      NULL,
      METHOD_GET,
      "refused 502 interim_with_end late\nclosed 0\n" },
    { "Connection",
      { ":status: 200\nconnection: close" },
      NULL,
      METHOD_GET,
      "refused 502 connection_field late\nclosed 0\n" },
    { "two statuses",
      { ":status: 200\n:status: 200" },
      NULL,
      METHOD_GET,
      "refused 502 pseudo_field_repeated late\nclosed 0\n" },
    { "of a request",
      { ":status: 200\n:path: /" },
      NULL,
      METHOD_GET,
      "refused 502 pseudo_field_unknown late\nclosed 0\n" },
};

static void responses_are_read_as_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct h2_peer *peer = client();

        assert_non_null(ask(peer, responses[i].method, "GET", true));
        feed_nothing(peer);
        for (size_t head = 0; head < 3 && responses[i].heads[head]; head++) {
            bool last = !responses[i].heads[head + 1] && !responses[i].data;

            peer_headers(peer, last ? END : 0, 1, responses[i].heads[head]);
        }
        if (responses[i].data)
            peer_frame(peer, NGHTTP2_DATA, END, 1, text_of(responses[i].data));
        assert_int_equal(peer_feed(peer), 0);
        peer_expect(peer, responses[i].name, responses[i].said);
        peer_free(peer);
    }
}

static void no_more_requests_than_the_peer_takes(void **state)
{
    struct h2_peer *peer = client();

    (void)state;
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT("\0\3\0\0\0\2")); /* two streams */
    assert_int_equal(peer_feed(peer), 0);
    assert_int_equal(h2_session_room(peer->session), 2);
    assert_non_null(ask(peer, METHOD_GET, "GET", true));
    assert_non_null(ask(peer, METHOD_GET, "GET", true));
    assert_null(ask(peer, METHOD_GET, "GET", true));
    feed_nothing(peer);
    peer_headers(peer, END, 1, ":status: 200");
    assert_int_equal(peer_feed(peer), 0);
    assert_int_equal(h2_session_room(peer->session), 1);
    peer_frame(peer, NGHTTP2_GOAWAY, 0, 0, TEXT("\0\0\0\1\0\0\0\0"));
    buffer_clear(&peer->said);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "what the peer will not look at is refused", "goaway 0\nclosed 7\n");
    assert_int_equal(h2_session_room(peer->session), 0);
    peer_free(peer);
}

/* A request that is given up before it left. */
static void a_request_is_taken_back(void **state)
{
    struct h2_peer *peer = client();
    struct h2_stream *stream = ask(peer, METHOD_POST, "POST", false);

    (void)state;
    h2_stream_send(stream, TEXT("hello"));
    h2_stream_reset(stream, H2_CANCEL);
    feed_nothing(peer);
    peer_expect_frames(peer, "nothing leaves", "");
    assert_int_equal(h2_session_streams(peer->session), 0);
    peer_free(peer);
}

/* --- both ----------------------------------------------------------------------------------------
 */

static void carry(struct h2_peer *from, struct h2_peer *to)
{
    buffer_append_text(&to->frames, buffer_text(&from->out));
    buffer_clear(&from->out);
    assert_int_equal(peer_feed_bytes(to), 0);
}

static void our_client_and_our_server_understand_each_other(void **state)
{
    struct h2_peer *asks = peer_new_granting(H2_CLIENT, &usual_grants);
    struct h2_peer *serves = peer_new_granting(H2_SERVER, &usual_grants);
    struct h2_stream *stream = ask(asks, METHOD_POST, "POST", false);

    (void)state;
    serves->answers = true;
    h2_stream_send(stream, TEXT("hello"));
    h2_stream_end(stream, NULL);
    feed_nothing(asks);
    for (int i = 0; i < 3; i++) {
        carry(asks, serves);
        carry(serves, asks);
    }
    peer_expect(asks, "asks", "response 204 none\nend\nclosed 0\n");
    assert_int_equal(h2_session_streams(serves->session), 0);
    peer_free(asks);
    peer_free(serves);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_leaves_with_our_fields_and_without_those_of_a_connection),
        cmocka_unit_test(interim_responses_and_trailers_frame_the_response),
        cmocka_unit_test(a_body_in_pieces_ends_when_it_is_said),
        cmocka_unit_test(many_pieces_keep_their_order),
        cmocka_unit_test(what_the_window_does_not_take_is_kept_and_leaves_later),
        cmocka_unit_test(a_stream_that_makes_no_progress_is_found),
        cmocka_unit_test(room_is_granted_for_what_was_consumed),
        cmocka_unit_test(more_than_the_window_is_an_error_of_the_connection),
        cmocka_unit_test(who_answers_early_resets_what_still_comes),
        cmocka_unit_test(who_ends_while_nobody_listens_is_not_reset),
        cmocka_unit_test(a_cut_body_is_a_reset_and_never_an_end),
        cmocka_unit_test(the_user_hears_of_a_reset),
        cmocka_unit_test(a_graceful_end_has_two_steps),
        cmocka_unit_test(a_request_leaves_with_what_is_ours),
        cmocka_unit_test(responses_are_read_as_strictly),
        cmocka_unit_test(no_more_requests_than_the_peer_takes),
        cmocka_unit_test(a_request_is_taken_back),
        cmocka_unit_test(our_client_and_our_server_understand_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
