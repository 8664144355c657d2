/* Byte classes against the grammar, names of fields, and the list of fields. */

#include "http/head.h"

#include <ctype.h>

#include "base/buffer.h"
#include "field_names.h"
#include "h1_bytes.h"
#include "heads.h"

static bool is_token(int c)
{
    return c && (isalnum(c) || strchr("!#$%&'*+-.^_`|~", c));
}

static void the_byte_table_is_the_grammar(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool ascii = c < 128;
        char byte = (char)c;

        assert_int_equal(byte_is(byte, BYTE_TOKEN), ascii && is_token(c));
        assert_int_equal(byte_is(byte, BYTE_PLAIN), ascii && (isalnum(c) || c == '-'));
        assert_int_equal(byte_is(byte, BYTE_METHOD),
                         ascii && (isupper(c) || isdigit(c) || c == '-' || c == '_'));
        assert_int_equal(byte_is(byte, BYTE_TARGET), c > 0x20 && c < 0x7f && c != '#');
        assert_int_equal(byte_is(byte, BYTE_VALUE), c == '\t' || (c >= 0x20 && c != 0x7f));
        assert_int_equal(byte_is(byte, BYTE_NAME), ascii && c && (isalnum(c) || strchr("-_.", c)));
        assert_int_equal(byte_is(byte, BYTE_HEX), ascii && isxdigit(c));
        assert_int_equal(byte_is(byte, BYTE_DIGIT), ascii && isdigit(c));
    }
}

/* The fast scan against the table, with the byte at every place of a word and behind it. */
static void the_scan_of_values_stops_at_each_wrong_byte_wherever_it_is(void **state)
{
    char bytes[24];

    (void)state;
    for (int c = 0; c < 256; c++) {
        for (size_t at = 0; at < sizeof(bytes); at++) {
            size_t want = byte_is((char)c, BYTE_VALUE) ? sizeof(bytes) : at;

            memset(bytes, c & 1 ? 'x' : '\xff', sizeof(bytes));
            bytes[at] = (char)c;
            assert_ptr_equal(h1_skip_value(bytes, bytes + sizeof(bytes)), bytes + want);
            memset(bytes, ' ', sizeof(bytes)); /* the next lower byte that is fine */
            bytes[at] = (char)c;
            assert_ptr_equal(h1_skip_value(bytes, bytes + sizeof(bytes)), bytes + want);
        }
    }
}

static void lists_give_every_element_also_the_empty_ones(void **state)
{
    static const struct {
        const char *list;
        const char *elements; /* each between bars */
    } cases[] = {
        { "", "||" },           { "a", "|a|" },   { "a,b", "|a|b|" }, { " a , b\t", "|a|b|" },
        { ",", "|||" },         { "a,", "|a||" }, { ",a", "||a|" },   { "a,,b", "|a||b|" },
        { "a b,c", "|a b|c|" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer got = { 0 };
        struct text rest = text_of(cases[i].list);
        struct text element;

        buffer_append_byte(&got, '|');
        while (h1_list_next(&rest, &element)) {
            buffer_append_text(&got, element);
            buffer_append_byte(&got, '|');
        }
        expect_text(cases[i].list, buffer_text(&got), cases[i].elements);
        buffer_done(&got);
    }
}

static const struct {
    const char *name;
    enum field_id id;
} names[] = {
    { "Host", FIELD_HOST },
    { "Connection", FIELD_CONNECTION },
    { "Content-Length", FIELD_CONTENT_LENGTH },
    { "Transfer-Encoding", FIELD_TRANSFER_ENCODING },
    { "TE", FIELD_TE },
    { "Trailer", FIELD_TRAILER },
    { "Upgrade", FIELD_UPGRADE },
    { "Expect", FIELD_EXPECT },
    { "Keep-Alive", FIELD_KEEP_ALIVE },
    { "Proxy-Connection", FIELD_PROXY_CONNECTION },
    { "Proxy-Authenticate", FIELD_PROXY_AUTHENTICATE },
    { "Proxy-Authorization", FIELD_PROXY_AUTHORIZATION },
    { "Forwarded", FIELD_FORWARDED },
    { "X-Forwarded-For", FIELD_X_FORWARDED },
    { "X-Forwarded-Proto", FIELD_X_FORWARDED },
    { "X-Forwarded-Host", FIELD_X_FORWARDED },
    { "X-Forwarded-Port", FIELD_X_FORWARDED },
    { "X-Forwarded-Client-Cert", FIELD_X_FORWARDED },
    { "X-Forwarded-Anything-At-All-However-Long-It-May-Be-Beyond-All-Bounds-Of-Names",
      FIELD_X_FORWARDED },
    { "X-Forwarded", FIELD_X_FORWARDED },
    { "X-Request-Id", FIELD_X_REQUEST_ID },
    { "traceparent", FIELD_TRACEPARENT },
    { "tracestate", FIELD_TRACESTATE },
    { "Cookie", FIELD_COOKIE },
    { "Authorization", FIELD_AUTHORIZATION },
    { "Strict-Transport-Security", FIELD_STRICT_TRANSPORT_SECURITY },
    { "Set-Cookie", FIELD_SET_COOKIE },
    { "Sec-WebSocket-Key", FIELD_SEC_WEBSOCKET },
    { "Sec-WebSocket-Version", FIELD_SEC_WEBSOCKET },
    { "X-Real-IP", FIELD_IDENTITY },
    { "X-Client-IP", FIELD_IDENTITY },
    { "True-Client-IP", FIELD_IDENTITY },
    { "CF-Connecting-IP", FIELD_IDENTITY },
    { "CF-Connecting-IPv6", FIELD_IDENTITY },
    { "X-Cluster-Client-IP", FIELD_IDENTITY },
    { "Client-IP", FIELD_IDENTITY },
    { "Fastly-Client-IP", FIELD_IDENTITY },
    { "X-Original-URL", FIELD_IDENTITY },
    { "X-Original-Forwarded-For", FIELD_IDENTITY },
    { "X-Rewrite-URL", FIELD_IDENTITY },
    { "X-Remote-User", FIELD_IDENTITY },
    { "Remote-User", FIELD_IDENTITY },
    { "Remote-Addr", FIELD_IDENTITY },
    { "X-Client-Cert", FIELD_IDENTITY },
    { "X-Client-Cert-DN", FIELD_IDENTITY },
    { "Client-Cert", FIELD_IDENTITY },
    { "Client-Cert-Chain", FIELD_IDENTITY },
    { "SSL-Client-Cert", FIELD_IDENTITY },
    { "SSL-Client-Verify", FIELD_IDENTITY },
    { "X-SSL-Client-S-DN", FIELD_IDENTITY },
    { "X-Auth-Request-Email", FIELD_IDENTITY },
    { "X-Url-Scheme", FIELD_IDENTITY },
    { "Front-End-Https", FIELD_IDENTITY },
    { "Proxy", FIELD_IDENTITY },
    { "HTTP2-Settings", FIELD_IDENTITY },
};

static void change_case(char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (byte_is(at[i], BYTE_PLAIN) && at[i] > '9')
            at[i] = (char)(at[i] ^ 0x20);
}

static void known_names_are_found_in_every_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char changed[128];
        size_t len = text_to_buffer(text_of(names[i].name), changed, sizeof(changed));

        if (field_identify(text_of(names[i].name)) != names[i].id)
            fail_msg("%s: not found", names[i].name);
        change_case(changed, len);
        assert_int_equal(field_identify(text_make(changed, len)), names[i].id);
        text_lower(changed, len);
        assert_int_equal(field_identify(text_make(changed, len)), names[i].id);
    }
}

/* One byte of a name becomes "_": another name, but an alias where that byte was "-". */
static void expect_byte_counts(const char *name, enum field_id id, size_t at)
{
    char changed[64];
    struct text spelling = text_make(changed, text_to_buffer(text_of(name), changed, 64));
    enum field_id found;

    changed[at] = '_';
    found = field_identify(spelling);
    if (found == id) /* only behind a prefix, of which "x-ssl-" is the shortest */
        assert_in_range(at, 6, sizeof(changed));
    assert_int_equal(field_identify_alias(spelling) == id, name[at] == '-' || found == id);
}

static void each_byte_of_a_known_name_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t at = 0; at < strlen(names[i].name) && at < 63; at++)
            expect_byte_counts(names[i].name, names[i].id, at);
}

static void names_that_only_look_known_are_not(void **state)
{
    static const char *const others[] = {
        "",
        "X",
        "Hos",
        "Hostt",
        "X-Host-Name",
        "Content-Type",
        "User-Agent",
        "X-Forward",
        "X-Requested-With",
        "Cookie2",
        "Sec-WebSocket",
        "Sec-Fetch-Mode",
        "X-Real-IPs",
        "Proxy-Foo",
        "Remote",
        "Client-IPs",
        "Referer",
        "X-Api-Key",
        "CF-Ray",
        "X-Originals",
        "Transfer-Encodin",
        "TEE",
        "Expec",
        "Range",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++)
        if (field_identify(text_of(others[i])) != FIELD_OTHER)
            fail_msg("%s: taken for another", others[i]);
}

static void a_list_finds_what_is_not_dropped_and_grows_in_its_arena(void **state)
{
    struct arena arena = { 0 };
    struct field_list fields = { 0 };

    (void)state;
    assert_null(field_list_find(&fields, FIELD_COOKIE));
    for (int i = 0; i < 100; i++)
        field_list_add(&fields, &arena, TEXT("X-Other"), TEXT("1"));
    field_list_add(&fields, &arena, TEXT("cookie"), TEXT("a"));
    field_list_add(&fields, &arena, TEXT("COOKIE"), TEXT("b"));
    field_list_add(&fields, &arena, TEXT("X_Odd"), TEXT("c"));
    assert_int_equal(fields.count, 103);
    assert_true(field_list_has(&fields, FIELD_COOKIE));
    assert_false(field_list_has(&fields, FIELD_HOST));
    expect_text("first", field_list_find(&fields, FIELD_COOKIE)->value, "a");
    fields.lines[100].dropped = true;
    expect_text("second", field_list_find(&fields, FIELD_COOKIE)->value, "b");
    expect_text("second", field_list_find_name(&fields, TEXT("Cookie"))->value, "b");
    fields.lines[101].dropped = true;
    assert_null(field_list_find(&fields, FIELD_COOKIE));
    assert_null(field_list_find_name(&fields, TEXT("Cookie")));
    assert_true(field_list_find_name(&fields, TEXT("x_odd"))->odd_name);
    assert_false(fields.lines[0].odd_name);
    arena_done(&arena);
}

static void a_token_is_found_in_any_line_and_whole(void **state)
{
    struct parsed *parsed = parsed_new();
    const struct field_list *fields = &parsed->request.fields;

    (void)state;
    parse_good_request(parsed, "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x, WebSocket/13\r\n"
                               "Connection: a ,\t Upgrade\r\nConnection: close\r\n\r\n");
    assert_true(field_list_has_token(fields, FIELD_CONNECTION, TEXT("a")));
    assert_true(field_list_has_token(fields, FIELD_CONNECTION, TEXT("upgrade")));
    assert_true(field_list_has_token(fields, FIELD_CONNECTION, TEXT("CLOSE")));
    assert_false(field_list_has_token(fields, FIELD_CONNECTION, TEXT("clos")));
    assert_false(field_list_has_token(fields, FIELD_CONNECTION, TEXT("a , upgrade")));
    assert_false(field_list_has_token(fields, FIELD_UPGRADE, TEXT("websocket")));
    assert_false(field_list_has_token(fields, FIELD_TE, TEXT("close")));
    parsed_free(parsed);
}

static void only_methods_that_may_be_sent_twice_are_idempotent(void **state)
{
    static const bool want[] = {
        [METHOD_OTHER] = false,   [METHOD_GET] = true,    [METHOD_HEAD] = true,
        [METHOD_POST] = false,    [METHOD_PUT] = true,    [METHOD_DELETE] = true,
        [METHOD_OPTIONS] = true,  [METHOD_PATCH] = false, [METHOD_TRACE] = true,
        [METHOD_CONNECT] = false,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++)
        assert_int_equal(method_is_idempotent((enum http_method)i), want[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_byte_table_is_the_grammar),
        cmocka_unit_test(the_scan_of_values_stops_at_each_wrong_byte_wherever_it_is),
        cmocka_unit_test(lists_give_every_element_also_the_empty_ones),
        cmocka_unit_test(known_names_are_found_in_every_case),
        cmocka_unit_test(each_byte_of_a_known_name_counts),
        cmocka_unit_test(names_that_only_look_known_are_not),
        cmocka_unit_test(a_list_finds_what_is_not_dropped_and_grows_in_its_arena),
        cmocka_unit_test(a_token_is_found_in_any_line_and_whole),
        cmocka_unit_test(only_methods_that_may_be_sent_twice_are_idempotent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
