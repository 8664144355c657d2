/* Growing bytes, and JSON strings out of hostile ones. */

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_goes_in_comes_out_in_order(void **state)
{
    struct buffer buffer = { 0 };
    unsigned char next_in = 0;
    unsigned char next_out = 0;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 7; i++)
            buffer_append_byte(&buffer, (char)next_in++);
        for (int i = 0; i < 6; i++) {
            assert_int_equal((unsigned char)buffer_text(&buffer).at[0], next_out++);
            buffer_consume(&buffer, 1);
        }
    }
    assert_int_equal(buffer_len(&buffer), 2000);
    buffer_done(&buffer);
}

static void json_strings_are_valid_whatever_the_bytes(void **state)
{
    static const struct {
        const char *bytes;
        const char *json;
    } cases[] = {
        { "plain", "\"plain\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\n\t\x7f", "\"\\u000a\\u0009\\u007f\"" },
        { "\xc3\xa4", "\"\xc3\xa4\"" },
        { "\xc3", "\"\\ufffd\"" },
        { "\xc0\xaf", "\"\\ufffd\\ufffd\"" },            /* overlong slash */
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
        { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
        { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer buffer = { 0 };

        buffer_append_json(&buffer, text_of(cases[i].bytes));
        assert_true(text_equal(buffer_text(&buffer), text_of(cases[i].json)));
        buffer_done(&buffer);
    }
}

static void a_number_prints_in_full(void **state)
{
    struct buffer buffer = { 0 };

    (void)state;
    buffer_append_u64(&buffer, UINT64_MAX);
    buffer_append_byte(&buffer, ' ');
    buffer_append_u64(&buffer, 0);
    buffer_format(&buffer, " %d", -1);
    assert_true(text_equal(buffer_text(&buffer), TEXT("18446744073709551615 0 -1")));
    buffer_done(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out_in_order),
        cmocka_unit_test(json_strings_are_valid_whatever_the_bytes),
        cmocka_unit_test(a_number_prints_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
