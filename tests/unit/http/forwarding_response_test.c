/* What a backend's answer becomes on its way to a client, its trailers, and our reason phrases. */

#include "heads.h"
#include "http/forwarding.h"

static const struct response_forwarding usual = { .minor_version = 1 };

static void expect_response(const char *name, const char *head,
                            const struct response_forwarding *forwarding, const char *want)
{
    struct parsed *parsed = parsed_new();
    struct buffer out = { 0 };
    char bytes[512];

    snprintf(bytes, sizeof(bytes), "%s\r\n", head);
    parse_good_response(parsed, bytes);
    forwarding_clean_response(&parsed->response);
    h1_write_response(&out, &parsed->response, forwarding);
    snprintf(bytes, sizeof(bytes), "%s\r\n", want);
    expect_text(name, buffer_text(&out), bytes);
    buffer_done(&out);
    parsed_free(parsed);
}

static const struct {
    const char *name;
    const char *sent;
    const char *passed;
} cases[] = {
    { "end-to-end fields pass in their order",
      "Server: x\r\nSet-Cookie: a\r\nSet-Cookie:b\r\nDate: \r\n",
      "Server: x\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nDate: \r\n" },
    /* RFC 9110 7.6.1 */
    { "hop-by-hop fields go",
      "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
      "Proxy-Authenticate: Basic\r\nTE: trailers\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n"
      "Content-Length: 5\r\nTrailer: X\r\nA: 1\r\n",
      "A: 1\r\n" },
    { "fields that Connection names go", "X-One: 1\r\nConnection: x-one, close\r\nA: 1\r\n",
      "A: 1\r\n" },
    { "Connection naming what we write",
      "Connection: strict-transport-security, content-length\r\n", "" },
    { "what a proxy says about clients is not a response's business", "X-Forwarded-For: 1\r\n",
      "X-Forwarded-For: 1\r\n" },
};

static void a_client_sees_the_fields_that_may_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char sent[512];
        char want[512];

        snprintf(sent, sizeof(sent), "HTTP/1.0 200 Fine\r\n%s", cases[i].sent);
        snprintf(want, sizeof(want), "HTTP/1.1 200 Fine\r\n%s", cases[i].passed);
        expect_response(cases[i].name, sent, &usual, want);
    }
}

static void framing_and_connection_are_ours(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTrailer: X\r\n";
    struct response_forwarding forwarding = usual;

    (void)state;
    forwarding.counted = true;
    forwarding.length = 5;
    expect_response("counted", head, &forwarding, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
    forwarding.close = true;
    expect_response("close", head, &forwarding,
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n");
    forwarding.close = false;
    forwarding.keep_alive_for_1_0 = true;
    expect_response("1.0", head, &forwarding,
                    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n");
    forwarding = usual;
    forwarding.chunked = true;
    expect_response("chunked", head, &forwarding,
                    "HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n");
    expect_response("no reason", "HTTP/1.1 204\r\n", &usual, "HTTP/1.1 204 \r\n");
}

static void an_upgrade_keeps_the_protocol_of_the_backend(void **state)
{
    struct response_forwarding forwarding = usual;

    (void)state;
    forwarding.upgrade = true;
    expect_response("101",
                    "HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
                    "Sec-WebSocket-Accept: y\r\n",
                    &forwarding,
                    "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: y\r\nConnection: Upgrade\r\n"
                    "Upgrade: WebSocket\r\n");
}

static void our_transport_security_replaces_the_backends(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=0\r\n";
    struct response_forwarding forwarding = usual;

    (void)state;
    expect_response("none of ours", head, &forwarding, head);
    forwarding.hsts = TEXT("max-age=63072000");
    forwarding.set_cookie = TEXT("swid=1; Secure");
    expect_response("ours", head, &forwarding,
                    "HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=63072000\r\n"
                    "Set-Cookie: swid=1; Secure\r\n");
}

static void an_interim_response_has_no_framing_and_no_connection(void **state)
{
    struct parsed *parsed = parsed_new();
    struct buffer out = { 0 };

    (void)state;
    parse_good_response(parsed,
                        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 5\r\n"
                        "Connection: close, x-one\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n"
                        "Upgrade: h2c\r\nKeep-Alive: 1\r\nTrailer: X\r\n\r\n");
    h1_write_interim(&out, &parsed->response); /* also when nothing was cleaned */
    expect_text("103", buffer_text(&out), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    buffer_done(&out);
    parsed_free(parsed);
}

/* RFC 9110 6.5.1 */
static const char *const never_trailers[] = {
    "Transfer-Encoding",
    "Content-Length",
    "Host",
    "Trailer",
    "TE",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "Content-Encoding",
    "Content-Type",
    "Content-Range",
    "Cache-Control",
    "Expect",
    "Max-Forwards",
    "Pragma",
    "Range",
    "If-Match",
    "If-None-Match",
    "Age",
    "Date",
    "Expires",
    "Location",
    "Retry-After",
    "Vary",
    "Warning",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "X-Request-Id",
    "Remote-User",
    "Accept-Encoding",
    "Strict-Transport-Security",
    "X_Forwarded_For",
    "Content_Length",
    "CONTENT.LENGTH",
    "Remote_User",
    "X_Real_IP",
};

static void a_trailer_that_belongs_into_the_head_does_not_pass(void **state)
{
    struct arena arena = { 0 };
    struct field_list trailers = { 0 };
    struct buffer out = { 0 };

    (void)state;
    h1_write_last_chunk(&out, &trailers);
    expect_text("none", buffer_text(&out), "0\r\n\r\n");
    field_list_add(&trailers, &arena, TEXT("grpc-status"), TEXT("0"));
    for (size_t i = 0; i < COUNT(never_trailers); i++)
        field_list_add(&trailers, &arena, text_of(never_trailers[i]), text_of(never_trailers[i]));
    field_list_add(&trailers, &arena, TEXT("Dropped"), TEXT("1"));
    trailers.lines[trailers.count - 1].dropped = true;
    field_list_add(&trailers, &arena, TEXT("grpc_x.y"), TEXT("1"));
    field_list_add(&trailers, &arena, TEXT("ETag"), TEXT("2"));
    buffer_clear(&out);
    h1_write_last_chunk(&out, &trailers);
    expect_text("trailers", buffer_text(&out),
                "0\r\ngrpc-status: 0\r\ngrpc_x.y: 1\r\nETag: 2\r\n\r\n");
    buffer_done(&out);
    arena_done(&arena);
}

/* What was written goes behind what was there, also when the buffer has to grow for it. */
static void a_head_is_appended_whatever_its_size(void **state)
{
    struct arena arena = { 0 };
    struct buffer out = { 0 };
    struct response_head head = { .status = 200, .reason = TEXT("OK"), .minor_version = 1 };
    static char long_value[30000];

    (void)state;
    memset(long_value, 'x', sizeof(long_value));
    buffer_append_text(&out, TEXT("before"));
    field_list_add(&head.fields, &arena, TEXT("A"), text_make(long_value, sizeof(long_value)));
    h1_write_response(&out, &head, &usual);
    assert_int_equal(buffer_len(&out), strlen("before"
                                              "HTTP/1.1 200 OK\r\nA: \r\n\r\n") +
                                           sizeof(long_value));
    assert_true(text_starts(buffer_text(&out), TEXT("beforeHTTP/1.1 200 OK\r\nA: xxx")));
    assert_true(text_ends(buffer_text(&out), TEXT("xxx\r\n\r\n")));
    buffer_done(&out);
    arena_done(&arena);
}

static void every_status_that_a_refusal_has_has_a_reason(void **state)
{
    static const int used[] = { 400, 408, 413, 414, 417, 421, 431, 501, 502, 503, 504, 505 };

    (void)state;
    for (size_t i = 0; i < COUNT(used); i++)
        assert_string_not_equal(http_reason(used[i]), "Unknown");
    assert_string_equal(http_reason(308), "Permanent Redirect");
    assert_string_equal(http_reason(299), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_sees_the_fields_that_may_pass),
        cmocka_unit_test(framing_and_connection_are_ours),
        cmocka_unit_test(an_upgrade_keeps_the_protocol_of_the_backend),
        cmocka_unit_test(our_transport_security_replaces_the_backends),
        cmocka_unit_test(an_interim_response_has_no_framing_and_no_connection),
        cmocka_unit_test(a_trailer_that_belongs_into_the_head_does_not_pass),
        cmocka_unit_test(a_head_is_appended_whatever_its_size),
        cmocka_unit_test(every_status_that_a_refusal_has_has_a_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
