/* Bounded text views: cutting and numbers at their edges. */

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void numbers_stop_at_overflow_and_refuse_anything_but_digits(void **state)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t number;
    } cases[] = {
        { "0", true, 0 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "99999999999999999999", false, 0 },
        { "", false, 0 },
        { "+1", false, 0 },
        { "-1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "0x1", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t number = 77;

        assert_int_equal(text_to_u64(text_of(cases[i].text), &number), cases[i].good);
        assert_true(number == (cases[i].good ? cases[i].number : 77));
    }
}

static void hexadecimal_numbers_stop_at_overflow(void **state)
{
    uint64_t number = 0;

    (void)state;
    assert_true(text_hex_to_u64(TEXT("fFfFfFfFfFfFfFfF"), &number));
    assert_true(number == UINT64_MAX);
    assert_false(text_hex_to_u64(TEXT("10000000000000000"), &number));
    assert_false(text_hex_to_u64(TEXT("g"), &number));
    assert_false(text_hex_to_u64(TEXT(""), &number));
}

static void a_split_without_the_byte_gives_all_and_nothing(void **state)
{
    struct text head;
    struct text rest;

    (void)state;
    assert_true(text_split(TEXT("a:b:c"), ':', &head, &rest));
    assert_true(text_equal(head, TEXT("a")));
    assert_true(text_equal(rest, TEXT("b:c")));
    assert_false(text_split(TEXT("abc"), ':', &head, &rest));
    assert_true(text_equal(head, TEXT("abc")));
    assert_int_equal(rest.len, 0);
}

static void comparing_without_case_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(text_equal_nocase(TEXT("Content-Length"), TEXT("content-LENGTH")));
    assert_false(text_equal_nocase(TEXT("Content-Length"), TEXT("content-lengtg")));
    assert_false(text_equal_nocase(TEXT("@"), TEXT("`"))); /* differ by the case bit only */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stop_at_overflow_and_refuse_anything_but_digits),
        cmocka_unit_test(hexadecimal_numbers_stop_at_overflow),
        cmocka_unit_test(a_split_without_the_byte_gives_all_and_nothing),
        cmocka_unit_test(comparing_without_case_looks_at_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
