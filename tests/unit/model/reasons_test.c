/* The words for refusals: each is a name of its own, and finds its number again. */

#include "model/reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/service_refusal.h"
#include "model/snapshot.h"

static void every_reason_has_a_word_that_may_be_a_label(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++) {
        const char *word = reason_word((enum reason)i);

        assert_true(word && word[0]);
        assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(word));
    }
}

static void no_two_reasons_share_a_word(void **state)
{
    (void)state;
    for (int i = 0; i < REASON_COUNT; i++)
        assert_int_equal(reason_of(reason_word((enum reason)i)), i);
}

static void a_word_that_is_not_in_the_list_is_other(void **state)
{
    static const char *const strangers[] = { "", "no_such_word", "no_hos", "no_host ", "NO_HOST" };

    (void)state;
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        assert_int_equal(reason_of(strangers[i]), REASON_other);
    assert_int_equal(reason_of(NULL), REASON_other);
    assert_string_equal(reason_word(REASON_COUNT), "other");
}

static void every_refusal_of_a_service_has_a_reason(void **state)
{
    (void)state;
    assert_null(service_refusal_reason(SERVICE_SERVED));
    for (int i = SERVICE_SERVED + 1; i < SERVICE_REFUSAL_COUNT; i++) {
        const char *word = service_refusal_reason((enum service_refusal)i);

        assert_non_null(word);
        assert_int_not_equal(reason_of(word), REASON_other);
        for (int j = SERVICE_SERVED + 1; j < i; j++)
            assert_string_not_equal(word, service_refusal_reason((enum service_refusal)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_word_that_may_be_a_label),
        cmocka_unit_test(no_two_reasons_share_a_word),
        cmocka_unit_test(a_word_that_is_not_in_the_list_is_other),
        cmocka_unit_test(every_refusal_of_a_service_has_a_reason),
    };

    return cmocka_run_group_tests_name("reasons", tests, NULL, NULL);
}
