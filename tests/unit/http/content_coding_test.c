/* Content codings: what a client likes best, what may not be coded, what a coded head says. */

#include "http/content_coding.h"

#include "heads.h"

static const enum content_coding offered[] = { CODING_BROTLI, CODING_GZIP };

static void request_with(struct parsed *parsed, const char *fields)
{
    char head[512];

    snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
    parse_good_request(parsed, head);
}

static void response_with(struct parsed *parsed, const char *fields)
{
    char head[512];

    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n%s\r\n", fields);
    parse_good_response(parsed, head);
}

static void the_coding_that_the_client_likes_best(void **state)
{
    static const struct {
        const char *fields;
        enum content_coding want;
    } cases[] = {
        { "", CODING_IDENTITY },
        { "Accept-Encoding:\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip\r\n", CODING_GZIP },
        { "Accept-Encoding: GZip\r\n", CODING_GZIP },
        { "Accept-Encoding: x-gzip\r\n", CODING_GZIP },
        { "Accept-Encoding: br\r\n", CODING_BROTLI },
        { "Accept-Encoding: gzip, deflate, br, zstd\r\n", CODING_BROTLI },
        { "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n", CODING_BROTLI },
        { "Accept-Encoding: br;q=0.5, gzip;q=0.8\r\n", CODING_GZIP },
        { "Accept-Encoding: br;q=0.5, gzip;q=0.5\r\n", CODING_BROTLI },
        { "Accept-Encoding: br;q=0, gzip\r\n", CODING_GZIP },
        { "Accept-Encoding: gzip;q=0\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=0.000\r\n", CODING_IDENTITY },
        { "Accept-Encoding: *\r\n", CODING_BROTLI },
        { "Accept-Encoding: *;q=0\r\n", CODING_IDENTITY },
        { "Accept-Encoding: br;q=0, *\r\n", CODING_GZIP },
        { "Accept-Encoding: gzip;q=0.5, *;q=0.1\r\n", CODING_GZIP },
        { "Accept-Encoding: identity\r\n", CODING_IDENTITY },
        { "Accept-Encoding: identity, gzip;q=0.5\r\n", CODING_IDENTITY },
        { "Accept-Encoding: identity;q=0.5, gzip\r\n", CODING_GZIP },
        { "Accept-Encoding: identity;q=0\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip ; q=0.2 , br ; q=0.1\r\n", CODING_GZIP },
        { "Accept-Encoding: gzip;Q=1\r\n", CODING_GZIP },
        { "Accept-Encoding: ,, gzip,,\r\n", CODING_GZIP },
        /* what is no weight makes its element worth nothing */
        { "Accept-Encoding: gzip;q=\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=1.1\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=1.001\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=0.1234\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=-1\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;q=2\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzip;level=9\r\n", CODING_IDENTITY },
        { "Accept-Encoding: gzipped, xgzip, b\r\n", CODING_IDENTITY },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *parsed = parsed_new();

        request_with(parsed, cases[i].fields);
        if (content_coding_choose(&parsed->request.fields, offered, 2) != cases[i].want)
            fail_msg("%s", cases[i].fields);
        parsed_free(parsed);
    }
}

static void what_may_not_be_changed_is_left_alone(void **state)
{
    static const struct {
        const char *request;
        const char *response;
        bool want;
    } cases[] = {
        { "", "", false },
        { "", "Cache-Control: max-age=5\r\n", false },
        { "", "Cache-Control: max-age=5, No-Transform\r\n", true },
        { "Cache-Control: no-transform\r\n", "", true },
        { "Cache-Control: no-transform=1\r\n", "", true },
        { "Cache-Control: no-transformers\r\n", "", false },
        { "", "Content-Encoding: gzip\r\n", true },
        { "", "Content-Encoding: identity\r\n", true },
        { "", "Content-Range: bytes 0-1/2\r\n", true },
        { "", "Repr-Digest: sha-256=:x:\r\n", true },
        { "", "Content-MD5: x\r\n", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *parsed = parsed_new();
        struct parsed *answer = parsed_new();

        request_with(parsed, cases[i].request);
        response_with(answer, cases[i].response);
        if (content_coding_forbidden(&parsed->request, &answer->response) != cases[i].want)
            fail_msg("%s%s", cases[i].request, cases[i].response);
        parsed_free(answer);
        parsed_free(parsed);
    }
}

static void the_type_comes_without_its_parameters(void **state)
{
    static const struct {
        const char *fields;
        const char *want;
    } cases[] = {
        { "", "" },
        { "Content-Type: text/html\r\n", "text/html" },
        { "Content-Type: text/html ; charset=utf-8\r\n", "text/html" },
        { "Content-Type: ;\r\n", "" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *answer = parsed_new();

        response_with(answer, cases[i].fields);
        expect_text(cases[i].fields, content_coding_type(&answer->response.fields), cases[i].want);
        parsed_free(answer);
    }
}

static const char *value_of(const struct field_list *fields, const char *name)
{
    static char value[128];
    const struct field_line *line = field_list_find_name(fields, text_of(name));

    if (!line)
        return "-";
    text_to_buffer(line->value, value, sizeof(value));
    return value;
}

static void a_coded_head_says_so(void **state)
{
    static const struct {
        const char *etag;
        const char *want;
    } cases[] = {
        { "\"abc\"", "W/\"abc\"" },
        { "W/\"abc\"", "W/\"abc\"" },
        { "\"\"", "W/\"\"" },
        { "abc", "abc" }, /* no entity tag: not ours to repair */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *answer = parsed_new();
        struct arena arena = { 0 };
        char fields[128];

        snprintf(fields, sizeof(fields), "ETag: %s\r\nAccept-Ranges: bytes\r\n", cases[i].etag);
        response_with(answer, fields);
        content_coding_mark(&answer->response.fields, &arena, CODING_BROTLI);
        assert_string_equal(value_of(&answer->response.fields, "ETag"), cases[i].want);
        assert_string_equal(value_of(&answer->response.fields, "Content-Encoding"), "br");
        assert_string_equal(value_of(&answer->response.fields, "Accept-Ranges"), "-");
        arena_done(&arena);
        parsed_free(answer);
    }
}

static void vary_names_accept_encoding_once(void **state)
{
    static const struct {
        const char *fields;
        size_t want;
    } cases[] = {
        { "", 1 },
        { "Vary: Cookie\r\n", 2 },
        { "Vary: Cookie, accept-encoding\r\n", 1 },
        { "Vary: Cookie\r\nVary: Accept-Encoding\r\n", 2 },
        { "Vary: *\r\n", 1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *answer = parsed_new();
        struct arena arena = { 0 };

        response_with(answer, cases[i].fields);
        content_coding_vary(&answer->response.fields, &arena);
        if (answer->response.fields.count != cases[i].want)
            fail_msg("%s", cases[i].fields);
        arena_done(&arena);
        parsed_free(answer);
    }
}

static void a_304_is_of_the_response_that_the_client_has(void **state)
{
    static const struct {
        const char *asked;
        const char *etag;
        const char *want;
    } cases[] = {
        { "W/\"a\"", "\"a\"", "W/\"a\"" },      { "\"a\"", "\"a\"", "\"a\"" },
        { "W/\"a\", \"a\"", "\"a\"", "\"a\"" }, { "\"x,y\", W/\"a\"", "\"a\"", "W/\"a\"" },
        { "W/\"b\"", "\"a\"", "\"a\"" },        { "*", "\"a\"", "\"a\"" },
        { "W/\"a", "\"a\"", "\"a\"" },          { "W/\"a\"", "W/\"a\"", "W/\"a\"" },
        { "junk W/\"a\"", "\"a\"", "\"a\"" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed *parsed = parsed_new();
        struct parsed *answer = parsed_new();
        struct arena arena = { 0 };
        char fields[128];

        snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", cases[i].asked);
        request_with(parsed, fields);
        snprintf(fields, sizeof(fields), "ETag: %s\r\n", cases[i].etag);
        response_with(answer, fields);
        content_coding_mark_304(&parsed->request.fields, &answer->response.fields, &arena);
        if (strcmp(value_of(&answer->response.fields, "ETag"), cases[i].want) != 0)
            fail_msg("%s and %s", cases[i].asked, cases[i].etag);
        arena_done(&arena);
        parsed_free(answer);
        parsed_free(parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_coding_that_the_client_likes_best),
        cmocka_unit_test(what_may_not_be_changed_is_left_alone),
        cmocka_unit_test(the_type_comes_without_its_parameters),
        cmocka_unit_test(a_coded_head_says_so),
        cmocka_unit_test(vary_names_accept_encoding_once),
        cmocka_unit_test(a_304_is_of_the_response_that_the_client_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
