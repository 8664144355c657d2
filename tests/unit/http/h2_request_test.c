/*
 * Requests of HTTP/2: what is taken reads like HTTP/1.1, and every class of malformed head (RFC
 * 9113 section 8) is refused with its word, whole and in single bytes.
 */

#include "h2_peer.h"

#define GET  ":method: GET\n:scheme: https\n:authority: a.test\n:path: /"
#define POST ":method: POST\n:scheme: https\n:authority: a.test\n:path: /"
#define END  NGHTTP2_FLAG_END_STREAM
#define WEBSOCKET                                                                                  \
    ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a.test\n:path: /"
#define X16  "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

static const struct {
    const char *name;
    const char *lines;
    int flags;
    const char *said;
} good[] = {
    { "a GET", GET, END, "request GET a.test / none\n" },
    { "path and query", ":method: GET\n:scheme: https\n:authority: a.test:8443\n:path: /a?b=c", END,
      "request GET a.test:8443 /a?b=c none\n" },
    { "Host alone", ":method: GET\n:scheme: https\n:path: /\nhost: a.test", END,
      "request GET a.test / none host=a.test\n" },
    { "Host, equal", GET "\nhost: A.TEST:443", END, "request GET a.test / none host=A.TEST:443\n" },
    { "OPTIONS *", ":method: OPTIONS\n:scheme: https\n:authority: a.test\n:path: *", END,
      "request OPTIONS a.test * none\n" },
    { "a body of unknown length", POST, 0, "request POST a.test / open\n" },
    { "a counted body", POST "\ncontent-length: 5", 0,
      "request POST a.test / counted content-length=5\n" },
    { "a counted body of nothing", POST "\ncontent-length: 0", END,
      "request POST a.test / counted content-length=0\n" },
    { "te: trailers", GET "\nte: trailers", END, "request GET a.test / none te=trailers\n" },
    { "one cookie", GET "\ncookie: a=b", END, "request GET a.test / none cookie=a=b\n" },
    { "crumbs of cookie", GET "\ncookie: a=b\nx-a: 1\ncookie: c=d\ncookie: e", END,
      "request GET a.test / none cookie=a=b; c=d; e x-a=1\n" },
    { "WebSocket", WEBSOCKET, 0, "request CONNECT a.test / none upgrade\n" },
    { "a method of its own", ":method: REPORT\n:scheme: https\n:authority: a.test\n:path: /", END,
      "request REPORT a.test / none\n" },
    { "an empty value", GET "\nx-a: ", END, "request GET a.test / none x-a=\n" },
};

static const struct {
    const char *name;
    const char *lines;
    int flags;
    int status;
    const char *reason;
} bad[] = {
    /* section 8.3: pseudo-fields */
    { "no method", ":scheme: https\n:authority: a.test\n:path: /", END, 400,
      "pseudo_field_missing" },
    { "no scheme", ":method: GET\n:authority: a.test\n:path: /", END, 400, "pseudo_field_missing" },
    { "no path", ":method: GET\n:scheme: https\n:authority: a.test", END, 400,
      "pseudo_field_missing" },
    { "method twice", ":method: GET\n" GET, END, 400, "pseudo_field_repeated" },
    { "path twice", GET "\n:path: /b", END, 400, "pseudo_field_repeated" },
    { "authority twice", GET "\n:authority: a.test", END, 400, "pseudo_field_repeated" },
    { "scheme twice", GET "\n:scheme: http", END, 400, "pseudo_field_repeated" },
    { "unknown", GET "\n:foo: bar", END, 400, "pseudo_field_unknown" },
    { "of a response", GET "\n:status: 200", END, 400, "pseudo_field_unknown" },
    { "upper case", ":Method: GET\n:scheme: https\n:authority: a.test\n:path: /", END, 400,
      "pseudo_field_unknown" },
    { "behind a field", ":method: GET\n:scheme: https\nx-a: b\n:authority: a.test\n:path: /", END,
      400, "pseudo_field_order" },

    /* section 8.3.1: target */
    { "empty path", ":method: GET\n:scheme: https\n:authority: a.test\n:path: ", END, 400,
      "bad_target" },
    { "relative path", ":method: GET\n:scheme: https\n:authority: a.test\n:path: a", END, 400,
      "bad_target" },
    { "absolute form", ":method: GET\n:scheme: https\n:authority: a.test\n:path: https://b/", END,
      400, "bad_target" },
    { "* without OPTIONS", ":method: GET\n:scheme: https\n:authority: a.test\n:path: *", END, 400,
      "asterisk_without_options" },
    { "a space in the path", ":method: GET\n:scheme: https\n:authority: a.test\n:path: /a b", END,
      400, "bad_target" },
    { "a fragment", ":method: GET\n:scheme: https\n:authority: a.test\n:path: /a#b", END, 400,
      "bad_target" },
    { "raw UTF-8", ":method: GET\n:scheme: https\n:authority: a.test\n:path: /\xc3\xa9", END, 400,
      "bad_target" },
    { "a long path", ":method: GET\n:scheme: https\n:authority: a.test\n:path: /" X16 X16 X16 X16,
      END, 414, "target_too_long" },
    { "another scheme", ":method: GET\n:scheme: ftp\n:authority: a.test\n:path: /", END, 400,
      "bad_target_scheme" },
    { "a scheme with more", ":method: GET\n:scheme: https://x/\n:authority: a.test\n:path: /", END,
      400, "bad_target_scheme" },
    { "no authority", ":method: GET\n:scheme: https\n:path: /", END, 400, "host_missing" },
    { "empty authority", ":method: GET\n:scheme: https\n:authority: \n:path: /", END, 400,
      "bad_target_authority" },
    { "userinfo", ":method: GET\n:scheme: https\n:authority: u@a.test\n:path: /", END, 400,
      "bad_target_authority" },
    { "a path in the authority", ":method: GET\n:scheme: https\n:authority: a.test/x\n:path: /",
      END, 400, "bad_target_authority" },
    { "another Host", GET "\nhost: b.test", END, 400, "host_differs_from_target" },
    { "another port", GET "\nhost: a.test:8443", END, 400, "host_differs_from_target" },
    { "Host twice", GET "\nhost: a.test\nhost: a.test", END, 400, "host_repeated" },
    { "a bad Host", GET "\nhost: a test", END, 400, "bad_host" },

    /* methods */
    { "empty method", ":method: \n:scheme: https\n:authority: a.test\n:path: /", END, 400,
      "bad_method" },
    { "a method with a space", ":method: GE T\n:scheme: https\n:authority: a.test\n:path: /", END,
      400, "bad_method" },
    { "lower case", ":method: get\n:scheme: https\n:authority: a.test\n:path: /", END, 501,
      "method_not_implemented" },
    { "TRACE", ":method: TRACE\n:scheme: https\n:authority: a.test\n:path: /", END, 501,
      "method_not_implemented" },
    { "a long method",
      ":method: XXXXXXXXXXXXXXXXXXXXXXXXX\n:scheme: https\n:authority: a.test\n:path: /", END, 501,
      "method_too_long" },

    /* section 8.5, RFC 8441 */
    { "CONNECT", ":method: CONNECT\n:authority: a.test:443", 0, 501, "method_not_implemented" },
    { "CONNECT with a path", ":method: CONNECT\n:authority: a.test\n:path: /", 0, 400,
      "bad_connect" },
    { "CONNECT to nowhere", ":method: CONNECT", 0, 400, "bad_connect" },
    { "another protocol",
      ":method: CONNECT\n:protocol: connect-udp\n:scheme: https\n:authority: a.test\n:path: /", 0,
      501, "protocol_not_implemented" },
    { ":protocol without CONNECT", GET "\n:protocol: websocket", END, 400, "bad_connect" },
    { "WebSocket without a path",
      ":method: CONNECT\n:protocol: websocket\n:scheme: https\n:authority: a.test", 0, 400,
      "pseudo_field_missing" },
    { "WebSocket that ends", WEBSOCKET, END, 400, "bad_connect" },
    { "WebSocket with a length", WEBSOCKET "\ncontent-length: 5", 0, 400, "bad_connect" },

    /* section 8.2.1: names and values */
    { "an upper-case name", GET "\nX-A: b", END, 400, "upper_case_field_name" },
    { "a space in a name", GET "\nx a: b", END, 400, "bad_field_name" },
    { "a CR in a value", GET "\nx-a: b\rc", END, 400, "bad_field_value" },
    { "a space before a value", GET "\nx-a:  b", END, 400, "bad_field_value" },
    { "a space behind a value", GET "\nx-a: b ", END, 400, "bad_field_value" },
    { "a tab behind a value", GET "\nx-a: b\t", END, 400, "bad_field_value" },
    { "a DEL", GET "\nx-a: b\x7f", END, 400, "bad_field_value" },

    /* section 8.2.2 */
    { "Connection", GET "\nconnection: close", END, 400, "connection_field" },
    { "Keep-Alive", GET "\nkeep-alive: 5", END, 400, "connection_field" },
    { "Proxy-Connection", GET "\nproxy-connection: close", END, 400, "connection_field" },
    { "Transfer-Encoding", POST "\ntransfer-encoding: chunked", 0, 400, "connection_field" },
    { "Upgrade", GET "\nupgrade: websocket", END, 400, "connection_field" },
    { "TE", GET "\nte: gzip", END, 400, "connection_field" },
    { "TE with more", GET "\nte: trailers, gzip", END, 400, "connection_field" },

    /* section 8.1.1: lengths */
    { "a length without a body", POST "\ncontent-length: 5", END, 400, "length_differs_from_data" },
    { "two lengths", POST "\ncontent-length: 5\ncontent-length: 5", 0, 400,
      "repeated_content_length" },
    { "a signed length", POST "\ncontent-length: +5", 0, 400, "bad_content_length" },
    { "a list of lengths", POST "\ncontent-length: 5, 5", 0, 400, "bad_content_length" },
    { "2^64", POST "\ncontent-length: 18446744073709551616", 0, 400, "content_length_overflow" },
    { "an expectation", POST "\nexpect: 200-ok", 0, 417, "unknown_expectation" },

    /* limits */
    { "a large head", GET "\nx-a: " X256 X256 X256 X256 X256 X256 X256 X256, END, 431,
      "header_too_large" },
    { "many fields",
      GET "\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b\na: b"
          "\na: b\na: b\na: b",
      END, 431, "too_many_fields" },
    { "many crumbs",
      GET "\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b"
          "\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b\ncookie: b"
          "\ncookie: b",
      END, 431, "too_many_fields" },
};

static void what_is_good_reads_like_http_1_1(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct h2_peer *peer = peer_new(H2_SERVER);

        peer_headers(peer, (uint8_t)good[i].flags, 1, good[i].lines);
        assert_int_equal(peer_feed(peer), 0);
        peer_expect(peer, good[i].name, good[i].said);
        peer_headers(peer, (uint8_t)good[i].flags, 3, good[i].lines);
        assert_int_equal(peer_feed_bytes(peer), 0);
        peer_expect(peer, good[i].name, good[i].said);
        peer_free(peer);
    }
}

static void expect_refused(struct h2_peer *peer, size_t i)
{
    char want[128];
    char frames[128];

    snprintf(want, sizeof(want), "refused %d %s\n", bad[i].status, bad[i].reason);
    peer_expect(peer, bad[i].name, want);
    snprintf(frames, sizeof(frames), "HEADERS %d :status=%d end\nRST %d 1\n", 1, bad[i].status, 1);
    peer_expect_frames(peer, bad[i].name, frames);
}

/* Each gets its answer and then the reset that section 8.1.1 wants; the next request is served. */
static void every_malformed_head_is_refused_with_its_word(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        for (int bytes = 0; bytes < 2; bytes++) {
            struct h2_peer *peer = peer_new(H2_SERVER);

            peer->answers = true;
            peer->code = H2_PROTOCOL_ERROR;
            peer_headers(peer, (uint8_t)bad[i].flags, 1, bad[i].lines);
            assert_int_equal(bytes ? peer_feed_bytes(peer) : peer_feed(peer), 0);
            expect_refused(peer, i);
            peer_get(peer, 3);
            assert_int_equal(peer_feed(peer), 0);
            peer_expect(peer, bad[i].name, "request GET a.test / none\n");
            peer_free(peer);
        }
    }
}

static void octets_that_a_line_can_not_have_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct text field;
        struct text value;
        const char *reason;
    } cases[] = {
        { "no name", BYTES(""), BYTES("b"), "empty_field_name" },
        { "a NUL in a name", BYTES("x\0a"), BYTES("b"), "bad_field_name" },
        { "a colon in a name", BYTES("x:a"), BYTES("b"), "bad_field_name" },
        { "a newline in a name", BYTES("x\na"), BYTES("b"), "bad_field_name" },
        { "a NUL in a value", BYTES("x-a"), BYTES("b\0c"), "bad_field_value" },
        { "a newline in a value", BYTES("x-a"), BYTES("b\r\nc: d"), "bad_field_value" },
        { "obs-text in a name", BYTES("x\xc3"), BYTES("b"), "bad_field_name" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct h2_peer *peer = peer_new(H2_SERVER);
        struct buffer block = { 0 };
        char want[128];

        peer_block(peer, GET, &block);
        peer_field(peer, cases[i].field, cases[i].value, &block);
        peer_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | END, 1, buffer_text(&block));
        assert_int_equal(peer_feed(peer), 0);
        snprintf(want, sizeof(want), "refused 400 %s\n", cases[i].reason);
        peer_expect(peer, cases[i].name, want);
        buffer_done(&block);
        peer_free(peer);
    }
}

static void extended_connect_is_unknown_where_it_was_not_granted(void **state)
{
    struct h2_grants grants = usual_grants;
    struct h2_peer *peer;

    (void)state;
    grants.extended_connect = false;
    peer = peer_new_granting(H2_SERVER, &grants);
    peer_preface(peer);
    peer_headers(peer, 0, 1, WEBSOCKET);
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "not granted", "refused 400 pseudo_field_unknown\n");
    peer_free(peer);
}

static const struct {
    const char *name;
    const char *lines;
    const char *data[4];
    const char *trailers;
    int trailer_flags;
    const char *said;
} bodies[] = {
    { "as long as it says",
      POST "\ncontent-length: 5",
      { "he", "llo" },
      NULL,
      0,
      "request POST a.test / counted content-length=5\ndata 2\ndata 3\nend\n" },
    { "longer",
      POST "\ncontent-length: 3",
      { "he", "llo" },
      NULL,
      0,
      "request POST a.test / counted content-length=3\ndata 2\n"
      "refused 400 length_differs_from_data late\n" },
    { "shorter",
      POST "\ncontent-length: 6",
      { "he", "llo" },
      NULL,
      0,
      "request POST a.test / counted content-length=6\ndata 2\ndata 3\n"
      "refused 400 length_differs_from_data late\n" },
    { "something instead of nothing",
      POST "\ncontent-length: 0",
      { "x" },
      NULL,
      0,
      "request POST a.test / counted content-length=0\n"
      "refused 400 length_differs_from_data late\n" },
    { "trailers",
      POST,
      { "hello" },
      "x-a: b",
      END,
      "request POST a.test / open\ndata 5\nend x-a=b\n" },
    { "shorter, with trailers",
      POST "\ncontent-length: 6",
      { "hello" },
      "x-a: b",
      END,
      "request POST a.test / counted content-length=6\ndata 5\n"
      "refused 400 length_differs_from_data late\n" },
    { "trailers that do not end",
      POST,
      { "hello" },
      "x-a: b",
      0,
      "request POST a.test / open\ndata 5\nrefused 400 trailers_without_end late\n" },
    { "a pseudo-field in trailers",
      POST,
      { "hello" },
      ":path: /",
      END,
      "request POST a.test / open\ndata 5\nrefused 400 pseudo_field_unknown late\n" },
    { "Connection in trailers",
      POST,
      { "hello" },
      "connection: close",
      END,
      "request POST a.test / open\ndata 5\nrefused 400 connection_field late\n" },
    { "an upper-case trailer",
      POST,
      { "hello" },
      "X-A: b",
      END,
      "request POST a.test / open\ndata 5\nrefused 400 upper_case_field_name late\n" },
};

static void bodies_are_held_to_their_length_and_trailers_to_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct h2_peer *peer = peer_new(H2_SERVER);

        peer_headers(peer, 0, 1, bodies[i].lines);
        for (size_t piece = 0; piece < 3 && bodies[i].data[piece]; piece++) {
            bool last = !bodies[i].trailers && !bodies[i].data[piece + 1];

            peer_frame(peer, NGHTTP2_DATA, last ? END : 0, 1, text_of(bodies[i].data[piece]));
        }
        if (bodies[i].trailers)
            peer_headers(peer, (uint8_t)bodies[i].trailer_flags, 1, bodies[i].trailers);
        assert_int_equal(peer_feed(peer), 0);
        peer_expect(peer, bodies[i].name, bodies[i].said);
        peer_free(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_good_reads_like_http_1_1),
        cmocka_unit_test(every_malformed_head_is_refused_with_its_word),
        cmocka_unit_test(octets_that_a_line_can_not_have_are_refused),
        cmocka_unit_test(extended_connect_is_unknown_where_it_was_not_granted),
        cmocka_unit_test(bodies_are_held_to_their_length_and_trailers_to_the_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
