/* Where a backend's body ends, and which answers can not be passed on at all. */

#include "heads.h"
#include "http/framing.h"

#define TE "Transfer-Encoding: "
#define CL "Content-Length: "
#define UP "Connection: Upgrade\r\nUpgrade: websocket\r\n"

static const struct bad_case {
    const char *head; /* without the empty line */
    enum http_method method;
    bool upgrade_sent;
    const char *reason;
} bad_cases[] = {
    /* RFC 9112 6.1 and 6.3, for every method and status: two lengths are two answers */
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\n" CL "5\r\n", METHOD_GET, false,
      "length_and_transfer_encoding" },
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\n" CL "5\r\n", METHOD_HEAD, false,
      "length_and_transfer_encoding" },
    { "HTTP/1.1 304 x\r\n" TE "chunked\r\n" CL "5\r\n", METHOD_GET, false,
      "length_and_transfer_encoding" },
    { "HTTP/1.1 200 OK\r\n" CL "5\r\n" CL "5\r\n", METHOD_GET, false, "repeated_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "5\r\n" CL "6\r\n", METHOD_GET, false, "repeated_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "5, 5\r\n", METHOD_GET, false, "bad_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "-1\r\n", METHOD_GET, false, "bad_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "+1\r\n", METHOD_GET, false, "bad_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "\r\n", METHOD_GET, false, "bad_content_length" },
    { "HTTP/1.1 200 OK\r\n" CL "18446744073709551616\r\n", METHOD_GET, false,
      "content_length_overflow" },
    { "HTTP/1.1 200 OK\r\n" TE "gzip\r\n", METHOD_GET, false, "bad_transfer_encoding" },
    { "HTTP/1.1 200 OK\r\n" TE "identity\r\n", METHOD_GET, false, "bad_transfer_encoding" },
    { "HTTP/1.1 200 OK\r\n" TE "gzip, chunked\r\n", METHOD_GET, false,
      "transfer_coding_not_implemented" },
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\n" TE "chunked\r\n", METHOD_GET, false,
      "repeated_transfer_encoding" },
    { "HTTP/1.0 200 OK\r\n" TE "chunked\r\n", METHOD_GET, false, "transfer_encoding_in_http_1_0" },
    { "HTTP/1.1 200 OK\r\nConnection: a b\r\n", METHOD_GET, false, "bad_connection_option" },

    /* RFC 9110 7.8: a 101 is an answer to an upgrade */
    { "HTTP/1.1 101 x\r\n" UP, METHOD_GET, false, "unasked_101" },
    { "HTTP/1.1 101 x\r\n", METHOD_GET, true, "bad_101" },
    { "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n", METHOD_GET, true, "bad_101" },
    { "HTTP/1.1 101 x\r\nConnection: Upgrade\r\n", METHOD_GET, true, "bad_101" },
    { "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n", METHOD_GET, true, "bad_101" },
    { "HTTP/1.0 101 x\r\n" UP, METHOD_GET, true, "bad_101" },
};

static void an_answer_with_two_meanings_is_502(void **state)
{
    struct parsed *parsed = parsed_new();
    char bytes[512];

    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct framing framing;
        struct h1_refusal refusal = { 0 };

        snprintf(bytes, sizeof(bytes), "%s\r\n", bad_cases[i].head);
        parse_good_response(parsed, bytes);
        if (framing_of_response(&parsed->response, bad_cases[i].method, bad_cases[i].upgrade_sent,
                                &framing, &refusal) == 0)
            fail_msg("%s: taken", bytes);
        expect_refusal(bytes, &refusal, 502, bad_cases[i].reason);
    }
    parsed_free(parsed);
}

static const struct good_case {
    const char *head;
    enum http_method method;
    bool upgrade_sent;
    struct framing want;
} good_cases[] = {
    { "HTTP/1.1 200 OK\r\n" CL "5\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_COUNTED, .length = 5, .has_length = true, .persistent = true } },
    { "HTTP/1.1 200 OK\r\n" CL "0\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_COUNTED, .has_length = true, .persistent = true } },
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_CHUNKED, .persistent = true } },
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\nConnection: close\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_CHUNKED } },
    /* rule 8: the end of the connection is the end of the body, so it carries nothing else */
    { "HTTP/1.1 200 OK\r\n", METHOD_GET, false, { .kind = BODY_UNTIL_CLOSE } },
    { "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n",
      METHOD_POST,
      false,
      { .kind = BODY_UNTIL_CLOSE } },
    { "HTTP/1.1 205 x\r\n", METHOD_POST, false, { .kind = BODY_UNTIL_CLOSE } },

    /* HTTP/1.0 backends (RFC 9112 9.3) */
    { "HTTP/1.0 200 OK\r\n", METHOD_GET, false, { .kind = BODY_UNTIL_CLOSE } },
    { "HTTP/1.0 200 OK\r\n" CL "5\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_COUNTED, .length = 5, .has_length = true } },
    { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CL "5\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_COUNTED, .length = 5, .has_length = true, .persistent = true } },
    { "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_UNTIL_CLOSE } },

    /* rule 1: no body, whatever the fields say */
    { "HTTP/1.1 200 OK\r\n" CL "5\r\n",
      METHOD_HEAD,
      false,
      { .kind = BODY_NONE, .length = 5, .has_length = true, .persistent = true } },
    { "HTTP/1.1 200 OK\r\n" TE "chunked\r\n",
      METHOD_HEAD,
      false,
      { .kind = BODY_NONE, .persistent = true } },
    { "HTTP/1.1 200 OK\r\n", METHOD_HEAD, false, { .kind = BODY_NONE, .persistent = true } },
    { "HTTP/1.0 200 OK\r\n", METHOD_HEAD, false, { .kind = BODY_NONE } },
    { "HTTP/1.1 304 x\r\n" CL "5\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_NONE, .length = 5, .has_length = true, .persistent = true } },
    { "HTTP/1.1 304 x\r\n", METHOD_GET, false, { .kind = BODY_NONE, .persistent = true } },
    { "HTTP/1.1 204 x\r\n", METHOD_GET, false, { .kind = BODY_NONE, .persistent = true } },
    /* a length where none may be: not passed on, and the connection is not trusted */
    { "HTTP/1.1 204 x\r\n" CL "0\r\n",
      METHOD_GET,
      false,
      { .kind = BODY_NONE, .persistent = true } },
    { "HTTP/1.1 204 x\r\n" CL "5\r\n", METHOD_GET, false, { .kind = BODY_NONE } },
    { "HTTP/1.1 204 x\r\n" CL "5\r\n", METHOD_HEAD, false, { .kind = BODY_NONE } },
    { "HTTP/1.1 204 x\r\n" TE "chunked\r\n", METHOD_GET, false, { .kind = BODY_NONE } },
    { "HTTP/1.1 100 x\r\n", METHOD_POST, false, { .kind = BODY_NONE, .persistent = true } },
    { "HTTP/1.1 100 x\r\n" CL "5\r\n", METHOD_POST, false, { .kind = BODY_NONE } },
    { "HTTP/1.1 103 x\r\nLink: a\r\n",
      METHOD_HEAD,
      true,
      { .kind = BODY_NONE, .persistent = true } },

    /* 101 */
    { "HTTP/1.1 101 x\r\n" UP, METHOD_GET, true, { .kind = BODY_TUNNEL } },
    { "HTTP/1.1 101 x\r\n" UP CL "0\r\n", METHOD_GET, true, { .kind = BODY_TUNNEL } },
    /* an upgrade that was refused is a usual answer */
    { "HTTP/1.1 403 x\r\n" CL "5\r\n",
      METHOD_GET,
      true,
      { .kind = BODY_COUNTED, .length = 5, .has_length = true, .persistent = true } },
};

static void good_answers_say_where_they_end(void **state)
{
    struct parsed *parsed = parsed_new();
    char bytes[512];

    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        const struct framing *want = &good_cases[i].want;
        struct framing got;
        struct h1_refusal refusal = { 0 };

        snprintf(bytes, sizeof(bytes), "%s\r\n", good_cases[i].head);
        parse_good_response(parsed, bytes);
        if (framing_of_response(&parsed->response, good_cases[i].method, good_cases[i].upgrade_sent,
                                &got, &refusal) < 0)
            fail_msg("%s: refused: %s", bytes, refusal.reason);
        if (got.kind != want->kind || got.length != want->length ||
            got.has_length != want->has_length || got.persistent != want->persistent)
            fail_msg("%s: kind %d length %ju has_length %d persistent %d", bytes, (int)got.kind,
                     (uintmax_t)got.length, got.has_length, got.persistent);
    }
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_with_two_meanings_is_502),
        cmocka_unit_test(good_answers_say_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
