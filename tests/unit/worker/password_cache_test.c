/* Passwords that were right a moment ago: what is known, for how long, and who makes room. */

#include "policy/password_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct password_cache cache;

static struct password_key key_of(uint64_t first, uint64_t second)
{
    return (struct password_key){ .halves = { first, second } };
}

static bool has(uint64_t first, uint64_t second, int64_t now_ms)
{
    struct password_key key = key_of(first, second);

    return password_cache_has(&cache, &key, now_ms);
}

static void put(uint64_t first, uint64_t second, int64_t now_ms)
{
    struct password_key key = key_of(first, second);

    password_cache_put(&cache, &key, now_ms);
}

static int emptied(void **state)
{
    (void)state;
    memset(&cache, 0, sizeof(cache));
    return 0;
}

static void both_halves_count_and_time_ends_it(void **state)
{
    (void)state;
    assert_false(has(1, 2, 1000));
    assert_false(has(0, 0, 1000)); /* what nobody has put */
    put(1, 2, 1000);
    assert_true(has(1, 2, 1000));
    assert_false(has(1, 3, 1000));
    assert_false(has(1 + PASSWORD_CACHE_SETS, 2, 1000));
    assert_true(has(1, 2, 1000 + PASSWORD_CACHE_MS - 1));
    assert_false(has(1, 2, 1000 + PASSWORD_CACHE_MS));
}

static void the_one_of_longest_ago_makes_room(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < PASSWORD_CACHE_WAYS; i++)
        put(7, i + 1, 1000 + (int64_t)i);
    put(7, 1, 2000); /* once more: it is the newest now */
    put(7, 99, 3000);
    assert_true(has(7, 1, 3000));
    assert_false(has(7, 2, 3000));
    for (uint64_t i = 3; i <= PASSWORD_CACHE_WAYS; i++)
        assert_true(has(7, i, 3000));
    assert_true(has(7, 99, 3000));
    assert_true(has(7, 1, 2000 + PASSWORD_CACHE_MS - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_halves_count_and_time_ends_it, emptied),
        cmocka_unit_test_setup(the_one_of_longest_ago_makes_room, emptied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
