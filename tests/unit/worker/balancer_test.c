/* Who is chosen: by load, by turn, by client, by cookie; never who is down, full or was tried. */

#include "exchange/balancer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/memory.h"
#include "fixture.h"
#include "http/head.h"

static void round_robin_goes_round_by_weight(void **state)
{
    struct fixture *fixture = fixture_new(3);
    int chosen[3] = { 0 };

    (void)state;
    fixture->service_policy.balance = BALANCE_ROUND_ROBIN;
    fixture->endpoints[1].weight = 3;
    for (int i = 0; i < 500; i++)
        chosen[fixture_pick(fixture)]++;
    assert_int_equal(chosen[0], 100);
    assert_int_equal(chosen[1], 300);
    assert_int_equal(chosen[2], 100);
    fixture_free(fixture);
}

static void least_conn_keeps_away_from_the_busy_one(void **state)
{
    struct fixture *fixture = fixture_new(2);

    (void)state;
    fixture->service_policy.balance = BALANCE_LEAST_CONN;
    for (int i = 0; i < 5; i++)
        endpoint_begin(fixture->service->endpoints[0]);
    for (int i = 0; i < 100; i++)
        assert_int_equal(fixture_pick(fixture), 1);
    for (int i = 0; i < 5; i++)
        endpoint_end(fixture->service->endpoints[0]);
    fixture_free(fixture);
}

static void source_hash_is_steady_and_moves_only_the_clients_of_who_left(void **state)
{
    struct fixture *fixture = fixture_new(5);
    int before[200];
    int chosen[5] = { 0 };

    (void)state;
    fixture->service_policy.balance = BALANCE_SOURCE_HASH;
    for (int i = 0; i < 200; i++) {
        fixture->client.address.v4.sin_addr.s_addr = (uint32_t)i * 2654435761U;
        before[i] = fixture_pick(fixture);
        chosen[before[i]]++;
        assert_int_equal(fixture_pick(fixture), before[i]);
    }
    for (int i = 0; i < 5; i++)
        assert_true(chosen[i] > 15); /* 40 each on the average */
    fixture->worker.board->health[2] = BOARD_HEALTH_DOWN;
    for (int i = 0; i < 200; i++) {
        fixture->client.address.v4.sin_addr.s_addr = (uint32_t)i * 2654435761U;
        if (before[i] != 2)
            assert_int_equal(fixture_pick(fixture), before[i]);
        else
            assert_int_not_equal(fixture_pick(fixture), 2);
    }
    fixture_free(fixture);
}

static void who_is_down_or_was_tried_is_not_chosen(void **state)
{
    static const enum balance kinds[] = { BALANCE_LEAST_CONN, BALANCE_ROUND_ROBIN,
                                          BALANCE_SOURCE_HASH };

    (void)state;
    for (size_t kind = 0; kind < 3; kind++) {
        struct fixture *fixture = fixture_new(4);
        struct endpoint *endpoint;

        fixture->service_policy.balance = (int)kinds[kind];
        fixture->worker.board->health[0] = BOARD_HEALTH_DOWN;
        fixture->service->endpoints[1]->ejected_until_ms = INT64_MAX;
        fixture->exchange.tried[0] = fixture->service->endpoints[2]->identity;
        fixture->exchange.tried_count = 1;
        for (int i = 0; i < 100; i++)
            assert_int_equal(fixture_pick(fixture), 3);
        fixture->worker.board->health[3] = BOARD_HEALTH_DOWN;
        assert_int_equal(balancer_pick(&fixture->exchange, &endpoint), PICK_NONE);
        fixture_free(fixture);
    }
}

static void full_is_told_from_none(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint;

    (void)state;
    fixture->service_policy.max_connections = 1;
    endpoint_begin(fixture->service->endpoints[0]);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fixture_pick(fixture), 1);
    endpoint_begin(fixture->service->endpoints[1]);
    assert_int_equal(balancer_pick(&fixture->exchange, &endpoint), PICK_FULL);
    endpoint_end(fixture->service->endpoints[0]);
    endpoint_end(fixture->service->endpoints[1]);
    fixture_free(fixture);
}

static void a_limit_counts_the_exchanges_of_all_workers(void **state)
{
    struct fixture *fixture = fixture_new(1);
    struct endpoint *endpoint;

    (void)state;
    fixture->service_policy.max_connections = 2;
    fixture->worker.board->worker_count = 2;
    fixture->worker.board->worker[1].endpoints[0].in_flight = 2;
    assert_int_equal(balancer_pick(&fixture->exchange, &endpoint), PICK_FULL);
    fixture->worker.board->worker[1].endpoints[0].in_flight = 1;
    assert_int_equal(fixture_pick(fixture), 0);
    fixture_free(fixture);
}

static void add_cookie(struct fixture *fixture, const char *value)
{
    fixture->exchange.request.fields.count = 0;
    field_list_add(&fixture->exchange.request.fields, &fixture->exchange.arena, TEXT("Cookie"),
                   text_of(value));
}

static void a_cookie_brings_the_client_back_while_its_endpoint_is_usable(void **state)
{
    struct fixture *fixture = fixture_new(3);
    char cookie[64];

    (void)state;
    fixture->route_policy.sticky_cookie = TEXT("swid");
    snprintf(cookie, sizeof(cookie), "a=b; swid=%016x; c=d", 1002);
    add_cookie(fixture, cookie);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(fixture_pick(fixture), 2);
        assert_int_equal(fixture->exchange.set_cookie.len, 0); /* the client knows */
    }
    fixture->worker.board->health[2] = BOARD_HEALTH_DOWN;
    assert_int_not_equal(fixture_pick(fixture), 2);
    assert_true(text_starts(fixture->exchange.set_cookie, TEXT("swid=")));
    fixture_free(fixture);
}

static void a_cookie_that_names_nobody_is_ignored_and_replaced(void **state)
{
    static const char *const cases[] = { "swid=", "swid=00000000000003e", "swid=zzzzzzzzzzzzzzzz",
                                         "swid=ffffffffffffffff", "xswid=00000000000003e8" };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = fixture_new(2);

        fixture->route_policy.sticky_cookie = TEXT("swid");
        add_cookie(fixture, cases[i]);
        assert_true(fixture_pick(fixture) >= 0);
        assert_true(fixture->exchange.set_cookie.len > 0);
        fixture_free(fixture);
    }
}

static void a_newcomer_gets_little_while_it_starts_slowly(void **state)
{
    struct fixture *fixture = fixture_new(2);
    int chosen[2] = { 0 };

    (void)state;
    fixture->service_policy.balance = BALANCE_ROUND_ROBIN;
    fixture->service_policy.slow_start_ms = 3600000;
    fixture->service->endpoints[1]->usable_since_ms = io_now_ms(fixture->worker.io);
    for (int i = 0; i < 110; i++)
        chosen[fixture_pick(fixture)]++;
    assert_int_equal(chosen[1], 10);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_robin_goes_round_by_weight),
        cmocka_unit_test(least_conn_keeps_away_from_the_busy_one),
        cmocka_unit_test(source_hash_is_steady_and_moves_only_the_clients_of_who_left),
        cmocka_unit_test(who_is_down_or_was_tried_is_not_chosen),
        cmocka_unit_test(full_is_told_from_none),
        cmocka_unit_test(a_limit_counts_the_exchanges_of_all_workers),
        cmocka_unit_test(a_cookie_brings_the_client_back_while_its_endpoint_is_usable),
        cmocka_unit_test(a_cookie_that_names_nobody_is_ignored_and_replaced),
        cmocka_unit_test(a_newcomer_gets_little_while_it_starts_slowly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
