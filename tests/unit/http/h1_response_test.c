/* Response heads and trailers: what a backend may not send, whole and in every cut. */

#include "base/arena.h"
#include "heads.h"

#define OK_LINE "HTTP/1.1 200 OK\r\n"

struct bad_case {
    const char *name;
    struct text bytes;
    const char *reason;
};

/* All are 502 (RFC 9110 15.6.3). */
static const struct bad_case bad_responses[] = {
    { "not HTTP at all", BYTES("SSH-2.0-OpenSSH_9.2\r\n"), "bad_version" },
    { "TLS", BYTES("\x15\x03\x03\x00\x02"), "bad_version" },
    { "HTTP/0.9", BYTES("<html>"), "bad_version" },
    { "ICY", BYTES("ICY 200 OK\r\n"), "bad_version" },
    { "an empty line first", BYTES("\r\n" OK_LINE), "bad_version" },
    { "HTTP/2", BYTES("HTTP/2.0 200 OK\r\n"), "version_not_supported" },
    { "HTTP/1.2", BYTES("HTTP/1.2 200 OK\r\n"), "version_not_supported" },
    { "no minor version", BYTES("HTTP/2 200 OK\r\n"), "bad_version" },
    { "lower case", BYTES("http/1.1 200 OK\r\n"), "bad_version" },

    /* the status line (RFC 9112 4) */
    { "no space", BYTES("HTTP/1.1200 OK\r\n"), "bad_status" },
    { "a tab", BYTES("HTTP/1.1\t200 OK\r\n"), "bad_status" },
    { "two spaces", BYTES("HTTP/1.1  200 OK\r\n"), "bad_status" },
    { "no status", BYTES("HTTP/1.1\r\n"), "bad_status" },
    { "two digits", BYTES("HTTP/1.1 20 OK\r\n"), "bad_status" },
    { "four digits", BYTES("HTTP/1.1 2000 OK\r\n"), "bad_status" },
    { "letters", BYTES("HTTP/1.1 2xx OK\r\n"), "bad_status" },
    { "a sign", BYTES("HTTP/1.1 -20 OK\r\n"), "bad_status" },
    { "99 (RFC 9110 15)", BYTES("HTTP/1.1 099 OK\r\n"), "bad_status" },
    { "600", BYTES("HTTP/1.1 600 OK\r\n"), "bad_status" },
    { "a tab behind the status", BYTES("HTTP/1.1 200\tOK\r\n"), "bad_status" },
    { "NUL in the reason", BYTES("HTTP/1.1 200 O\0K\r\n"), "bad_status" },
    { "bare CR in the reason", BYTES("HTTP/1.1 200 O\rK\r\n"), "bare_cr" },
    { "bare LF", BYTES("HTTP/1.1 200 OK\n"), "bare_lf" },
    { "bare LF without a reason", BYTES("HTTP/1.1 200\n"), "bare_lf" },

    /* fields: the request's tests have them all, these show that they are the same */
    { "obs-fold (RFC 9112 5.2)", BYTES(OK_LINE "X: a\r\n b\r\n\r\n"), "folded_field" },
    { "space before the colon", BYTES(OK_LINE "X : a\r\n\r\n"), "space_before_colon" },
    { "NUL in a value", BYTES(OK_LINE "X: \0\r\n\r\n"), "bad_field_value" },
    { "bare LF in the fields", BYTES(OK_LINE "X: a\n\r\n"), "bare_lf" },
    { "too many fields",
      BYTES(OK_LINE "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\n\r\n"),
      "too_many_fields" },
};

static void expect_bad(const struct bad_case *bad, struct parsed *parsed, int status,
                       enum parse_result result)
{
    if (result != PARSE_BAD)
        fail_msg("%s: taken", bad->name);
    expect_refusal(bad->name, &parsed->refusal, status, bad->reason);
}

static void expect_bad_in_every_cut(const struct bad_case *bad, struct parsed *parsed,
                                    enum message message, int status)
{
    expect_bad(bad, parsed, status, parse_whole(parsed, message, bad->bytes));
    expect_bad(bad, parsed, status, parse_in_bytes(parsed, message, bad->bytes));
    for (size_t cut = 1; cut < bad->bytes.len; cut++)
        expect_bad(bad, parsed, status, parse_cut(parsed, message, bad->bytes, cut));
}

static void what_is_no_response_is_502_however_it_comes(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(bad_responses); i++)
        expect_bad_in_every_cut(&bad_responses[i], parsed, RESPONSE, 502);
    parsed_free(parsed);
}

static void an_endless_head_is_refused_at_the_limit(void **state)
{
    struct parsed *parsed = parsed_new();
    char bytes[600];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    place(bytes, TEXT("HTTP/1.1 200 "));
    assert_int_equal(parse_whole(parsed, RESPONSE, text_make(bytes, 511)), PARSE_MORE);
    assert_int_equal(parse_whole(parsed, RESPONSE, text_make(bytes, 512)), PARSE_BAD);
    expect_refusal("endless", &parsed->refusal, 502, "header_too_large");
    assert_int_equal(parse_in_bytes(parsed, RESPONSE, text_make(bytes, 600)), PARSE_BAD);
    expect_refusal("endless", &parsed->refusal, 502, "header_too_large");
    parsed_free(parsed);
}

struct good_case {
    const char *bytes;
    const char *reason;
    int status;
    int minor_version;
    size_t fields;
};

static const struct good_case good_responses[] = {
    { OK_LINE "\r\n", "OK", 200, 1, 0 },
    { "HTTP/1.0 404 Not  Found\r\nX: 1\r\nX: 2\r\n\r\n", "Not  Found", 404, 0, 2 },
    { "HTTP/1.1 204 \r\n\r\n", "", 204, 1, 0 },
    { "HTTP/1.1 204\r\n\r\n", "", 204, 1, 0 }, /* the space is owed; see h1_parser.c */
    { "HTTP/1.1 100 Continue\r\n\r\n", "Continue", 100, 1, 0 },
    { "HTTP/1.1 599 \xe4\t!\r\nHost: a\r\nHost: b\r\n\r\n", "\xe4\t!", 599, 1, 2 },
};

static void expect_good(const struct good_case *good, struct parsed *parsed,
                        enum parse_result result)
{
    if (result != PARSE_DONE)
        fail_msg("%s: not taken", good->bytes);
    assert_int_equal(parsed->consumed, strlen(good->bytes));
    assert_int_equal(parsed->response.status, good->status);
    expect_text(good->bytes, parsed->response.reason, good->reason);
    assert_int_equal(parsed->response.minor_version, good->minor_version);
    assert_int_equal(parsed->response.fields.count, good->fields);
}

static void every_good_response_is_the_same_however_its_bytes_come(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(good_responses); i++) {
        const struct good_case *good = &good_responses[i];
        struct text all = text_of(good->bytes);

        expect_good(good, parsed, parse_whole(parsed, RESPONSE, all));
        expect_good(good, parsed, parse_in_bytes(parsed, RESPONSE, all));
        for (size_t cut = 1; cut < all.len; cut++) {
            assert_int_equal(parse_whole(parsed, RESPONSE, text_first(all, cut)), PARSE_MORE);
            expect_good(good, parsed, parse_cut(parsed, RESPONSE, all, cut));
        }
    }
    parsed_free(parsed);
}

static void a_moved_response_points_into_its_copy_only(void **state)
{
    struct parsed *parsed = parsed_new();
    struct arena arena = { 0 };
    struct text bytes = TEXT(OK_LINE "Server: x\r\n\r\n");
    struct text copy = arena_text(&arena, bytes);

    (void)state;
    assert_int_equal(parse_whole(parsed, RESPONSE, bytes), PARSE_DONE);
    response_head_rebase(&parsed->response, parsed->bytes, bytes.len, copy.at, &arena);
    memset(parsed->bytes, '!', bytes.len);
    memset(parsed->lines, '!', sizeof(parsed->lines));
    expect_text("reason", parsed->response.reason, "OK");
    expect_text("name", parsed->response.fields.lines[0].name, "Server");
    expect_text("value", parsed->response.fields.lines[0].value, "x");
    arena_done(&arena);
    parsed_free(parsed);
}

/* RFC 9112 7.1.2: the same rules as for the fields of a head. */
static const struct bad_case bad_trailers[] = {
    { "obs-fold", BYTES("X: a\r\n b\r\n\r\n"), "folded_field" },
    { "white space first", BYTES(" X: a\r\n\r\n"), "folded_field" },
    { "NUL in a value", BYTES("X: \0\r\n\r\n"), "bad_field_value" },
    { "NUL in a name", BYTES("X\0: \r\n\r\n"), "bad_field_name" },
    { "space before the colon", BYTES("X : a\r\n\r\n"), "space_before_colon" },
    { "no colon", BYTES("GET / HTTP/1.1\r\n\r\n"), "space_before_colon" },
    { "bare LF", BYTES("X: a\n\r\n"), "bare_lf" },
    { "bare LF as the end", BYTES("\n"), "bare_lf" },
    { "bare CR as the end", BYTES("\rX"), "bare_cr" },
};

static void trailers_have_the_rules_of_fields(void **state)
{
    struct parsed *parsed = parsed_new();

    (void)state;
    for (size_t i = 0; i < COUNT(bad_trailers); i++)
        expect_bad_in_every_cut(&bad_trailers[i], parsed, TRAILERS, 400);
    assert_int_equal(parse_whole(parsed, TRAILERS, TEXT("\r\nGET")), PARSE_DONE);
    assert_int_equal(parsed->consumed, 2);
    assert_int_equal(parsed->trailers.count, 0);
    assert_int_equal(parse_in_bytes(parsed, TRAILERS, TEXT("A: 1\r\nB: 2\r\n\r\n")), PARSE_DONE);
    assert_int_equal(parsed->consumed, 14);
    assert_int_equal(parsed->trailers.count, 2);
    expect_text("trailer", parsed->trailers.lines[1].value, "2");
    parsed_free(parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_response_is_502_however_it_comes),
        cmocka_unit_test(an_endless_head_is_refused_at_the_limit),
        cmocka_unit_test(every_good_response_is_the_same_however_its_bytes_come),
        cmocka_unit_test(a_moved_response_points_into_its_copy_only),
        cmocka_unit_test(trailers_have_the_rules_of_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
