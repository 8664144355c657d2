/* Failures, ejection with growing intervals and its floor, the retry budget. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"

#define LATER_US INT64_MAX

static int64_t ejected_for(struct fixture *fixture, struct endpoint *endpoint)
{
    int64_t now_ms = io_now_ms(fixture->worker.io);

    endpoint->ejected_until_ms = 0;
    assert_true(endpoint_failed(endpoint, &fixture->service_policy.outlier, true, now_ms));
    return endpoint->ejected_until_ms - now_ms;
}

static void ejections_in_a_row_grow_up_to_the_longest(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint = fixture->service->endpoints[0];

    (void)state;
    fixture->service_policy.outlier = (struct outlier_settings){
        .failures = 1, .base_ejection_ms = 5000, .max_ejection_ms = 18000, .max_ejected_percent = 50
    };
    assert_int_equal(ejected_for(fixture, endpoint), 5000);
    assert_int_equal(ejected_for(fixture, endpoint), 10000);
    assert_int_equal(ejected_for(fixture, endpoint), 18000);
    assert_int_equal(ejected_for(fixture, endpoint), 18000);
    fixture_free(fixture);
}

static void success_after_the_return_forgets_the_past(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint = fixture->service->endpoints[0];

    (void)state;
    ejected_for(fixture, endpoint);
    ejected_for(fixture, endpoint);
    endpoint_succeeded(endpoint, LATER_US);
    endpoint_succeeded(endpoint, LATER_US);
    assert_int_equal(ejected_for(fixture, endpoint),
                     fixture->service_policy.outlier.base_ejection_ms);
    fixture_free(fixture);
}

static void an_answer_from_before_the_failure_proves_nothing(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint = fixture->service->endpoints[0];
    int64_t now_ms = io_now_ms(fixture->worker.io);

    (void)state;
    ejected_for(fixture, endpoint);
    endpoint_succeeded(endpoint, endpoint->failed_us - 1);
    assert_false(endpoint_is_up(endpoint, now_ms));
    endpoint_succeeded(endpoint, LATER_US);
    assert_true(endpoint_is_up(endpoint, now_ms));
    fixture_free(fixture);
}

static void only_failures_in_a_row_count(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint = fixture->service->endpoints[0];
    struct outlier_settings *outlier = &fixture->service_policy.outlier;

    (void)state;
    outlier->failures = 3;
    for (int i = 0; i < 10; i++) {
        assert_false(endpoint_failed(endpoint, outlier, true, 1));
        assert_false(endpoint_failed(endpoint, outlier, true, 1));
        endpoint_succeeded(endpoint, LATER_US);
    }
    assert_false(endpoint_failed(endpoint, outlier, true, 1));
    assert_false(endpoint_failed(endpoint, outlier, true, 1));
    assert_true(endpoint_failed(endpoint, outlier, true, 1));
    fixture_free(fixture);
}

static unsigned ejected_of(struct fixture *fixture)
{
    unsigned ejected = 0;

    for (uint32_t i = 0; i < fixture->service->endpoint_count; i++) {
        service_endpoint_failed(fixture->service, fixture->service->endpoints[i]);
        ejected += fixture->service->endpoints[i]->ejected_until_ms != 0;
    }
    return ejected;
}

static void never_more_than_half_is_ejected(void **state)
{
    static const struct {
        uint32_t endpoints;
        unsigned ejected;
    } cases[] = { { 1, 0 }, { 2, 1 }, { 3, 1 }, { 4, 2 }, { 5, 2 }, { 8, 4 } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = fixture_new(cases[i].endpoints);

        fixture->service_policy.outlier.failures = 1;
        assert_int_equal(ejected_of(fixture), cases[i].ejected);
        fixture_free(fixture);
    }
}

static void what_another_worker_has_ejected_is_avoided_and_not_ejected(void **state)
{
    struct fixture *fixture = fixture_new(2);
    struct endpoint *endpoint = fixture->service->endpoints[0];
    struct board *board = fixture->worker.board;
    int64_t now_ms = io_now_ms(fixture->worker.io);

    (void)state;
    atomic_store(&board->worker_count, 2);
    assert_false(endpoint_is_avoided(endpoint, now_ms));
    atomic_store(&board->worker[1].endpoints[endpoint->slot].ejected_until_ms, now_ms + 5000);
    assert_true(endpoint_is_avoided(endpoint, now_ms));
    assert_true(endpoint_is_up(endpoint, now_ms));
    assert_false(endpoint_is_avoided(endpoint, now_ms + 5000));
    fixture_free(fixture);
}

static void the_retry_budget_runs_dry_and_is_earned_back(void **state)
{
    struct fixture *fixture = fixture_new(1);
    int spent = 0;

    (void)state;
    fixture->service_policy.retry_budget_percent = 20;
    while (service_budget_spend(fixture->service))
        spent++;
    assert_int_equal(spent, 10);
    for (int i = 0; i < 4; i++) {
        service_budget_earn(fixture->service);
        assert_false(service_budget_spend(fixture->service));
    }
    service_budget_earn(fixture->service);
    assert_true(service_budget_spend(fixture->service));
    fixture_free(fixture);
}

static void an_endpoint_lives_by_identity_over_services(void **state)
{
    struct fixture *fixture = fixture_new(3);
    struct service *again = service_new(&fixture->serving, &fixture->described);

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_ptr_equal(again->endpoints[i], fixture->service->endpoints[i]);
    fixture->service->endpoints[1]->failures = 7;
    service_free(fixture->service);
    fixture->service = again;
    assert_int_equal(again->endpoints[1]->failures, 7);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ejections_in_a_row_grow_up_to_the_longest),
        cmocka_unit_test(success_after_the_return_forgets_the_past),
        cmocka_unit_test(an_answer_from_before_the_failure_proves_nothing),
        cmocka_unit_test(only_failures_in_a_row_count),
        cmocka_unit_test(never_more_than_half_is_ejected),
        cmocka_unit_test(what_another_worker_has_ejected_is_avoided_and_not_ejected),
        cmocka_unit_test(the_retry_budget_runs_dry_and_is_earned_back),
        cmocka_unit_test(an_endpoint_lives_by_identity_over_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
