/*
 * Who decides where a body ends: the classes of request smuggling, each with the rule that settles
 * it, and what follows for the connection.
 */

#include "http/framing.h"

#include "heads.h"

#define TE "Transfer-Encoding: "
#define CL "Content-Length: "

struct bad_case {
    const char *name;
    const char *fields;
    int status;
    const char *reason;
};

static const struct bad_case bad_1_1[] = {
    /* RFC 9112 6.1: both are a smuggling attempt */
    { "both lengths", CL "5\r\n" TE "chunked\r\n", 400, "length_and_transfer_encoding" },
    { "both, the other way", TE "chunked\r\n" CL "5\r\n", 400, "length_and_transfer_encoding" },
    { "both, CL 0", TE "chunked\r\n" CL "0\r\n", 400, "length_and_transfer_encoding" },

    /* RFC 9112 6.1, 6.3 rule 4, 7 */
    { "TE twice", TE "chunked\r\n" TE "chunked\r\n", 400, "repeated_transfer_encoding" },
    { "TE twice, other", TE "chunked\r\n" TE "identity\r\n", 400, "repeated_transfer_encoding" },
    { "chunked twice", TE "chunked, chunked\r\n", 400, "bad_transfer_encoding" },
    { "not final", TE "chunked, gzip\r\n", 400, "bad_transfer_encoding" },
    { "gzip alone", TE "gzip\r\n", 400, "bad_transfer_encoding" },
    { "identity", TE "identity\r\n", 400, "bad_transfer_encoding" },
    { "another coding before", TE "gzip, chunked\r\n", 501, "transfer_coding_not_implemented" },
    { "identity before", TE "identity, chunked\r\n", 501, "transfer_coding_not_implemented" },
    { "nothing", TE "\r\n", 400, "empty_transfer_coding" },
    { "empty element first", TE ", chunked\r\n", 400, "empty_transfer_coding" },
    { "empty element last", TE "chunked,\r\n", 400, "empty_transfer_coding" },
    { "empty elements", TE ",,\r\n", 400, "empty_transfer_coding" },
    { "a parameter", TE "chunked;q=1\r\n", 400, "bad_transfer_encoding" },
    { "a longer word", TE "xchunked\r\n", 400, "bad_transfer_encoding" },
    { "a shorter word", TE "chunke\r\n", 400, "bad_transfer_encoding" },
    { "quoted", TE "\"chunked\"\r\n", 400, "bad_transfer_encoding" },
    { "two words", TE "chunked x\r\n", 400, "bad_transfer_encoding" },
    { "obs-text", TE "chunked\xa0\r\n", 400, "bad_transfer_encoding" },
    { "a tab inside", TE "chun\tked\r\n", 400, "bad_transfer_encoding" },

    /* RFC 9110 8.6, RFC 9112 6.3 rule 5 */
    { "CL twice, equal", CL "5\r\n" CL "5\r\n", 400, "repeated_content_length" },
    { "CL twice, other", CL "5\r\n" CL "6\r\n", 400, "repeated_content_length" },
    { "a list of equals", CL "5, 5\r\n", 400, "bad_content_length" },
    { "a list", CL "5,6\r\n", 400, "bad_content_length" },
    { "no digits", CL "\r\n", 400, "bad_content_length" },
    { "plus", CL "+5\r\n", 400, "bad_content_length" },
    { "minus", CL "-5\r\n", 400, "bad_content_length" },
    { "minus zero", CL "-0\r\n", 400, "bad_content_length" },
    { "a space inside", CL "5 5\r\n", 400, "bad_content_length" },
    { "hexadecimal", CL "0x5\r\n", 400, "bad_content_length" },
    { "a letter behind", CL "5a\r\n", 400, "bad_content_length" },
    { "a fraction", CL "5.0\r\n", 400, "bad_content_length" },
    { "an exponent", CL "5e1\r\n", 400, "bad_content_length" },
    { "2^63", CL "9223372036854775808\r\n", 400, "content_length_overflow" },
    { "2^64", CL "18446744073709551616\r\n", 400, "content_length_overflow" },
    { "2^64 + 5", CL "18446744073709551621\r\n", 400, "content_length_overflow" },
    { "a hundred digits",
      CL "9999999999999999999999999999999999999999999999999999999999999999999999999999\r\n", 400,
      "content_length_overflow" },

    /* RFC 9110 10.1.1 */
    { "another expectation", "Expect: 200-ok\r\n", 417, "unknown_expectation" },
    { "two expectations", "Expect: 100-continue, x\r\n", 417, "unknown_expectation" },
    { "an empty expectation", "Expect:\r\n", 417, "unknown_expectation" },
    { "a second line", "Expect: 100-continue\r\nExpect: x\r\n", 417, "unknown_expectation" },

    /* RFC 9110 7.6.1 */
    { "Connection names Host", "Connection: host\r\n", 400, "connection_names_framing" },
    { "Connection names Content-Length", "Connection: close, Content-Length\r\n" CL "5\r\n", 400,
      "connection_names_framing" },
    { "Connection with no token", "Connection: clo se\r\n", 400, "bad_connection_option" },
    { "Connection with a parameter", "Connection: close;x\r\n", 400, "bad_connection_option" },
    { "Connection in two lines, the second bad", "Connection: close\r\nConnection: \"x\"\r\n", 400,
      "bad_connection_option" },
    { "more options than fields",
      "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\r\n", 400,
      "too_many_connection_options" },
};

static const struct bad_case bad_1_0[] = {
    { "TE in HTTP/1.0 (RFC 9112 6.1)", TE "chunked\r\n", 400, "transfer_encoding_in_http_1_0" },
    { "TE in HTTP/1.0 with close", "Connection: close\r\n" TE "chunked\r\n", 400,
      "transfer_encoding_in_http_1_0" },
    { "both in HTTP/1.0", TE "chunked\r\n" CL "5\r\n", 400, "length_and_transfer_encoding" },
    { "CL twice in HTTP/1.0", CL "5\r\n" CL "5\r\n", 400, "repeated_content_length" },
};

static void parse_request_with(struct parsed *parsed, const char *line, const char *fields)
{
    char bytes[512];

    snprintf(bytes, sizeof(bytes), "%s\r\nHost: a\r\n%s\r\n", line, fields);
    parse_good_request(parsed, bytes);
}

static void expect_all_refused(const char *line, const struct bad_case *cases, size_t count)
{
    struct parsed *parsed = parsed_new();

    for (size_t i = 0; i < count; i++) {
        struct framing framing;
        struct h1_refusal refusal = { 0 };

        parse_request_with(parsed, line, cases[i].fields);
        if (framing_of_request(&parsed->request, &framing, &refusal) == 0)
            fail_msg("%s: taken", cases[i].name);
        expect_refusal(cases[i].name, &refusal, cases[i].status, cases[i].reason);
    }
    parsed_free(parsed);
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    expect_all_refused("POST / HTTP/1.1", bad_1_1, COUNT(bad_1_1));
    expect_all_refused("GET / HTTP/1.1", bad_1_1, COUNT(bad_1_1));
    expect_all_refused("POST / HTTP/1.0", bad_1_0, COUNT(bad_1_0));
}

static const struct good_case {
    const char *line;
    const char *fields;
    struct framing want;
} good_requests[] = {
    { "GET / HTTP/1.1", "", { .kind = BODY_NONE, .persistent = true } },
    { "POST / HTTP/1.1", "", { .kind = BODY_NONE, .persistent = true } },
    { "POST / HTTP/1.1",
      CL "0\r\n",
      { .kind = BODY_COUNTED, .has_length = true, .persistent = true } },
    { "GET / HTTP/1.1",
      CL "0005\r\n",
      { .kind = BODY_COUNTED, .length = 5, .has_length = true, .persistent = true } },
    { "PUT / HTTP/1.1",
      CL "9223372036854775807\r\n",
      { .kind = BODY_COUNTED, .length = INT64_MAX, .has_length = true, .persistent = true } },
    { "PUT / HTTP/1.1", TE "cHuNkEd\r\n", { .kind = BODY_CHUNKED, .persistent = true } },
    /* these names are other fields, wherever a backend may look (forwarding.c drops them) */
    { "PUT / HTTP/1.1", "Transfer_Encoding: chunked\r\n", { .persistent = true } },
    { "PUT / HTTP/1.1", "X-Content-Length: 5\r\n", { .persistent = true } },

    /* persistence (RFC 9112 9.3) */
    { "GET / HTTP/1.1", "Connection: close\r\n", { .persistent = false } },
    { "GET / HTTP/1.1", "Connection: keep-alive, CLOSE\r\n", { .persistent = false } },
    { "GET / HTTP/1.1", "Connection: x\r\nConnection: close\r\n", { .persistent = false } },
    { "GET / HTTP/1.1", "Connection: ,, keep-alive ,\r\n", { .persistent = true } },
    { "GET / HTTP/1.1", "Connection: closed\r\n", { .persistent = true } },
    { "GET / HTTP/1.1", "Connection: X-Forwarded-For\r\n", { .persistent = true } },
    { "GET / HTTP/1.1", "Proxy-Connection: close\r\n", { .persistent = true } },
    { "GET / HTTP/1.0", "", { .persistent = false } },
    { "GET / HTTP/1.0", "Connection: Keep-Alive\r\n", { .persistent = true } },
    { "GET / HTTP/1.0", "Connection: Keep-Alive, close\r\n", { .persistent = false } },

    /* Expect (RFC 9110 10.1.1) */
    { "PUT / HTTP/1.1",
      CL "5\r\nExpect: 100-Continue\r\n",
      { .kind = BODY_COUNTED,
        .length = 5,
        .has_length = true,
        .persistent = true,
        .expects_continue = true } },
    { "PUT / HTTP/1.1",
      TE "chunked\r\nExpect: 100-continue\r\n",
      { .kind = BODY_CHUNKED, .persistent = true, .expects_continue = true } },
    { "PUT / HTTP/1.1",
      CL "0\r\nExpect: 100-continue\r\n",
      { .kind = BODY_COUNTED, .has_length = true, .persistent = true } },
    { "GET / HTTP/1.1", "Expect: 100-continue\r\n", { .persistent = true } },
    { "PUT / HTTP/1.0",
      CL "5\r\nExpect: 100-continue\r\n",
      { .kind = BODY_COUNTED, .length = 5, .has_length = true } },
    { "PUT / HTTP/1.0", "Expect: x\r\n", { .persistent = false } },

    /* Upgrade (RFC 9110 7.8): WebSocket or nothing */
    { "GET / HTTP/1.1",
      "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n",
      { .persistent = true, .wants_upgrade = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: websocket\r\n" CL "0\r\n",
      { .kind = BODY_COUNTED, .has_length = true, .persistent = true, .wants_upgrade = true } },
    { "GET / HTTP/1.1", "Upgrade: websocket\r\n", { .persistent = true } },
    { "GET / HTTP/1.1", "Connection: Upgrade\r\n", { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
      { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
      { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
      { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
      { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: websocket/13\r\n",
      { .persistent = true } },
    { "POST / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", { .persistent = true } },
    { "GET / HTTP/1.1",
      "Connection: Upgrade\r\nUpgrade: websocket\r\n" TE "chunked\r\n",
      { .kind = BODY_CHUNKED, .persistent = true } },
    { "GET / HTTP/1.0",
      "Connection: Upgrade, keep-alive\r\nUpgrade: websocket\r\n",
      { .persistent = true } },

    /* TE (RFC 9110 10.1.4) */
    { "GET / HTTP/1.1", "TE: trailers\r\n", { .persistent = true, .accepts_trailers = true } },
    { "GET / HTTP/1.1",
      "TE: gzip;q=0.5\r\nTE: x, Trailers\r\n",
      { .persistent = true, .accepts_trailers = true } },
    { "GET / HTTP/1.1", "TE: trailers;q=1\r\n", { .persistent = true } },
    { "GET / HTTP/1.0", "TE: trailers\r\n", { .persistent = false } },
};

static void expect_framing(const char *name, const struct framing *got, const struct framing *want)
{
    if (got->kind != want->kind || got->length != want->length ||
        got->has_length != want->has_length)
        fail_msg("%s: kind %d length %ju has_length %d", name, (int)got->kind,
                 (uintmax_t)got->length, got->has_length);
    if (got->persistent != want->persistent)
        fail_msg("%s: persistent is %d", name, got->persistent);
    if (got->expects_continue != want->expects_continue ||
        got->wants_upgrade != want->wants_upgrade ||
        got->accepts_trailers != want->accepts_trailers)
        fail_msg("%s: continue %d upgrade %d trailers %d", name, got->expects_continue,
                 got->wants_upgrade, got->accepts_trailers);
}

static void good_requests_say_what_follows_them(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(good_requests); i++) {
        struct framing framing;
        struct h1_refusal refusal = { 0 };

        parse_request_with(parsed, good_requests[i].line, good_requests[i].fields);
        if (framing_of_request(&parsed->request, &framing, &refusal) < 0)
            fail_msg("%s: refused: %s", good_requests[i].fields, refusal.reason);
        expect_framing(good_requests[i].fields, &framing, &good_requests[i].want);
    }
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(good_requests_say_what_follows_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
