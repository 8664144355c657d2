/*
 * What a client's head becomes on its way to a backend: byte for byte, for each way in which a
 * client may try to keep, forge or remove a field.
 */

#include "http/forwarding.h"

#include "heads.h"

#define TOP "GET / HTTP/1.1\r\nHost: a.example\r\n"
#define OURS                                                                                       \
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n"    \
    "X-Request-Id: id-1\r\n"

static const struct forwarding usual = {
    .client_address = { .at = "192.0.2.7", .len = 9 },
    .request_id = { .at = "id-1", .len = 4 },
    .https = true,
    .x_forwarded = true,
    .pass_traceparent = true,
};

static const struct {
    const char *name;
    const char *sent;   /* the fields behind Host */
    const char *passed; /* those that reach the backend, behind Host and before ours */
} cases[] = {
    { "end-to-end fields pass in their order", "B: 2\r\nA:1\r\nB:  3 \r\nEmpty:\r\n",
      "B: 2\r\nA: 1\r\nB: 3\r\nEmpty: \r\n" },
    { "credentials and cookies pass", "Authorization: Basic x\r\nCookie: a=b\r\n",
      "Authorization: Basic x\r\nCookie: a=b\r\n" },
    { "a WebSocket's fields pass", "Sec-WebSocket-Key: x\r\n", "Sec-WebSocket-Key: x\r\n" },
    { "the trace passes", "traceparent: 00-1-2-01\r\ntracestate: a=b\r\n",
      "traceparent: 00-1-2-01\r\ntracestate: a=b\r\n" },

    /* RFC 9110 7.6.1 */
    { "hop-by-hop fields go",
      "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n"
      "Proxy-Authorization: Basic x\r\nProxy-Authenticate: Basic\r\nTE: trailers\r\n"
      "Upgrade: websocket\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\nA: 1\r\n",
      "A: 1\r\n" },
    { "fields that Connection names go, in any case and line",
      "X-One: 1\r\nConnection: x-one, close\r\nX-TWO: 2\r\nConnection: X-Two\r\nX-One: 3\r\nA: "
      "1\r\n",
      "A: 1\r\n" },
    { "a name is a whole name", "Connection: X-On, X-Oned\r\nX-One: 1\r\n", "X-One: 1\r\n" },
    { "Connection naming itself", "Connection: connection\r\nA: 1\r\n", "A: 1\r\n" },
    { "Connection naming a cookie removes the client's own",
      "Connection: cookie\r\nCookie: a=b\r\n", "" },
    /* CVE-2024-45410: ours are there all the same */
    { "Connection naming our fields",
      "Connection: X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id\r\n", "" },
    { "Connection naming our fields and sending them",
      "Connection: X-Forwarded-For, X-Request-Id\r\nX-Forwarded-For: 1\r\nX-Request-Id: 2\r\n",
      "" },

    /* what only a proxy may say */
    { "forwarding fields go",
      "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-proto: http\r\nX-FORWARDED-HOST: b\r\n"
      "X-Forwarded-Port: 1\r\nX-Forwarded-Server: b\r\nX-Forwarded-Prefix: /b\r\n"
      "X-Forwarded-User: root\r\nX-Forwarded: 1\r\nForwarded: for=1.1.1.1\r\nA: 1\r\n",
      "A: 1\r\n" },
    { "identity fields go",
      "X-Real-IP: 1\r\nX-Client-IP: 1\r\nTrue-Client-IP: 1\r\nCF-Connecting-IP: 1\r\n"
      "X-Cluster-Client-IP: 1\r\nX-Original-URL: /b\r\nX-Rewrite-URL: /b\r\nX-Remote-User: b\r\n"
      "Remote-User: b\r\nClient-IP: 1\r\nX-Client-Cert: b\r\nSSL-Client-Cert: b\r\n"
      "SSL-Client-Verify: SUCCESS\r\nProxy: http://b\r\nA: 1\r\n",
      "A: 1\r\n" },
    { "the client's request id goes", "X-Request-Id: forged\r\n", "" },
};

static void write_request(struct buffer *out, struct parsed *parsed, const char *sent,
                          enum underscore_rule rule, const struct forwarding *forwarding)
{
    struct h1_refusal refusal;
    char bytes[1024];

    snprintf(bytes, sizeof(bytes), TOP "%s\r\n", sent);
    parse_good_request(parsed, bytes);
    assert_int_equal(
        forwarding_clean_request(&parsed->request, rule, forwarding->pass_traceparent, &refusal),
        0);
    buffer_clear(out);
    h1_write_request(out, &parsed->request, forwarding);
}

static void expect_request(const char *name, const char *sent, enum underscore_rule rule,
                           const struct forwarding *forwarding, const char *behind_host)
{
    struct parsed *parsed = parsed_new();
    struct buffer out = { 0 };
    char want[1024];

    snprintf(want, sizeof(want), TOP "%s\r\n", behind_host);
    write_request(&out, parsed, sent, rule, forwarding);
    expect_text(name, buffer_text(&out), want);
    buffer_done(&out);
    parsed_free(parsed);
}

static void a_backend_sees_the_fields_that_may_pass_and_then_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[1024];

        snprintf(want, sizeof(want), "%s" OURS, cases[i].passed);
        for (int rule = UNDERSCORE_FIELDS_DROP; rule <= UNDERSCORE_FIELDS_KEEP; rule++)
            expect_request(cases[i].name, cases[i].sent, (enum underscore_rule)rule, &usual, want);
    }
}

static void names_with_underscores_are_dropped_refused_or_kept(void **state)
{
    struct parsed *parsed = parsed_new();
    struct h1_refusal refusal;

    (void)state;
    expect_request("drop", "A_B: 1\r\nA: 2\r\n_: 3\r\n", UNDERSCORE_FIELDS_DROP, &usual,
                   "A: 2\r\n" OURS);
    expect_request("keep", "A_B: 1\r\nA: 2\r\n", UNDERSCORE_FIELDS_KEEP, &usual,
                   "A_B: 1\r\nA: 2\r\n" OURS);
    expect_request("a dot is no underscore", "A.B: 1\r\n", UNDERSCORE_FIELDS_DROP, &usual,
                   "A.B: 1\r\n" OURS);
    parse_good_request(parsed, TOP "A_B: 1\r\n\r\n");
    assert_int_equal(
        forwarding_clean_request(&parsed->request, UNDERSCORE_FIELDS_REJECT, true, &refusal), -1);
    expect_refusal("reject", &refusal, 400, "underscore_in_field_name");
    parsed_free(parsed);
}

/* Backends with CGI-like variables can not tell these from what we write or decide by. */
static void other_spellings_of_known_names_go_even_when_underscores_are_kept(void **state)
{
    static const char *const spellings[] = {
        "X_Forwarded_For",   "x_forwarded-for",  "X-Forwarded_For", "X_Forwarded_Anything",
        "X_Real_IP",         "X-Real_IP",        "Remote_User",     "SSL_Client_Verify",
        "X_Request_Id",      "Content_Length",   "CONTENT_LENGTH",  "Transfer_Encoding",
        "Transfer-Encodin_", "X.Forwarded.For",  "X!Real!IP",       "X_Original_URL",
        "Keep_Alive",        "Proxy_Connection", "Client_Cert",     "X~Forwarded~Proto",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(spellings); i++) {
        bool other = strcmp(spellings[i], "Transfer-Encodin_") == 0;
        char sent[128];
        char want[512];

        snprintf(sent, sizeof(sent), "%s: forged\r\nA: 1\r\n", spellings[i]);
        snprintf(want, sizeof(want), "%s" OURS, other ? sent : "A: 1\r\n");
        expect_request(spellings[i], sent, UNDERSCORE_FIELDS_KEEP, &usual, want);
    }
}

static void a_trace_is_not_passed_on_when_it_is_off(void **state)
{
    struct forwarding forwarding = usual;

    (void)state;
    forwarding.pass_traceparent = false;
    expect_request("trace", "traceparent: 00-1-2-01\r\ntracestate: a=b\r\nA: 1\r\n",
                   UNDERSCORE_FIELDS_DROP, &forwarding, "A: 1\r\n" OURS);
}

static void forwarded_is_quoted_where_rfc_7239_asks_for_it(void **state)
{
    struct forwarding forwarding = usual;

    (void)state;
    forwarding.x_forwarded = false;
    forwarding.rfc7239 = true;
    expect_request("IPv4", "", UNDERSCORE_FIELDS_DROP, &forwarding,
                   "Forwarded: for=192.0.2.7;proto=https;host=\"a.example\"\r\n"
                   "X-Request-Id: id-1\r\n");
    forwarding.client_address = TEXT("2001:db8::7");
    forwarding.client_is_ipv6 = true;
    forwarding.https = false;
    expect_request("IPv6", "Forwarded: for=x\r\n", UNDERSCORE_FIELDS_DROP, &forwarding,
                   "Forwarded: for=\"[2001:db8::7]\";proto=http;host=\"a.example\"\r\n"
                   "X-Request-Id: id-1\r\n");
    forwarding.x_forwarded = true;
    expect_request("both", "", UNDERSCORE_FIELDS_DROP, &forwarding,
                   "X-Forwarded-For: 2001:db8::7\r\nX-Forwarded-Proto: http\r\n"
                   "X-Forwarded-Host: a.example\r\n"
                   "Forwarded: for=\"[2001:db8::7]\";proto=http;host=\"a.example\"\r\n"
                   "X-Request-Id: id-1\r\n");
}

static void our_own_cookie_is_taken_out_of_the_clients(void **state)
{
    static const struct {
        const char *sent;
        const char *passed;
    } cookies[] = {
        { "Cookie: swid=1; a=b\r\n", "Cookie: a=b\r\n" },
        { "Cookie: a=b; swid=1\r\n", "Cookie: a=b\r\n" },
        { "Cookie: a=b; swid=1; c=d\r\n", "Cookie: a=b; c=d\r\n" },
        { "Cookie: swid=1\r\n", "" },
        { "Cookie: swid=1; swid=2\r\nCookie: a=b\r\n", "Cookie: a=b\r\n" },
        { "Cookie: swid\r\n", "" },
        { "Cookie: swid =1;a=b\r\n", "Cookie: a=b\r\n" },
        { "Cookie: xswid=1; swidx=2; SWID=3\r\n", "Cookie: xswid=1; swidx=2; SWID=3\r\n" },
        { "Cookie: a=swid=1; b=\"x y\"\r\n", "Cookie: a=swid=1; b=\"x y\"\r\n" },
        { "Cookie: ;;a=b;; c=d;\r\n", "Cookie: a=b; c=d\r\n" },
        { "Cookie:\r\n", "" },
    };
    struct forwarding forwarding = usual;

    (void)state;
    forwarding.drop_cookie = TEXT("swid");
    for (size_t i = 0; i < COUNT(cookies); i++) {
        char want[512];

        snprintf(want, sizeof(want), "A: 1\r\n%s" OURS, cookies[i].passed);
        snprintf(want + 256, 256, "%sA: 1\r\n", cookies[i].sent);
        expect_request(cookies[i].sent, want + 256, UNDERSCORE_FIELDS_DROP, &forwarding, want);
    }
}

/* What the handshake has proven comes from us alone, whatever the client says. */
static void a_clients_certificate_is_written_once_and_by_us(void **state)
{
    static const char sent[] = "Client-Cert: :x:\r\nA: 1\r\nclient-cert-chain: :x:\r\n"
                               "X-CLIENT-DN: root\r\nConnection: Client-Cert, X-Client-DN\r\n";
    struct forwarding forwarding = usual;

    (void)state;
    expect_request("none", sent, UNDERSCORE_FIELDS_DROP, &forwarding, "A: 1\r\n" OURS);
    forwarding.client_subject = TEXT("CN=a,O=b");
    expect_request("subject", sent, UNDERSCORE_FIELDS_DROP, &forwarding,
                   "A: 1\r\n" OURS "X-Client-DN: CN=a,O=b\r\n");
    forwarding.client_subject = TEXT_NONE;
    forwarding.client_cert = TEXT(":YQ==:");
    forwarding.client_cert_chain = TEXT(":Yg==:, :Yw==:");
    expect_request("certificate", sent, UNDERSCORE_FIELDS_DROP, &forwarding,
                   "A: 1\r\n" OURS "Client-Cert: :YQ==:\r\nClient-Cert-Chain: :Yg==:, :Yw==:\r\n");
}

static void the_body_gets_exactly_one_framing(void **state)
{
    static const char sent[] = "Content-Length: 7\r\nTransfer-Encoding: x\r\n"
                               "Expect: 100-continue\r\nTrailer: X\r\n";
    struct forwarding forwarding = usual;

    (void)state;
    expect_request("none", sent, UNDERSCORE_FIELDS_DROP, &forwarding, OURS);
    forwarding.counted = true;
    expect_request("zero", sent, UNDERSCORE_FIELDS_DROP, &forwarding, OURS "Content-Length: 0\r\n");
    forwarding.length = 5;
    expect_request("counted", sent, UNDERSCORE_FIELDS_DROP, &forwarding,
                   "Expect: 100-continue\r\n" OURS "Content-Length: 5\r\n");
    forwarding.length = UINT64_MAX;
    expect_request("counted", "", UNDERSCORE_FIELDS_DROP, &forwarding,
                   OURS "Content-Length: 18446744073709551615\r\n");
    forwarding.counted = false;
    forwarding.chunked = true;
    expect_request("chunked", sent, UNDERSCORE_FIELDS_DROP, &forwarding,
                   "Expect: 100-continue\r\nTrailer: X\r\n" OURS "Transfer-Encoding: chunked\r\n");
}

static void connection_says_what_we_do(void **state)
{
    struct forwarding forwarding = usual;

    (void)state;
    forwarding.accepts_trailers = true;
    expect_request("TE", "TE: trailers, gzip\r\n", UNDERSCORE_FIELDS_DROP, &forwarding,
                   OURS "TE: trailers\r\nConnection: TE\r\n");
    forwarding.upgrade = true;
    expect_request("upgrade", "Connection: upgrade\r\nupgrade:  WebSocket\r\n",
                   UNDERSCORE_FIELDS_DROP, &forwarding,
                   OURS "Connection: Upgrade\r\nupgrade: WebSocket\r\n");
    expect_request("no Upgrade came", "", UNDERSCORE_FIELDS_DROP, &forwarding, OURS);
}

/* The line: origin-form, except for OPTIONS * (RFC 9112 3.2). */
static void the_target_is_origin_form_and_host_is_the_settled_authority(void **state)
{
    static const struct {
        const char *line;
        const char *want;
    } lines[] = {
        { "GET /a?b HTTP/1.1\r\nHost: a.example:81", "GET /a?b HTTP/1.1\r\nHost: a.example:81" },
        { "GET /? HTTP/1.1\r\nX: 1\r\nHOST: A.example.", "GET /? HTTP/1.1\r\nHost: A.example." },
        { "GET http://A.example/b HTTP/1.1\r\nHost: a.example",
          "GET /b HTTP/1.1\r\nHost: A.example" },
        { "GET http://a.example?b HTTP/1.1\r\nHost: a.example",
          "GET /?b HTTP/1.1\r\nHost: a.example" },
        { "OPTIONS * HTTP/1.1\r\nHost: a.example", "OPTIONS * HTTP/1.1\r\nHost: a.example" },
        { "OPTIONS https://a.example HTTP/1.1\r\nHost: a.example",
          "OPTIONS * HTTP/1.1\r\nHost: a.example" },
        { "PURGE / HTTP/1.0\r\nHost: a.example", "PURGE / HTTP/1.1\r\nHost: a.example" },
        { "GET / HTTP/1.0", "GET / HTTP/1.1\r\nHost: " },
    };
    struct forwarding forwarding = { .client_address = TEXT("::1") };
    struct parsed *parsed = parsed_new();
    struct buffer out = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char bytes[256];

        snprintf(bytes, sizeof(bytes), "%s\r\n\r\n", lines[i].line);
        parse_good_request(parsed, bytes);
        buffer_clear(&out);
        h1_write_request(&out, &parsed->request, &forwarding);
        expect_text(bytes, text_first(buffer_text(&out), strlen(lines[i].want)), lines[i].want);
    }
    buffer_done(&out);
    parsed_free(parsed);
}

static void expect_is_not_passed_on_for_a_1_0_client(void **state)
{
    struct forwarding forwarding = { .counted = true, .length = 1 };
    struct parsed *parsed = parsed_new();
    struct buffer out = { 0 };
    struct h1_refusal refusal;

    (void)state;
    parse_good_request(parsed, "PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    forwarding_clean_request(&parsed->request, UNDERSCORE_FIELDS_DROP, true, &refusal);
    h1_write_request(&out, &parsed->request, &forwarding);
    expect_text("expect", buffer_text(&out),
                "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    buffer_done(&out);
    parsed_free(parsed);
}

/* The writer does not copy them anyway; the marks are for whoever else reads the list. */
static void what_does_not_pass_is_marked(void **state)
{
    static const char bytes[] =
        "GET / HTTP/1.1\r\nA: 1\r\nHost: a\r\nConnection: x\r\nX: 1\r\nKeep-Alive: 1\r\n"
        "Proxy-Connection: 1\r\nProxy-Authenticate: 1\r\nProxy-Authorization: 1\r\nTE: 1\r\n"
        "Transfer-Encoding: 1\r\nUpgrade: 1\r\nForwarded: 1\r\nX-Forwarded-For: 1\r\n"
        "X-Real-IP: 1\r\nX-Request-Id: 1\r\nA_B: 1\r\ntraceparent: 1\r\ntracestate: 1\r\n\r\n";
    struct parsed *parsed = parsed_new();
    const struct field_list *fields = &parsed->request.fields;
    struct h1_refusal refusal;

    (void)state;
    parse_good_request(parsed, bytes);
    assert_int_equal(
        forwarding_clean_request(&parsed->request, UNDERSCORE_FIELDS_DROP, false, &refusal), 0);
    assert_int_equal(fields->count, 18);
    for (size_t i = 0; i < fields->count; i++)
        assert_int_equal(fields->lines[i].dropped, i >= 2);
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backend_sees_the_fields_that_may_pass_and_then_ours),
        cmocka_unit_test(what_does_not_pass_is_marked),
        cmocka_unit_test(names_with_underscores_are_dropped_refused_or_kept),
        cmocka_unit_test(other_spellings_of_known_names_go_even_when_underscores_are_kept),
        cmocka_unit_test(a_trace_is_not_passed_on_when_it_is_off),
        cmocka_unit_test(forwarded_is_quoted_where_rfc_7239_asks_for_it),
        cmocka_unit_test(our_own_cookie_is_taken_out_of_the_clients),
        cmocka_unit_test(a_clients_certificate_is_written_once_and_by_us),
        cmocka_unit_test(the_body_gets_exactly_one_framing),
        cmocka_unit_test(connection_says_what_we_do),
        cmocka_unit_test(the_target_is_origin_form_and_host_is_the_settled_authority),
        cmocka_unit_test(expect_is_not_passed_on_for_a_1_0_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
