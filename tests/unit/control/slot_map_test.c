/* Places on the board: stable while an identity runs, used again as late as possible. */

#include "slot_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/board.h"

static void an_identity_keeps_its_slot_over_loads(void **state)
{
    struct slot_map *map = slot_map_new();
    uint32_t one;
    uint32_t two;

    (void)state;
    slot_map_begin(map);
    one = slot_map_assign(map, 11);
    two = slot_map_assign(map, 22);
    assert_int_not_equal(one, two);
    assert_int_equal(slot_map_assign(map, 11), one);
    slot_map_keep(map);
    for (int load = 0; load < 3; load++) {
        slot_map_begin(map);
        assert_int_equal(slot_map_assign(map, 22), two);
        assert_int_equal(slot_map_assign(map, 11), one);
        slot_map_keep(map);
    }
    slot_map_free(map);
}

static void a_dropped_load_leaves_no_trace(void **state)
{
    struct slot_map *map = slot_map_new();
    uint32_t one;

    (void)state;
    slot_map_begin(map);
    one = slot_map_assign(map, 11);
    slot_map_keep(map);
    slot_map_begin(map); /* 11 is not asked for: it would be given up */
    slot_map_assign(map, 22);
    slot_map_drop(map);
    slot_map_begin(map);
    assert_int_equal(slot_map_assign(map, 11), one);
    slot_map_keep(map);
    slot_map_free(map);
}

static void a_slot_that_was_given_up_is_used_again_last(void **state)
{
    struct slot_map *map = slot_map_new();
    uint32_t given_up;

    (void)state;
    slot_map_begin(map);
    given_up = slot_map_assign(map, 1);
    slot_map_keep(map);
    slot_map_begin(map); /* a load without it */
    slot_map_keep(map);
    slot_map_begin(map);
    for (uint64_t i = 0; i < BOARD_ENDPOINTS - 1; i++)
        assert_int_not_equal(slot_map_assign(map, 1000 + i), given_up);
    assert_int_equal(slot_map_assign(map, 999), given_up);
    assert_int_equal(slot_map_assign(map, 998), SNAPSHOT_NONE); /* the board is full */
    assert_int_not_equal(slot_map_assign(map, 1000), SNAPSHOT_NONE);
    slot_map_keep(map);
    slot_map_free(map);
}

static void no_two_identities_share_a_slot_however_loads_go(void **state)
{
    static uint64_t owners[BOARD_ENDPOINTS];
    struct slot_map *map = slot_map_new();

    (void)state;
    for (uint64_t load = 0; load < 50; load++) {
        memset(owners, 0, sizeof(owners));
        slot_map_begin(map);
        for (uint64_t i = 1; i <= 400; i++) {
            uint64_t identity = i + load * 37;
            uint32_t slot = slot_map_assign(map, identity);

            assert_true(slot < BOARD_ENDPOINTS);
            assert_true(owners[slot] == 0);
            owners[slot] = identity;
        }
        if (load % 3)
            slot_map_keep(map);
        else
            slot_map_drop(map);
    }
    slot_map_free(map);
}

static void after_a_restart_it_goes_on_from_the_running_snapshot(void **state)
{
    struct snapshot_endpoint endpoints[] = { { .identity = 5, .slot = 70 },
                                             { .identity = 6, .slot = 3 } };
    struct snapshot_service service = { .endpoints = endpoints, .endpoint_count = 2 };
    struct snapshot snapshot = { .services = &service, .service_count = 1 };
    struct slot_map *map = slot_map_new();

    (void)state;
    slot_map_seed(map, &snapshot);
    slot_map_begin(map);
    assert_int_equal(slot_map_assign(map, 6), 3);
    assert_int_equal(slot_map_assign(map, 5), 70);
    for (uint64_t i = 100; i < 300; i++) {
        uint32_t slot = slot_map_assign(map, i);

        assert_true(slot != 3 && slot != 70);
    }
    slot_map_keep(map);
    slot_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_keeps_its_slot_over_loads),
        cmocka_unit_test(a_dropped_load_leaves_no_trace),
        cmocka_unit_test(a_slot_that_was_given_up_is_used_again_last),
        cmocka_unit_test(no_two_identities_share_a_slot_however_loads_go),
        cmocka_unit_test(after_a_restart_it_goes_on_from_the_running_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
