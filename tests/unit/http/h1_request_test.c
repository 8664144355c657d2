/*
 * Request heads: every refusal with its status, its reason and the rule it comes from; every case
 * whole, byte by byte, and cut once at every place, always with the same verdict.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "heads.h"

#define HOST    "Host: a.example\r\n"
#define LINE    "GET / HTTP/1.1\r\n"
#define TEN     "0123456789"
#define FORTY   TEN TEN TEN TEN
#define SIXTY   FORTY TEN TEN
#define HUNDRED FORTY SIXTY

struct bad_case {
    const char *name;
    struct text bytes;
    int status;
    const char *reason;
};

static const struct bad_case bad_cases[] = {
    /* the first bytes: refused at once, without waiting for a line */
    { "TLS on a plain port", BYTES("\x16\x03\x01\x02"), 400, "bad_method" },
    { "a space first", BYTES(" GET / HTTP/1.1\r\n"), 400, "bad_method" },
    { "a NUL first", BYTES("\0GET"), 400, "bad_method" },
    { "a bare LF first (RFC 9112 2.2)", BYTES("\nGET"), 400, "bare_lf" },
    { "a bare CR first", BYTES("\rGET"), 400, "bare_cr" },
    { "two empty lines before", BYTES("\r\n\r\n" LINE), 400, "bad_method" },
    { "a PROXY header v2", BYTES("\r\n\r\n\0\r\nQUIT\n"), 400, "bad_method" },

    /* the method (RFC 9110 9.1, RFC 9112 3) */
    { "lower case", BYTES("get / HTTP/1.1\r\n"), 501, "method_not_implemented" },
    { "mixed case", BYTES("GeT / HTTP/1.1\r\n"), 501, "method_not_implemented" },
    { "a token nobody has", BYTES("G!T / HTTP/1.1\r\n"), 501, "method_not_implemented" },
    { "no token", BYTES("G(T / HTTP/1.1\r\n"), 400, "bad_method" },
    { "a colon", BYTES("GET: / HTTP/1.1\r\n"), 400, "bad_method" },
    { "a tab behind", BYTES("GET\t/ HTTP/1.1\r\n"), 400, "bad_method" },
    { "too long", BYTES("AAAAAAAAAAAAAAAAAAAAAAAAA"), 501, "method_too_long" },
    { "a method alone", BYTES("GET\r\n"), 400, "bad_method" },
    { "a method and LF", BYTES("GET\n"), 400, "bare_lf" },
    { "CONNECT (RFC 9110 9.3.6)", BYTES("CONNECT a.example:443 HTTP/1.1\r\n"), 501,
      "method_not_implemented" },
    { "TRACE (RFC 9110 9.3.8)", BYTES("TRACE / HTTP/1.1\r\n"), 501, "method_not_implemented" },

    /* the target (RFC 9112 3.2, RFC 3986) */
    { "two spaces", BYTES("GET  / HTTP/1.1\r\n"), 400, "bad_target" },
    { "no target", BYTES("GET \r\n"), 400, "bad_request_line" },
    { "HTTP/0.9", BYTES("GET /\r\n"), 400, "bad_request_line" },
    { "HTTP/0.9 and LF", BYTES("GET /\n"), 400, "bare_lf" },
    { "NUL in it", BYTES("GET /a\0b HTTP/1.1\r\n"), 400, "bad_target" },
    { "a tab in it", BYTES("GET /a\tb HTTP/1.1\r\n"), 400, "bad_target" },
    { "ESC in it", BYTES("GET /a\x1b[ HTTP/1.1\r\n"), 400, "bad_target" },
    { "DEL in it", BYTES("GET /a\x7f HTTP/1.1\r\n"), 400, "bad_target" },
    { "raw UTF-8 in it", BYTES("GET /\xc3\xa4 HTTP/1.1\r\n"), 400, "bad_target" },
    { "a fragment", BYTES("GET /a#b HTTP/1.1\r\n"), 400, "bad_target" },
    { "longer than the limit", BYTES("GET /" SIXTY "0123"), 414, "target_too_long" },
    { "no slash first", BYTES("GET a HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target" },
    { "authority-form (3.2.3)", BYTES("GET a.example:443 HTTP/1.1\r\n" HOST "\r\n"), 400,
      "bad_target" },
    { "asterisk-form (3.2.4)", BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"), 400,
      "asterisk_without_options" },
    { "asterisk and more", BYTES("OPTIONS *a HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target" },
    { "another scheme", BYTES("GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n"), 400,
      "bad_target_scheme" },
    { "no scheme", BYTES("GET ://a.example/ HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target_scheme" },
    { "one slash", BYTES("GET http:/a.example/ HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target" },
    { "no authority", BYTES("GET http:/// HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target_authority" },
    { "user information (RFC 9110 4.2.4)",
      BYTES("GET http://u@a.example/ HTTP/1.1\r\n" HOST "\r\n"), 400, "bad_target_authority" },

    /* the version (RFC 9112 2.3) */
    { "HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505, "version_not_supported" },
    { "1.2", BYTES("GET / HTTP/1.2\r\n"), 505, "version_not_supported" },
    { "0.9", BYTES("GET / HTTP/0.9\r\n"), 505, "version_not_supported" },
    { "two digits", BYTES("GET / HTTP/1.10\r\n"), 400, "bad_request_line" },
    { "no minor version", BYTES("GET / HTTP/1\r\n"), 400, "bad_version" },
    { "a comma", BYTES("GET / HTTP/1,1\r\n"), 400, "bad_version" },
    { "lower case", BYTES("GET / http/1.1\r\n"), 400, "bad_version" },
    { "another protocol", BYTES("GET / ICY/1.1\r\n"), 400, "bad_version" },
    { "three spaces", BYTES("GET / a HTTP/1.1\r\n"), 400, "bad_version" },
    { "a space behind", BYTES("GET / HTTP/1.1 \r\n"), 400, "bad_request_line" },
    { "bare LF behind", BYTES("GET / HTTP/1.1\n" HOST), 400, "bare_lf" },
    { "bare CR behind", BYTES("GET / HTTP/1.1\rHost"), 400, "bare_cr" },

    /* fields (RFC 9112 5, RFC 9110 5.5) */
    { "white space before the first field (2.2)", BYTES(LINE " Host: a\r\n\r\n"), 400,
      "folded_field" },
    { "obs-fold (5.2)", BYTES(LINE HOST "X: a\r\n b\r\n\r\n"), 400, "folded_field" },
    { "obs-fold with a tab", BYTES(LINE HOST "X: a\r\n\tb\r\n\r\n"), 400, "folded_field" },
    { "space before the colon (5.1)", BYTES(LINE HOST "X : a\r\n\r\n"), 400, "space_before_colon" },
    { "tab before the colon", BYTES(LINE HOST "X\t: a\r\n\r\n"), 400, "space_before_colon" },
    { "space in a name", BYTES(LINE HOST "X Y: a\r\n\r\n"), 400, "space_before_colon" },
    { "no name", BYTES(LINE HOST ": a\r\n\r\n"), 400, "empty_field_name" },
    { "no colon", BYTES(LINE HOST "X\r\n\r\n"), 400, "bad_field_name" },
    { "a name of other bytes", BYTES(LINE HOST "X(: a\r\n\r\n"), 400, "bad_field_name" },
    { "a name with obs-text", BYTES(LINE HOST "X\xe4: a\r\n\r\n"), 400, "bad_field_name" },
    { "NUL in a name", BYTES(LINE HOST "X\0: a\r\n\r\n"), 400, "bad_field_name" },
    { "NUL in a value", BYTES(LINE HOST "X: a\0b\r\n\r\n"), 400, "bad_field_value" },
    { "NUL far in a value", BYTES(LINE HOST "X: " TEN "\0b\r\n\r\n"), 400, "bad_field_value" },
    { "a control octet in a value", BYTES(LINE HOST "X: a\x01\r\n\r\n"), 400, "bad_field_value" },
    { "DEL in a value", BYTES(LINE HOST "X: 1234567\x7f\r\n\r\n"), 400, "bad_field_value" },
    { "bare CR in a value", BYTES(LINE HOST "X: a\rb\r\n\r\n"), 400, "bare_cr" },
    { "two CR", BYTES(LINE HOST "X: a\r\r\n\r\n"), 400, "bare_cr" },
    { "bare LF behind a value", BYTES(LINE HOST "X: a\nY: b\r\n\r\n"), 400, "bare_lf" },
    { "bare LF as the end", BYTES(LINE HOST "\n"), 400, "bare_lf" },
    { "CR LF LF", BYTES(LINE "Host: a.example\r\n\nX"), 400, "bare_lf" },
    { "CR as the end", BYTES(LINE HOST "\rX"), 400, "bare_cr" },
    { "one field too many (RFC 6585 5)",
      BYTES(LINE HOST "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\n\r\n"), 431,
      "too_many_fields" },
    { "longer than the limit, complete",
      BYTES(LINE HOST "X: " HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED "\r\n\r\n"), 431,
      "header_too_large" },
    { "longer than the limit, endless",
      BYTES(LINE HOST "X: " HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED), 431, "header_too_large" },
    { "a wrong byte behind the limit",
      BYTES(LINE HOST "X: " HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED "\n"), 431,
      "header_too_large" },

    /* Host (RFC 9112 3.2) */
    { "none", BYTES(LINE "\r\n"), 400, "host_missing" },
    { "none, absolute-form", BYTES("GET http://a.example/ HTTP/1.1\r\n\r\n"), 400, "host_missing" },
    { "twice", BYTES(LINE HOST "Host: b.example\r\n\r\n"), 400, "host_repeated" },
    { "twice the same", BYTES(LINE HOST HOST "\r\n"), 400, "host_repeated" },
    { "twice in 1.0", BYTES("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400, "host_repeated" },
    { "empty", BYTES(LINE "Host:\r\n\r\n"), 400, "bad_host" },
    { "empty in 1.0", BYTES("GET / HTTP/1.0\r\nHost: \r\n\r\n"), 400, "bad_host" },
    { "user information", BYTES(LINE "Host: u@a.example\r\n\r\n"), 400, "bad_host" },
    { "user and password", BYTES(LINE "Host: u:p@a.example\r\n\r\n"), 400, "bad_host" },
    { "a path", BYTES(LINE "Host: a.example/b\r\n\r\n"), 400, "bad_host" },
    { "a query", BYTES(LINE "Host: a.example?b\r\n\r\n"), 400, "bad_host" },
    { "a fragment", BYTES(LINE "Host: a.example#b\r\n\r\n"), 400, "bad_host" },
    { "a backslash", BYTES(LINE "Host: a.example\\b\r\n\r\n"), 400, "bad_host" },
    { "a space", BYTES(LINE "Host: a.example b\r\n\r\n"), 400, "bad_host" },
    { "a comma", BYTES(LINE "Host: a.example, b\r\n\r\n"), 400, "bad_host" },
    { "a percent escape", BYTES(LINE "Host: a%2eexample\r\n\r\n"), 400, "bad_host" },
    { "obs-text", BYTES(LINE "Host: \xe4.example\r\n\r\n"), 400, "bad_host" },
    { "a scheme", BYTES(LINE "Host: http://a.example\r\n\r\n"), 400, "bad_host" },
    { "a dot alone", BYTES(LINE "Host: .\r\n\r\n"), 400, "bad_host" },
    { "a dot first", BYTES(LINE "Host: .a\r\n\r\n"), 400, "bad_host" },
    { "two dots", BYTES(LINE "Host: a..b\r\n\r\n"), 400, "bad_host" },
    { "two dots last", BYTES(LINE "Host: a..\r\n\r\n"), 400, "bad_host" },
    { "a port without a name", BYTES(LINE "Host: :80\r\n\r\n"), 400, "bad_host" },
    { "an empty port", BYTES(LINE "Host: a:\r\n\r\n"), 400, "bad_host" },
    { "port 0", BYTES(LINE "Host: a:0\r\n\r\n"), 400, "bad_host" },
    { "a port with a zero first", BYTES(LINE "Host: a:080\r\n\r\n"), 400, "bad_host" },
    { "port 65536", BYTES(LINE "Host: a:65536\r\n\r\n"), 400, "bad_host" },
    { "a long port", BYTES(LINE "Host: a:4430000\r\n\r\n"), 400, "bad_host" },
    { "a signed port", BYTES(LINE "Host: a:+80\r\n\r\n"), 400, "bad_host" },
    { "two ports", BYTES(LINE "Host: a:80:80\r\n\r\n"), 400, "bad_host" },
    { "IPv6 without brackets", BYTES(LINE "Host: ::1\r\n\r\n"), 400, "bad_host" },
    { "IPv6 left open", BYTES(LINE "Host: [::1\r\n\r\n"), 400, "bad_host" },
    { "IPv6 with a zone", BYTES(LINE "Host: [fe80::1%eth0]\r\n\r\n"), 400, "bad_host" },
    { "IPv6 with a tail", BYTES(LINE "Host: [::1]a\r\n\r\n"), 400, "bad_host" },
    { "hexadecimal, but no IPv6, in brackets", BYTES(LINE "Host: [abc]\r\n\r\n"), 400, "bad_host" },
    { "one colon in brackets", BYTES(LINE "Host: [a:80]\r\n\r\n"), 400, "bad_host" },
    { "no IPv6 in brackets", BYTES(LINE "Host: [a.example]\r\n\r\n"), 400, "bad_host" },
    { "longer than a name may be", BYTES(LINE "Host: " HUNDRED HUNDRED SIXTY "\r\n\r\n"), 400,
      "bad_host" },
    { "another than the target's (3.2.2)", BYTES("GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n"),
      400, "host_differs_from_target" },
    { "another port than the target's",
      BYTES("GET https://a.example:8443/ HTTP/1.1\r\n" HOST "\r\n"), 400,
      "host_differs_from_target" },
    { "the other scheme's default port",
      BYTES("GET https://a.example:80/ HTTP/1.1\r\n" HOST "\r\n"), 400,
      "host_differs_from_target" },
    { "bad beside a good target", BYTES("GET http://a.example/ HTTP/1.1\r\nHost: a b\r\n\r\n"), 400,
      "bad_host" },
};

static void expect_bad(const struct bad_case *bad, struct parsed *parsed, enum parse_result result)
{
    if (result != PARSE_BAD)
        fail_msg("%s: taken", bad->name);
    expect_refusal(bad->name, &parsed->refusal, bad->status, bad->reason);
}

static void every_refusal_has_its_status_and_reason_however_the_bytes_come(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        const struct bad_case *bad = &bad_cases[i];

        expect_bad(bad, parsed, parse_whole(parsed, REQUEST, bad->bytes));
        expect_bad(bad, parsed, parse_in_bytes(parsed, REQUEST, bad->bytes));
        for (size_t cut = 1; cut < bad->bytes.len; cut++)
            expect_bad(bad, parsed, parse_cut(parsed, REQUEST, bad->bytes, cut));
    }
    parsed_free(parsed);
}

static void a_first_byte_that_begins_no_request_is_refused_alone(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        bool begins =
            (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '\r';

        assert_int_equal(parse_whole(parsed, REQUEST, text_make(&byte, 1)),
                         begins ? PARSE_MORE : PARSE_BAD);
    }
    parsed_free(parsed);
}

struct good_case {
    const char *bytes; /* complete; what follows is in `rest` */
    const char *rest;
    enum http_method method;
    const char *host;
    size_t port;
    const char *authority;
    const char *path;
    const char *query; /* NULL: none */
    size_t minor_version;
    size_t fields;
};

static const struct good_case good_cases[] = {
    { LINE HOST "\r\n", "", METHOD_GET, "a.example", 0, "a.example", "/", NULL, 1, 1 },
    { "\r\n" LINE HOST "\r\n", "", METHOD_GET, "a.example", 0, "a.example", "/", NULL, 1, 1 },
    { "GET / HTTP/1.0\r\n\r\n", "", METHOD_GET, "", 0, "", "/", NULL, 0, 0 },
    { "GET / HTTP/1.0\r\n" HOST "\r\n", "", METHOD_GET, "a.example", 0, "a.example", "/", NULL, 0,
      1 },
    { "POST /a/b?c=d?e HTTP/1.1\r\nHost:a.example:8443\r\nContent-Length: 3\r\n\r\n", "abc",
      METHOD_POST, "a.example", 8443, "a.example:8443", "/a/b", "c=d?e", 1, 2 },
    { "PUT /? HTTP/1.1\r\nHost: \t A.Example. \t\r\n\r\n", LINE, METHOD_PUT, "A.Example", 0,
      "A.Example.", "/", "", 1, 1 },
    { "DELETE /%2e%2F;a=b,c HTTP/1.1\r\nHost: 192.0.2.1:1\r\n\r\n", "", METHOD_DELETE, "192.0.2.1",
      1, "192.0.2.1:1", "/%2e%2F;a=b,c", NULL, 1, 1 },
    { "HEAD /\"<>[]^`{|}\\ HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "", METHOD_HEAD,
      "[2001:db8::1]", 0, "[2001:db8::1]", "/\"<>[]^`{|}\\", NULL, 1, 1 },
    { "PATCH / HTTP/1.1\r\nHost: [::ffff:192.0.2.1]:65535\r\n\r\n", "", METHOD_PATCH,
      "[::ffff:192.0.2.1]", 65535, "[::ffff:192.0.2.1]:65535", "/", NULL, 1, 1 },
    { "OPTIONS * HTTP/1.1\r\nHost: a_b.example\r\n\r\n", "", METHOD_OPTIONS, "a_b.example", 0,
      "a_b.example", "*", NULL, 1, 1 },
    { "OPTIONS http://a.example HTTP/1.1\r\n" HOST "\r\n", "", METHOD_OPTIONS, "a.example", 0,
      "a.example", "*", NULL, 1, 1 }, /* RFC 9112 3.2.4 */
    { "OPTIONS http://a.example?b HTTP/1.1\r\n" HOST "\r\n", "", METHOD_OPTIONS, "a.example", 0,
      "a.example", "/", "b", 1, 1 },
    { "GET HTTPS://A.example HTTP/1.1\r\nHost: a.example:443\r\n\r\n", "", METHOD_GET, "A.example",
      0, "A.example", "/", NULL, 1, 1 },
    { "GET http://a.example:80/b?c HTTP/1.1\r\n" HOST "\r\n", "", METHOD_GET, "a.example", 80,
      "a.example:80", "/b", "c", 1, 1 },
    { "GET http://a.example/b HTTP/1.0\r\n\r\n", "", METHOD_GET, "a.example", 0, "a.example", "/b",
      NULL, 0, 0 },
    { "GET //a//b HTTP/1.1\r\n" HOST "\r\n", "", METHOD_GET, "a.example", 0, "a.example", "//a//b",
      NULL, 1, 1 },
    { "PROPFIND / HTTP/1.1\r\n" HOST "\r\n", "", METHOD_OTHER, "a.example", 0, "a.example", "/",
      NULL, 1, 1 },
    { "VERSION-CONTROL / HTTP/1.1\r\n" HOST "\r\n", "", METHOD_OTHER, "a.example", 0, "a.example",
      "/", NULL, 1, 1 },
    { "GET /" SIXTY "012 HTTP/1.1\r\n" HOST "\r\n", "", METHOD_GET, "a.example", 0, "a.example",
      "/" SIXTY "012", NULL, 1, 1 },
    { LINE HOST "A:\r\nB: \r\nC:\t\r\nD: a b\tc\xff\r\nE:  x \t \r\nF:::\r\n!#$%&'*+-.^_`|~9:1\r\n"
                "\r\n",
      "\r\n", METHOD_GET, "a.example", 0, "a.example", "/", NULL, 1, 8 },
};

static void expect_good(const struct good_case *good, struct parsed *parsed,
                        enum parse_result result)
{
    const struct request_head *head = &parsed->request;

    if (result != PARSE_DONE)
        fail_msg("%s: not taken: %s", good->bytes,
                 result == PARSE_BAD ? parsed->refusal.reason : "more");
    assert_int_equal(parsed->consumed, strlen(good->bytes));
    assert_int_equal(head->method, good->method);
    expect_text(good->bytes, head->host, good->host);
    assert_int_equal(head->port, good->port);
    expect_text(good->bytes, head->authority, good->authority);
    expect_text(good->bytes, head->path, good->path);
    expect_text(good->bytes, head->query, good->query ? good->query : "");
    assert_int_equal(head->has_query, good->query != NULL);
    assert_int_equal(head->minor_version, good->minor_version);
    assert_int_equal(head->fields.count, good->fields);
}

static void every_good_request_is_the_same_however_its_bytes_come(void **state)
{
    struct parsed *parsed = parsed_new();
    char bytes[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        const struct good_case *good = &good_cases[i];
        size_t head_len = strlen(good->bytes);
        struct text all;

        snprintf(bytes, sizeof(bytes), "%s%s", good->bytes, good->rest);
        all = text_of(bytes);
        expect_good(good, parsed, parse_whole(parsed, REQUEST, all));
        expect_good(good, parsed, parse_in_bytes(parsed, REQUEST, all));
        for (size_t cut = 1; cut < head_len; cut++) {
            assert_int_equal(parse_whole(parsed, REQUEST, text_first(all, cut)), PARSE_MORE);
            expect_good(good, parsed, parse_cut(parsed, REQUEST, all, cut));
        }
    }
    parsed_free(parsed);
}

static void values_lose_the_white_space_around_them_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        const char *value;
    } want[] = {
        { "Host", "a.example" }, { "A", "" },  { "B", "" },   { "C", "" },
        { "D", "a b\tc\xff" },   { "E", "x" }, { "F", "::" },
    };
    struct parsed *parsed = parsed_new();

    (void)state;
    parse_good_request(parsed, good_cases[COUNT(good_cases) - 1].bytes);
    for (size_t i = 0; i < COUNT(want); i++) {
        expect_text("name", parsed->request.fields.lines[i].name, want[i].name);
        expect_text("value", parsed->request.fields.lines[i].value, want[i].value);
        assert_false(parsed->request.fields.lines[i].odd_name);
    }
    assert_true(parsed->request.fields.lines[7].odd_name);
    parsed_free(parsed);
}

static void a_head_of_exactly_the_limit_is_taken(void **state)
{
    struct parsed *parsed = parsed_new();
    char bytes[600];
    int start = snprintf(bytes, sizeof(bytes), LINE HOST "X: ");

    (void)state;
    memset(bytes + start, 'x', sizeof(bytes) - (size_t)start);
    place(bytes + small_limits.head_bytes - 4, TEXT("\r\n\r\nmore"));
    assert_int_equal(parse_whole(parsed, REQUEST, text_make(bytes, 520)), PARSE_DONE);
    assert_int_equal(parse_in_bytes(parsed, REQUEST, text_make(bytes, 520)), PARSE_DONE);
    assert_int_equal(parsed->consumed, small_limits.head_bytes);
    place(bytes + small_limits.head_bytes - 4, TEXT("x\r\n\r\n"));
    assert_int_equal(parse_whole(parsed, REQUEST, text_make(bytes, 520)), PARSE_BAD);
    assert_int_equal(parse_in_bytes(parsed, REQUEST, text_make(bytes, 520)), PARSE_BAD);
    parsed_free(parsed);
}

/* Counting steps instead of time: the scan must not go back, and it must not stop early. */
static void a_head_in_single_bytes_is_scanned_once(void **state)
{
    struct parsed *parsed = parsed_new();
    struct h1_scan scan = { 0 };
    struct text bytes = TEXT(LINE HOST "X: 1\r\nY: 2\r\n\r\n");
    size_t consumed;

    (void)state;
    for (size_t fed = 1; fed < bytes.len; fed++) {
        assert_int_equal(h1_parse_request(text_first(bytes, fed), &small_limits, &scan,
                                          parsed->lines, &parsed->request, &consumed,
                                          &parsed->refusal),
                         PARSE_MORE);
        assert_int_equal(scan.scanned, fed);
    }
    assert_int_equal(h1_parse_request(bytes, &small_limits, &scan, parsed->lines, &parsed->request,
                                      &consumed, &parsed->refusal),
                     PARSE_DONE);
    assert_int_equal(scan.scanned, 0); /* ready for the next head */
    parsed_free(parsed);
}

/* No more bytes come, so these must not wait for the end of the head. */
static void what_is_wrong_early_is_refused_early_also_in_single_bytes(void **state)
{
    static const struct bad_case early[] = {
        { "a wrong first line", BYTES("GET / HTTP/1.1 \r\n"), 400, "bad_request_line" },
        { "another version", BYTES("GET / HTTP/1.2\r\n"), 505, "version_not_supported" },
        { "a bare LF in the fields", BYTES(LINE HOST "X: 1\n"), 400, "bare_lf" },
        { "a bare LF as the end", BYTES(LINE HOST "\n"), 400, "bare_lf" },
        { "a first line without end", BYTES("GET /" HUNDRED TEN TEN TEN), 414, "target_too_long" },
        { "a method without end", BYTES(HUNDRED TEN TEN), 501, "method_too_long" },
    };
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(early); i++) {
        struct h1_scan scan = { 0 };
        enum parse_result result = PARSE_MORE;
        size_t consumed;

        for (size_t fed = 1; fed <= early[i].bytes.len && result == PARSE_MORE; fed++)
            result = h1_parse_request(text_first(early[i].bytes, fed), &small_limits, &scan,
                                      parsed->lines, &parsed->request, &consumed, &parsed->refusal);
        expect_bad(&early[i], parsed, result);
    }
    parsed_free(parsed);
}

static void a_moved_head_points_into_its_copy_only(void **state)
{
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };
    struct text bytes = TEXT("GET http://a.example:81/b?c HTTP/1.1\r\nHost: a.example:81\r\n\r\n");
    char *copy = memory_copy(bytes.at, bytes.len);

    (void)state;
    assert_int_equal(parse_whole(parsed, REQUEST, bytes), PARSE_DONE);
    request_head_rebase(&parsed->request, parsed->bytes, bytes.len, copy, &arena);
    memset(parsed->bytes, '!', bytes.len);
    memset(parsed->lines, '!', sizeof(parsed->lines));
    expect_text("method", parsed->request.method_text, "GET");
    expect_text("scheme", parsed->request.scheme, "http");
    expect_text("host", parsed->request.host, "a.example");
    expect_text("authority", parsed->request.authority, "a.example:81");
    expect_text("path", parsed->request.path, "/b");
    expect_text("query", parsed->request.query, "c");
    expect_text("target", parsed->request.target, "http://a.example:81/b?c");
    expect_text("field", parsed->request.fields.lines[0].value, "a.example:81");
    for (int i = 0; i < 20; i++) /* grows past what it was given */
        field_list_add(&parsed->request.fields, &arena, TEXT("X-Added"), TEXT("1"));
    assert_int_equal(parsed->request.fields.count, 21);
    expect_text("field", parsed->request.fields.lines[0].value, "a.example:81");
    free(copy);
    arena_done(&arena);
    parsed_free(parsed);
}

static void a_path_that_is_not_in_the_bytes_stays_when_the_head_moves(void **state)
{
    static const char bytes[] = "GET http://a.example HTTP/1.1\r\n" HOST "\r\n";
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };

    (void)state;
    parse_good_request(parsed, bytes);
    request_head_rebase(&parsed->request, parsed->bytes, strlen(bytes),
                        arena_cstr(&arena, text_of(bytes)), &arena);
    expect_text("path", parsed->request.path, "/");
    arena_done(&arena);
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_its_status_and_reason_however_the_bytes_come),
        cmocka_unit_test(a_first_byte_that_begins_no_request_is_refused_alone),
        cmocka_unit_test(every_good_request_is_the_same_however_its_bytes_come),
        cmocka_unit_test(values_lose_the_white_space_around_them_and_nothing_else),
        cmocka_unit_test(a_head_of_exactly_the_limit_is_taken),
        cmocka_unit_test(a_head_in_single_bytes_is_scanned_once),
        cmocka_unit_test(what_is_wrong_early_is_refused_early_also_in_single_bytes),
        cmocka_unit_test(a_moved_head_points_into_its_copy_only),
        cmocka_unit_test(a_path_that_is_not_in_the_bytes_stays_when_the_head_moves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
