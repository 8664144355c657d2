/*
 * Following a swarm, in a world whose clock, Engine and DNS do what the test says: what is kept
 * when a source fails, what is believed when the two differ, and how much is asked.
 */

#include "discovery/discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "live_world.h"

static struct world_task stops(struct world_task task)
{
    task.desired = "shutdown";
    return task;
}

/* --- the link ------------------------------------------------------------------------------------
 */

static void everything_is_kept_whatever_the_engine_does(void **state)
{
    static const enum world_fault faults[] = { WORLD_UNREACHABLE, WORLD_STATUS_500, WORLD_GARBAGE };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct discovery *discovery = live_world();

        for (enum docker_call call = DOCKER_PING; call <= DOCKER_EVENTS; call++)
            world_fault(call, faults[i]);
        world_cut_events();
        world_run(LEASE_MS * 2);
        assert_int_equal(link_of(discovery), DISCOVERY_LOST);
        assert_true(discovery_swarm(discovery)->stale);
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
        assert_false(find_address(discovery, "web", "10.1.0.5")->confirmed);
        for (enum docker_call call = DOCKER_PING; call <= DOCKER_EVENTS; call++)
            world_fault(call, WORLD_FINE);
        world_run(16000);
        assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
        assert_false(discovery_swarm(discovery)->stale);
        assert_true(find_address(discovery, "web", "10.1.0.5")->confirmed);
        world_done(discovery);
    }
}

static void each_list_may_fail_alone(void **state)
{
    static const enum docker_call calls[] = { DOCKER_INFO, DOCKER_NODES, DOCKER_NETWORKS,
                                              DOCKER_SERVICES };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct discovery *discovery = live_world();

        world_fault(calls[i], WORLD_GARBAGE);
        world_run(RESYNC_MS);
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
        assert_int_equal(link_of(discovery), DISCOVERY_LOST);
        world_fault(calls[i], WORLD_FINE);
        world_run(16000);
        assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
        world_done(discovery);
    }
}

/* At 250 ms doubling to 15 s an Engine that is away for five minutes is asked some 30 times. */
static void the_back_off_grows(void **state)
{
    struct discovery *discovery = live_world();
    size_t before;

    (void)state;
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    before = world_count(DOCKER_VERSION);
    world_run(300000);
    assert_in_range(world_count(DOCKER_VERSION) - before, 10, 50);
    world_done(discovery);
}

/* Each time everything is listed again. */
static void a_stream_that_is_cut_again_and_again_is_not_followed_without_end(void **state)
{
    struct discovery *discovery = live_world();
    size_t before = world_count(DOCKER_SERVICES);

    (void)state;
    for (int second = 0; second < 120; second++) {
        if (link_of(discovery) == DISCOVERY_LIVE)
            world_cut_events();
        world_run(1000);
    }
    assert_in_range(world_count(DOCKER_SERVICES) - before, 5, 30);
    world_run(60000);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    world_cut_events();
    world_run(1000);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    world_done(discovery);
}

/* --- lists and events ----------------------------------------------------------------------------
 */

static void a_service_made_while_a_list_is_on_its_way_stays(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_hold(DOCKER_SERVICES, true);
    world_run(RESYNC_MS); /* the list was asked for, and does not have it */
    world_put_service("svc2", "new", 7, true);
    world_event("service", "create", "svc2");
    world_run(100);
    world_hold(DOCKER_SERVICES, false);
    world_run(1000);
    assert_true(is_there(discovery, "new"));
    world_done(discovery);
}

/* Swarm makes a service first, its tasks after it, and gives them their addresses later still. */
static void the_tasks_of_a_new_service_are_waited_for(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task task = { "task9", "svc2", "new", "running", NULL, NULL };

    (void)state;
    world_put_service("svc2", "new", 7, true);
    world_event("service", "create", "svc2");
    world_run(1000);
    assert_true(is_there(discovery, "new"));
    world_put_task(task);
    world_run(10000); /* the manager is slow */
    task.state = "running";
    task.address = "10.1.0.9";
    world_put_task(task);
    world_run(1000);
    assert_true(is(discovery, SWARM_USABLE, "new", "10.1.0.9"));
    world_done(discovery);
}

/* After a crash Swarm keeps the next task ready for the restart delay; there is no event. */
static void a_task_that_waits_for_its_restart_is_waited_for(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task next = { "task9", "svc1", "ready", "ready", "10.1.0.9", NULL };

    (void)state;
    world_drop_task("task1");
    world_put_task(next);
    world_event("service", "update", "svc1");
    world_run(20000);
    next.state = next.desired = "running";
    world_put_task(next);
    world_run(1000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.9"));
    world_done(discovery);
}

static void a_service_removed_while_a_list_is_on_its_way_is_gone(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_hold(DOCKER_SERVICES, true);
    world_run(RESYNC_MS);
    world_drop_service("svc1");
    world_event("service", "remove", "svc1");
    world_hold(DOCKER_SERVICES, false);
    world_run(1000);
    assert_false(is_there(discovery, "web"));
    world_done(discovery);
}

static void an_event_hurries_a_look_that_is_planned_for_later(void **state)
{
    struct discovery *discovery = world_new();
    static const char *const ids[] = { "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8" };
    size_t before[8];

    (void)state;
    for (size_t i = 0; i < 8; i++)
        world_put_service(ids[i], ids[i], 1, true);
    world_run(100);
    world_run(REST_MS);
    world_run(RESYNC_MS - REST_MS); /* looks are spread from now on */
    for (size_t i = 0; i < 8; i++) {
        before[i] = world_looks(ids[i]);
        world_event("service", "update", ids[i]);
    }
    world_run(260); /* its pace */
    for (size_t i = 0; i < 8; i++)
        assert_true(world_looks(ids[i]) > before[i]);
    world_done(discovery);
}

static void a_look_at_a_service_that_fails_is_made_again(void **state)
{
    static const enum world_fault faults[] = { WORLD_STATUS_500, WORLD_GARBAGE };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct discovery *discovery = live_world();

        world_put_service("svc2", "new", 7, true);
        world_fault(DOCKER_SERVICES, faults[i]);
        world_event("service", "create", "svc2");
        world_run(100);
        assert_false(is_there(discovery, "new"));
        world_fault(DOCKER_SERVICES, WORLD_FINE);
        world_run(1500);
        assert_true(is_there(discovery, "new"));
        world_done(discovery);
    }
}

static void a_service_made_again_under_its_name_is_another_one(void **state)
{
    struct discovery *discovery = live_world();
    uint64_t identity = find_address(discovery, "web", "10.1.0.5")->identity;
    struct world_task task = world_first;

    (void)state;
    world_drop_task("task1");
    world_drop_task("task2");
    world_drop_service("svc1");
    world_put_service("svc2", "web", 9, true);
    task.id = "task3";
    task.service = "svc2";
    world_put_task(task);
    world_event("service", "remove", "svc1");
    world_run(50);
    assert_false(is_there(discovery, "web"));
    world_event("service", "create", "svc2");
    world_run(500);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    assert_true(find_address(discovery, "web", "10.1.0.5")->identity != identity);
    world_done(discovery);
}

/* Both events were lost. */
static void a_namesake_inherits_nothing(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_drop_service("svc1");
    world_put_service("svc2", "web", 1, true);
    world_hold(DOCKER_TASKS, true);
    world_run(RESYNC_MS);
    assert_true(is_there(discovery, "web"));
    assert_null(find_address(discovery, "web", "10.1.0.5"));
    world_hold(DOCKER_TASKS, false);
    world_done(discovery);
}

/* --- both sources --------------------------------------------------------------------------------
 */

static void the_first_that_takes_an_address_away_is_believed(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(100);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.6", NULL);
    world_run(30);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
    world_put_task(stops(world_second));
    world_event("service", "update", "svc1");
    world_run(400);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.6"));
    world_drop_task("task1");
    world_run(400);
    assert_null(find_address(discovery, "web", "10.1.0.5"));
    world_done(discovery);
}

static void a_failure_of_dns_takes_nothing_away(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    for (int i = 0; i < 100; i++) {
        world_dns("web", WORLD_DNS_FAILS, NULL, NULL);
        world_run(LEASE_MS / 50);
    }
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    assert_true(discovery_swarm(discovery)->stale);
    world_done(discovery);
}

static void dns_that_knows_nothing_is_doubted_while_the_api_knows_better(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(REST_MS);
    for (int i = 0; i < 100; i++) {
        world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
        world_run(LEASE_MS / 50);
    }
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    assert_true(find_address(discovery, "web", "10.1.0.5")->confirmed);
    world_done(discovery);
}

static void dns_alone_is_believed_when_it_knows_nothing_for_a_lease(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_run(REST_MS);
    world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
    world_run(LEASE_MS - 1000);
    world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
    world_run(100);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_run(2000);
    world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
    world_run(100);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    world_done(discovery);
}

static void dns_alone_finds_a_new_task(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_dns("web", WORLD_DNS_HAS, "10.1.0.6", "10.1.0.7");
    world_run(6000);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    assert_int_equal(find_address(discovery, "web", "10.1.0.7")->network, 0);
    world_done(discovery);
}

/* The task of "web" has died, and its address is that of a task of "other" now. Nobody told of
 * either: swarmward has read of the new one only. */
static void an_address_that_another_service_has_now_is_taken_from_the_old_one(void **state)
{
    struct discovery *discovery = live_world();
    const struct world_task heir = {
        "task9", "svc2", "running", "running", "10.1.0.5", "2026-02-02T03:04:05Z",
    };

    (void)state;
    world_drop_task("task1");
    world_put_service("svc2", "other", 5, true);
    world_put_task(heir);
    world_event("service", "create", "svc2");
    world_run(100);
    assert_true(is(discovery, SWARM_USABLE, "other", "10.1.0.5"));
    assert_null(find_address(discovery, "web", "10.1.0.5"));
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
    world_done(discovery);
}

/* --- how much is asked ---------------------------------------------------------------------------
 */

static void at_rest_tasks_are_listed_once_a_resync(void **state)
{
    struct discovery *discovery = live_world();
    size_t before = world_looks("svc1");

    (void)state;
    world_run(RESYNC_MS * 10);
    assert_in_range(world_looks("svc1") - before, 9, 11);
    world_done(discovery);
}

static void what_dns_vouches_for_is_listed_seldom(void **state)
{
    struct discovery *discovery = live_world();
    size_t before;

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(REST_MS);
    before = world_looks("svc1");
    for (int i = 0; i < 300; i++) {
        world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
        world_run(RESYNC_MS / 30);
    }
    assert_in_range(world_looks("svc1") - before, 2, 3);
    world_done(discovery);
}

static void a_service_that_the_file_names_costs_no_more_than_a_labelled_one(void **state)
{
    static const struct text names[] = { { "plain", 5 } };
    struct discovery *discovery = live_world();
    size_t before;

    (void)state;
    world_put_service("svc2", "plain", 3, false);
    world_event("service", "create", "svc2");
    discovery_want(discovery, names, 1);
    world_run(REST_MS);
    assert_true(is_there(discovery, "plain"));
    before = world_looks("svc2");
    world_run(RESYNC_MS * 10);
    assert_in_range(world_looks("svc2") - before, 9, 11);
    world_done(discovery);
}

static void who_never_comes_to_rest_is_looked_at_less_often(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task crashing = world_first;
    size_t before;

    (void)state;
    crashing.state = "starting";
    world_put_task(crashing);
    world_event("service", "update", "svc1");
    before = world_looks("svc1");
    world_run(60000);
    assert_in_range(world_looks("svc1") - before, 200, 250);
    before = world_looks("svc1");
    world_run(60000);
    assert_in_range(world_looks("svc1") - before, 25, 35);
    world_done(discovery);
}

static void names_that_nobody_wants_are_forgotten(void **state)
{
    static const struct text names[] = { { "gone", 4 } };
    struct discovery *discovery = live_world();
    struct discovery_facts facts;

    (void)state;
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE); /* DNS is asked for it, and knows it */
    world_cut_events();
    discovery_want(discovery, names, 1);
    world_run(1000);
    assert_true(world_dns_asks_for("gone"));
    world_dns("gone", WORLD_DNS_HAS, "10.1.0.9", NULL);
    world_run(1000);
    assert_true(is(discovery, SWARM_USABLE, "gone", "10.1.0.9"));
    discovery_want(discovery, NULL, 0);
    world_run(1000);
    assert_false(world_dns_asks_for("gone"));
    discovery_get_facts(discovery, &facts);
    assert_int_equal(facts.services_followed, 1);
    world_done(discovery);
}

static void nothing_is_said_when_nothing_changes(void **state)
{
    struct discovery *discovery = live_world();
    size_t before = world_changes();

    (void)state;
    world_event("service", "update", "svc1");
    world_run(RESYNC_MS * 3);
    assert_int_equal(world_changes(), before);
    world_done(discovery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_kept_whatever_the_engine_does),
        cmocka_unit_test(each_list_may_fail_alone),
        cmocka_unit_test(the_back_off_grows),
        cmocka_unit_test(a_stream_that_is_cut_again_and_again_is_not_followed_without_end),
        cmocka_unit_test(a_service_made_while_a_list_is_on_its_way_stays),
        cmocka_unit_test(the_tasks_of_a_new_service_are_waited_for),
        cmocka_unit_test(a_task_that_waits_for_its_restart_is_waited_for),
        cmocka_unit_test(a_service_removed_while_a_list_is_on_its_way_is_gone),
        cmocka_unit_test(an_event_hurries_a_look_that_is_planned_for_later),
        cmocka_unit_test(a_look_at_a_service_that_fails_is_made_again),
        cmocka_unit_test(a_service_made_again_under_its_name_is_another_one),
        cmocka_unit_test(a_namesake_inherits_nothing),
        cmocka_unit_test(the_first_that_takes_an_address_away_is_believed),
        cmocka_unit_test(a_failure_of_dns_takes_nothing_away),
        cmocka_unit_test(dns_that_knows_nothing_is_doubted_while_the_api_knows_better),
        cmocka_unit_test(dns_alone_is_believed_when_it_knows_nothing_for_a_lease),
        cmocka_unit_test(dns_alone_finds_a_new_task),
        cmocka_unit_test(an_address_that_another_service_has_now_is_taken_from_the_old_one),
        cmocka_unit_test(at_rest_tasks_are_listed_once_a_resync),
        cmocka_unit_test(what_dns_vouches_for_is_listed_seldom),
        cmocka_unit_test(a_service_that_the_file_names_costs_no_more_than_a_labelled_one),
        cmocka_unit_test(who_never_comes_to_rest_is_looked_at_less_often),
        cmocka_unit_test(names_that_nobody_wants_are_forgotten),
        cmocka_unit_test(nothing_is_said_when_nothing_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
