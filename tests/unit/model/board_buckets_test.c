/* Token buckets in a table of fixed size: how many come at once, when the next one may, what is
 * forgotten when the table is full, and that workers at once hold one rate. */

#include "model/board_buckets.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)
#define NOW    (INT64_C(1000) * SECOND)

static const struct bucket_size ten = { .interval_ns = SECOND / 10, .tokens = 10 };

static struct board_buckets *table_new(void)
{
    struct board_buckets *table = calloc(1, sizeof(*table));

    assert_non_null(table);
    return table;
}

static int64_t take(struct board_buckets *table, uint64_t key, int64_t now_ns)
{
    bool forgot;
    int64_t wait_ns = board_bucket_take(table, key, &ten, now_ns, &forgot);

    assert_false(forgot);
    return wait_ns;
}

static void a_full_one_gives_what_it_has_and_then_says_when(void **state)
{
    struct board_buckets *table = table_new();

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(table, 7, NOW), 0);
    assert_int_equal(take(table, 7, NOW), SECOND / 10);
    assert_int_equal(take(table, 7, NOW + 1), SECOND / 10 - 1); /* asking costs nothing */
    assert_int_equal(take(table, 7, NOW + SECOND / 10), 0);
    assert_int_equal(take(table, 7, NOW + SECOND / 10), SECOND / 10);
    free(table);
}

static void a_pause_fills_it_and_no_more_than_full(void **state)
{
    struct board_buckets *table = table_new();

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(table, 7, NOW), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(table, 7, NOW + 3600 * SECOND), 0);
    assert_true(take(table, 7, NOW + 3600 * SECOND) > 0);
    free(table);
}

static void each_key_has_its_own(void **state)
{
    struct board_buckets *table = table_new();

    (void)state;
    for (uint64_t key = 0; key < 200; key++)
        for (int i = 0; i < 10; i++)
            assert_int_equal(take(table, key * 1000003, NOW), 0);
    for (uint64_t key = 1; key < 200; key++)
        assert_true(take(table, key * 1000003, NOW) > 0);
    free(table);
}

static void a_smaller_size_after_a_reload_soon_gives_again(void **state)
{
    static const struct bucket_size day = { .interval_ns = 86400 * SECOND, .tokens = 1000 };
    struct board_buckets *table = table_new();
    bool forgot;

    (void)state;
    for (int i = 0; i < 500; i++)
        assert_int_equal(board_bucket_take(table, 7, &day, NOW, &forgot), 0);
    assert_int_equal(take(table, 7, NOW), ten.interval_ns);
    assert_int_equal(take(table, 7, NOW + ten.interval_ns), 0);
    free(table);
}

/* Keys that begin at the same place of the table. */
static uint64_t neighbour(uint64_t i)
{
    return 5 + i * BOARD_BUCKETS;
}

static void a_full_stretch_forgets_who_is_nearest_to_full(void **state)
{
    struct board_buckets *table = table_new();
    bool forgot;

    (void)state;
    for (uint64_t i = 0; i < BOARD_BUCKET_PROBES; i++)
        for (uint64_t taken = 0; taken <= i + 1; taken++)
            assert_int_equal(take(table, neighbour(i), NOW), 0);
    /* the newcomer has a whole bucket, and took the place of the first */
    assert_int_equal(board_bucket_take(table, neighbour(99), &ten, NOW, &forgot), 0);
    assert_true(forgot);
    for (int i = 0; i < 9; i++)
        assert_int_equal(take(table, neighbour(99), NOW), 0);
    assert_true(take(table, neighbour(99), NOW) > 0);
    /* who had taken most is still known */
    for (int i = 0; i < 1; i++)
        assert_int_equal(take(table, neighbour(BOARD_BUCKET_PROBES - 1), NOW), 0);
    assert_true(take(table, neighbour(BOARD_BUCKET_PROBES - 1), NOW) > 0);
    free(table);
}

static void one_that_is_full_makes_room_without_loss(void **state)
{
    struct board_buckets *table = table_new();

    (void)state;
    for (uint64_t i = 0; i < BOARD_BUCKET_PROBES; i++)
        assert_int_equal(take(table, neighbour(i), NOW), 0);
    assert_int_equal(take(table, neighbour(99), NOW + SECOND), 0); /* asserts that none was lost */
    free(table);
}

struct taker {
    pthread_t thread;
    struct board_buckets *table;
    int got;
};

#define TAKERS 4
#define TRIES  20000
#define SHARED 64

static void *take_many(void *owner)
{
    static const struct bucket_size hundred = { .interval_ns = SECOND, .tokens = 100 };
    struct taker *taker = owner;
    bool forgot;

    for (uint64_t i = 0; i < TRIES; i++)
        taker->got +=
            board_bucket_take(taker->table, (i % SHARED) * 7919, &hundred, NOW, &forgot) == 0;
    return NULL;
}

static void many_at_once_get_no_more_than_one_would(void **state)
{
    struct board_buckets *table = table_new();
    struct taker takers[TAKERS] = { 0 };
    int got = 0;

    (void)state;
    for (int i = 0; i < TAKERS; i++) {
        takers[i].table = table;
        assert_int_equal(pthread_create(&takers[i].thread, NULL, take_many, &takers[i]), 0);
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        got += takers[i].got;
    }
    assert_int_equal(got, SHARED * 100);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_one_gives_what_it_has_and_then_says_when),
        cmocka_unit_test(a_pause_fills_it_and_no_more_than_full),
        cmocka_unit_test(each_key_has_its_own),
        cmocka_unit_test(a_smaller_size_after_a_reload_soon_gives_again),
        cmocka_unit_test(a_full_stretch_forgets_who_is_nearest_to_full),
        cmocka_unit_test(one_that_is_full_makes_room_without_loss),
        cmocka_unit_test(many_at_once_get_no_more_than_one_would),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
