/* An Engine that was away and is back: what is believed in between, and which connections live on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "discovery/discovery.h"
#include "fake_world.h"
#include "live_world.h"

static uint64_t identity(const struct discovery *discovery, const char *host)
{
    const struct swarm_address *address = find_address(discovery, "web", host);

    assert_non_null(address);
    return address->identity;
}

static void after_a_reconnect_all_tasks_are_looked_at(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task leaving = world_first;

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6"); /* DNS vouches, as it does at rest */
    world_run(REST_MS);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    leaving.desired = "shutdown";
    world_put_task(leaving);
    world_run(1000);
    world_fault(DOCKER_VERSION, WORLD_FINE);
    world_run(3000);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    world_done(discovery);
}

/* Lists come first: who DNS alone knows stays until the Engine has spoken of the tasks. */
static void after_a_reconnect_dns_is_believed_until_tasks_were_listed(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task t3 = { "task3", "svc1", "running", "running", "10.1.0.7", NULL };

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_drop_task("task1");
    world_drop_task("task2");
    world_put_task(t3);
    world_run(10000);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.7", NULL);
    world_run(100);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    world_hold(DOCKER_TASKS, true);
    world_fault(DOCKER_VERSION, WORLD_FINE);
    world_run(20000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    world_hold(DOCKER_TASKS, false);
    world_run(1000);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    assert_null(find_address(discovery, "web", "10.1.0.5"));
    world_done(discovery);
}

/* Its WebSockets would be cut when another endpoint took its place. */
static void who_dns_found_keeps_its_identity_when_the_engine_speaks_of_it(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task t3 = { "task3", "svc1", "running", "running", "10.1.0.7", NULL };
    uint64_t before;

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_put_task(t3);
    world_run(1000);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.7");
    world_run(100);
    before = identity(discovery, "10.1.0.7");
    world_fault(DOCKER_VERSION, WORLD_FINE);
    world_run(RESYNC_MS * 3);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_true(identity(discovery, "10.1.0.7") == before);
    t3.id = "task4"; /* the address in the hands of another task: now the Engine tells */
    world_drop_task("task3");
    world_put_task(t3);
    world_event("service", "update", "svc1");
    world_run(1000);
    assert_true(identity(discovery, "10.1.0.7") != before);
    world_done(discovery);
}

/* While the Engine is away only DNS can tell that an address went to another task. */
static void an_address_that_left_dns_and_came_back_is_another_endpoint(void **state)
{
    struct discovery *discovery = live_world();
    uint64_t before;

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(100);
    before = identity(discovery, "10.1.0.5");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_dns("web", WORLD_DNS_HAS, "10.1.0.6", NULL);
    world_run(1000);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(1000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    assert_true(identity(discovery, "10.1.0.5") != before);
    world_done(discovery);
}

/* `stack rm` and `stack deploy` while the Engine does not answer. */
static void a_service_made_again_meanwhile_is_served_all_the_time(void **state)
{
    struct discovery *discovery = live_world();
    struct world_task t3 = { "task3", "svc2", "running", "running", "10.1.0.7", NULL };

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_drop_service("svc1");
    world_put_service("svc2", "web", 7, true);
    world_put_task(t3);
    world_run(10000);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.7", NULL);
    world_run(100);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    world_hold(DOCKER_TASKS, true);
    world_fault(DOCKER_VERSION, WORLD_FINE);
    world_run(20000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    assert_null(find_address(discovery, "web", "10.1.0.5"));
    world_hold(DOCKER_TASKS, false);
    world_run(1000);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    world_done(discovery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_reconnect_all_tasks_are_looked_at),
        cmocka_unit_test(after_a_reconnect_dns_is_believed_until_tasks_were_listed),
        cmocka_unit_test(who_dns_found_keeps_its_identity_when_the_engine_speaks_of_it),
        cmocka_unit_test(an_address_that_left_dns_and_came_back_is_another_endpoint),
        cmocka_unit_test(a_service_made_again_meanwhile_is_served_all_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
