/* The pace of restarts: at once the first time, slower for what keeps dying, at once again later.
 */

#include "backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_child_that_lived_is_started_again_at_once(void **state)
{
    struct backoff backoff = { 0 };

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(backoff_next(&backoff, BACKOFF_LIVED_MS), 0);
}

static void the_first_death_never_waits_however_quick_it_is(void **state)
{
    struct backoff backoff = { 0 };

    (void)state;
    assert_int_equal(backoff_next(&backoff, 0), 0);
}

static void one_that_keeps_dying_waits_longer_each_time_up_to_a_second(void **state)
{
    static const int64_t waits[] = { 0, 25, 50, 100, 200, 400, 800, 1000, 1000 };
    struct backoff backoff = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        assert_int_equal(backoff_next(&backoff, BACKOFF_LIVED_MS - 1), waits[i]);
}

static void a_second_of_life_is_forgiveness(void **state)
{
    struct backoff backoff = { 0 };

    (void)state;
    for (int i = 0; i < 6; i++)
        backoff_next(&backoff, 0);
    assert_int_equal(backoff_next(&backoff, BACKOFF_LIVED_MS), 0);
    assert_int_equal(backoff_next(&backoff, 0), BACKOFF_LEAST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_that_lived_is_started_again_at_once),
        cmocka_unit_test(the_first_death_never_waits_however_quick_it_is),
        cmocka_unit_test(one_that_keeps_dying_waits_longer_each_time_up_to_a_second),
        cmocka_unit_test(a_second_of_life_is_forgiveness),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
