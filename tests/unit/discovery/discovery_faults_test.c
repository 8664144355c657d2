/*
 * Following a swarm whose Engine or DNS says half of the truth: lists of the wrong shape, services
 * that cannot be read, events that come while a list is on its way, addresses of somebody else.
 * Nothing of that takes away what was known, and status says it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "discovery/discovery.h"
#include "live_world.h"

#define NODE(id, state, version)                                                                   \
    "{\"ID\":\"" id "\",\"Description\":{\"Hostname\":\"" id "\",\"Engine\":{\"EngineVersion\":"   \
    "\"" version "\"}},\"Status\":{\"State\":\"" state "\"}}"
#define NODE_WITHOUT_DESCRIPTION(state)                                                            \
    "{\"ID\":\"new\",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"active\"},\"Description\":"  \
    "{\"Platform\":{}},\"Status\":{\"State\":\"" state "\"}}"
#define NETWORK(id, name)                                                                          \
    "{\"Id\":\"" id "\",\"Name\":\"" name "\",\"Scope\":\"swarm\",\"Driver\":\"overlay\"}"

static bool the_gate_is_open(const struct discovery *discovery)
{
    const struct swarm *swarm = discovery_swarm(discovery);

    /* it always says why */
    assert_int_equal(swarm->engines_encrypt, swarm->engines_why.len == 0);
    return swarm->engines_encrypt;
}

/* --- nodes ---------------------------------------------------------------------------------------
 */

static void only_nodes_that_may_run_tasks_close_the_gate(void **state)
{
    static const struct {
        const char *nodes;
        bool open;
    } cases[] = {
        { "[" NODE("one", "ready", "28.0.1") "]", true },
        /* between its join and its first word, as the Engine lists it */
        { "[" NODE("one", "ready", "28.0.1") "," NODE_WITHOUT_DESCRIPTION("unknown") "]", true },
        { "[" NODE("one", "ready", "28.0.1") "," NODE("two", "unknown", "") "]", true },
        { "[" NODE("one", "ready", "28.0.1") "," NODE("two", "ready", "") "]", false },
        { "[" NODE("one", "ready", "28.0.1") "," NODE("two", "ready", "20.10.23") "]", false },
        { "[" NODE("one", "ready", "28.0.1") "," NODE("two", "down", "20.10.23") "]", false },
        { "[" NODE_WITHOUT_DESCRIPTION("unknown") "]", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct discovery *discovery = live_world();

        assert_true(the_gate_is_open(discovery));
        world_say(DOCKER_NODES, cases[i].nodes);
        world_event("node", "create", "new");
        world_run(100);
        if (the_gate_is_open(discovery) != cases[i].open)
            fail_msg("%s", cases[i].nodes);
        world_done(discovery);
    }
}

static void a_closed_gate_says_why_from_the_beginning(void **state)
{
    struct discovery *discovery = world_new();

    (void)state;
    assert_false(the_gate_is_open(discovery));
    world_say(DOCKER_NODES, "[]");
    world_run(100);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_false(the_gate_is_open(discovery));
    world_say(DOCKER_NODES, NULL);
    world_run(RESYNC_MS);
    assert_true(the_gate_is_open(discovery));
    world_done(discovery);
}

/* --- events while a list is on its way -----------------------------------------------------------
 */

static void an_event_while_the_list_of_nodes_is_on_its_way_is_not_lost(void **state)
{
    struct discovery *discovery = live_world();
    size_t before = world_count(DOCKER_NODES);

    (void)state;
    world_hold(DOCKER_NODES, true);
    world_event("node", "update", "node1");
    world_run(10);
    world_say(DOCKER_NODES, "[" NODE("one", "ready", "19.3.0") "]");
    world_event("node", "update", "node1");
    world_event("node", "update", "node1");
    world_run(10);
    world_hold(DOCKER_NODES, false);
    world_run(100);
    assert_false(the_gate_is_open(discovery));
    assert_int_equal(world_count(DOCKER_NODES) - before, 2);
    world_done(discovery);
}

static void an_event_while_the_list_of_networks_is_on_its_way_is_not_lost(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_hold(DOCKER_NETWORKS, true);
    world_event("network", "create", "net2");
    world_run(10);
    world_say(DOCKER_NETWORKS, "[" NETWORK("net1", "edge") "," NETWORK("net2", "other") "]");
    world_event("network", "create", "net2");
    world_hold(DOCKER_NETWORKS, false);
    world_run(100);
    assert_int_equal(discovery_swarm(discovery)->network_count, 2);
    world_done(discovery);
}

/* A list that is lost with its connection is not asked for twice on the next one. */
static void a_lost_connection_forgets_what_was_to_be_asked_again(void **state)
{
    struct discovery *discovery = live_world();
    size_t before;

    (void)state;
    world_hold(DOCKER_NODES, true);
    world_event("node", "update", "node1");
    world_event("node", "update", "node1");
    world_cut_events();
    world_hold(DOCKER_NODES, false);
    before = world_count(DOCKER_NODES);
    world_run(1000);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_int_equal(world_count(DOCKER_NODES) - before, 1);
    world_done(discovery);
}

/* --- lists of the wrong shape --------------------------------------------------------------------
 */

static const struct {
    enum docker_call call;
    const char *body;
} odd_bodies[] = {
    { DOCKER_TASKS, "[null]" },         { DOCKER_TASKS, "[{\"a\":1}]" },
    { DOCKER_NETWORKS, "[]" },          { DOCKER_NETWORKS, "[{\"a\":1}]" },
    { DOCKER_NETWORKS, "[null]" },      { DOCKER_NODES, "[]" },
    { DOCKER_NODES, "[{\"a\":1}]" },    { DOCKER_NODES, "[null]" },
    { DOCKER_SERVICES, "[{\"a\":1}]" }, { DOCKER_SERVICES, "[null]" },
};

static void stir(void)
{
    world_event("service", "update", "svc1");
    world_event("node", "update", "node1");
    world_event("network", "create", "net2");
}

static void what_has_another_shape_takes_nothing_away(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(odd_bodies) / sizeof(odd_bodies[0]); i++) {
        struct discovery *discovery = live_world();
        uint64_t errors = api_errors_of(discovery);

        world_say(odd_bodies[i].call, odd_bodies[i].body);
        for (int second = 0; second < 100; second++) {
            stir();
            if (second == 50)
                world_cut_events();
            world_run(1000);
            assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
            assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
            assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
            assert_int_equal(discovery_swarm(discovery)->services[0].network_count, 1);
            assert_true(the_gate_is_open(discovery));
        }
        assert_true(problem_of(discovery)[0] != '\0');
        assert_true(api_errors_of(discovery) > errors);
        world_say(odd_bodies[i].call, NULL);
        stir();
        world_run(RESYNC_MS + 1000);
        assert_string_equal(problem_of(discovery), "");
        world_done(discovery);
    }
}

/* What could be read counts, and only what could not be stays as it was. */
static void half_a_list_of_tasks_takes_none_away(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_say(DOCKER_TASKS,
              "[{\"ID\":\"task1\",\"ServiceID\":\"svc1\",\"DesiredState\":\"shutdown\",\"Status\":"
              "{\"State\":\"running\"},\"NetworksAttachments\":[{\"Network\":{\"ID\":\"net1\"},"
              "\"Addresses\":[\"10.1.0.5/24\"]}]},{\"ID\":7}]");
    world_event("service", "update", "svc1");
    world_run(1000);
    assert_true(is(discovery, SWARM_DRAINING, "web", "10.1.0.5"));
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
    assert_non_null(strstr(problem_of(discovery), "web"));
    world_run(LEASE_MS + 1000); /* nobody has confirmed the other one meanwhile */
    assert_true(find_address(discovery, "web", "10.1.0.5")->confirmed);
    assert_false(find_address(discovery, "web", "10.1.0.6")->confirmed);
    world_done(discovery);
}

static void half_a_list_of_networks_takes_none_away(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_say(DOCKER_NETWORKS, "[" NETWORK("net2", "other") ",{\"Id\":\"\"}]");
    world_event("network", "create", "net2");
    world_run(100);
    assert_int_equal(discovery_swarm(discovery)->network_count, 2);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_say(DOCKER_NETWORKS, "[" NETWORK("net1", "edge") "]");
    world_event("network", "remove", "net2");
    world_run(100);
    assert_int_equal(discovery_swarm(discovery)->network_count, 1);
    world_done(discovery);
}

static void a_node_that_cannot_be_read_does_not_hide_an_old_one(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_say(DOCKER_NODES, "[{\"a\":1}," NODE("one", "ready", "19.3.0") "]");
    world_event("node", "update", "node1");
    world_run(100);
    assert_false(the_gate_is_open(discovery));
    world_done(discovery);
}

/* --- an Engine that cannot help ------------------------------------------------------------------
 */

/* No manager, or no version in common: nobody mends that within a second. */
static void an_engine_that_cannot_help_is_asked_seldom_from_the_first_time(void **state)
{
    static const struct {
        enum docker_call call;
        const char *body;
    } cases[] = {
        { DOCKER_INFO, "{\"Swarm\":{\"NodeID\":\"node1\",\"LocalNodeState\":\"active\"}}" },
        { DOCKER_INFO, "{\"Swarm\":{\"LocalNodeState\":\"inactive\"}}" },
        { DOCKER_VERSION, "{\"Api\":\"too old\"}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct discovery *discovery = live_world();
        size_t before;

        world_run(RESYNC_MS); /* a link that has proven itself */
        world_say(cases[i].call, cases[i].body);
        world_cut_events();
        world_run(1000); /* reconnected after 250 ms, and then it was said */
        assert_int_equal(link_of(discovery), DISCOVERY_LOST);
        before = world_count(DOCKER_VERSION);
        world_run(6000);
        assert_int_equal(world_count(DOCKER_VERSION), before);
        world_run(60000 - 6000);
        assert_in_range(world_count(DOCKER_VERSION) - before, 4, 8);
        world_say(cases[i].call, NULL);
        world_run(16000);
        assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
        world_done(discovery);
    }
}

/* It was one until now, and the resync is told. */
static void a_manager_that_becomes_a_worker_is_asked_seldom(void **state)
{
    struct discovery *discovery = live_world();
    size_t before;

    (void)state;
    world_say(DOCKER_INFO, "{\"Swarm\":{\"NodeID\":\"node1\",\"LocalNodeState\":\"active\"}}");
    before = world_count(DOCKER_VERSION);
    world_run(RESYNC_MS - REST_MS + 6000);
    assert_int_equal(link_of(discovery), DISCOVERY_LOST);
    assert_int_equal(world_count(DOCKER_VERSION), before);
    world_done(discovery);
}

/* --- services that cannot be read ----------------------------------------------------------------
 */

static bool is_said(const struct discovery *discovery, const char *what)
{
    return strstr(problem_of(discovery), what) != NULL;
}

static void a_service_that_cannot_be_read_is_said_and_spares_no_other(void **state)
{
    static const char *const lists[] = {
        "[{\"ID\":\"svc1\",\"Spec\":{}}]",
        "[{\"ID\":\"svc1\", what is this?}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct discovery *discovery = live_world();
        uint64_t errors;

        world_put_service("svc2", "other", 5, true);
        world_event("service", "create", "svc2");
        world_run(1000);
        assert_true(is_there(discovery, "other"));
        world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
        world_cut_events();
        world_drop_service("svc2");
        world_say(DOCKER_SERVICES, lists[i]);
        world_run(1000);
        errors = api_errors_of(discovery);
        world_fault(DOCKER_VERSION, WORLD_FINE);
        world_run(16000);
        assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
        assert_false(is_there(discovery, "other"));
        assert_true(is_said(discovery, "web") && is_said(discovery, "svc1"));
        assert_true(api_errors_of(discovery) > errors);
        world_say(DOCKER_SERVICES, NULL);
        world_run(RESYNC_MS);
        assert_string_equal(problem_of(discovery), "");
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
        world_done(discovery);
    }
}

static void so_is_one_that_becomes_unreadable(void **state)
{
    static const char *const looks[] = { "[{\"ID\":\"svc1\"}]", "[null]" };

    (void)state;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        struct discovery *discovery = live_world();

        world_say(DOCKER_SERVICES, looks[i]);
        world_event("service", "update", "svc1");
        world_run(1000);
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
        assert_true(is_said(discovery, "web"));
        world_say(DOCKER_SERVICES, NULL);
        world_drop_service("svc1");
        world_event("service", "remove", "svc1");
        world_run(1000);
        assert_false(is_there(discovery, "web"));
        assert_string_equal(problem_of(discovery), "");
        world_done(discovery);
    }
}

static void one_that_comes_unreadable_is_served_once_it_can_be_read(void **state)
{
    struct discovery *discovery = live_world();

    (void)state;
    world_put_service("svc2", "new", 5, true);
    world_say(DOCKER_SERVICES, "[{\"ID\":\"svc2\",\"Spec\":{\"Labels\":{}}}]");
    world_event("service", "create", "svc2");
    world_run(1000);
    assert_true(is_said(discovery, "svc2"));
    assert_false(is_there(discovery, "new"));
    world_say(DOCKER_SERVICES, NULL);
    world_event("service", "update", "svc2");
    world_run(1000);
    assert_string_equal(problem_of(discovery), "");
    assert_true(is_there(discovery, "new"));
    world_done(discovery);
}

static const char *service_with_labels(struct buffer *json, const char *prefix, int count)
{
    buffer_clear(json);
    buffer_format(
        json, "[{\"ID\":\"svc1\",\"Version\":{\"Index\":9},\"Spec\":{\"Name\":\"web\",\"Labels\":"
              "{\"swarmward.enable\":\"true\"");
    for (int i = 0; i < count; i++)
        buffer_format(json, ",\"%s.k%d\":\"\"", prefix, i);
    buffer_format(json, "},\"TaskTemplate\":{\"Networks\":[{\"Target\":\"net1\"}]}}}]");
    buffer_append_byte(json, '\0');
    return buffer_text(json).at;
}

static void only_labels_under_the_prefix_can_be_too_many(void **state)
{
    static const struct {
        const char *prefix;
        int count;
        size_t kept; /* 1: as before */
    } cases[] = { { "other", 5000, 1 }, { "swarmward", 511, 512 }, { "swarmward", 512, 1 } };
    struct buffer json = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct discovery *discovery = live_world();

        world_say(DOCKER_SERVICES, service_with_labels(&json, cases[i].prefix, cases[i].count));
        world_event("service", "update", "svc1");
        world_run(1000);
        assert_int_equal(discovery_swarm(discovery)->services[0].label_count, cases[i].kept);
        assert_int_equal(is_said(discovery, "512"), cases[i].count == 512);
        assert_int_equal(is_said(discovery, "web"), cases[i].count == 512);
        world_done(discovery);
    }
    buffer_done(&json);
}

/* --- addresses of somebody else ------------------------------------------------------------------
 */

/* "other" runs at 10.1.0.9; DNS knows both; then the Engine is lost. */
static struct discovery *two_services_and_no_engine(void)
{
    static const struct world_task task = {
        "task9", "svc2", "running", "running", "10.1.0.9", NULL
    };
    struct discovery *discovery = live_world();

    world_put_service("svc2", "other", 5, true);
    world_put_task(task);
    world_event("service", "create", "svc2");
    world_run(REST_MS);
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_dns("other", WORLD_DNS_HAS, "10.1.0.9", NULL);
    world_run(REST_MS);
    world_fault(DOCKER_VERSION, WORLD_UNREACHABLE);
    world_cut_events();
    world_run(1000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    return discovery;
}

static void an_address_that_dns_gives_to_another_service_is_taken_away(void **state)
{
    static const enum world_dns own[] = { WORLD_DNS_NOTHING, WORLD_DNS_HAS };

    (void)state;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        struct discovery *discovery = two_services_and_no_engine();

        world_dns("web", own[i], own[i] == WORLD_DNS_HAS ? "10.1.0.6" : NULL, NULL);
        world_dns("other", WORLD_DNS_HAS, "10.1.0.9", "10.1.0.5");
        world_run(100);
        assert_null(find_address(discovery, "web", "10.1.0.5"));
        assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.6"));
        assert_true(is(discovery, SWARM_USABLE, "other", "10.1.0.5"));
        world_done(discovery);
    }
}

/* It was known from DNS alone. */
static void so_is_one_that_only_dns_has_given_before(void **state)
{
    struct discovery *discovery = two_services_and_no_engine();

    (void)state;
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.7");
    world_run(100);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.7"));
    world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
    world_dns("other", WORLD_DNS_HAS, "10.1.0.9", "10.1.0.7");
    world_run(100);
    assert_null(find_address(discovery, "web", "10.1.0.7"));
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_done(discovery);
}

static void an_address_that_dns_gives_to_both_stays_with_both(void **state)
{
    struct discovery *discovery = two_services_and_no_engine();

    (void)state;
    world_dns("other", WORLD_DNS_HAS, "10.1.0.9", "10.1.0.5");
    world_run(3000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_dns("web", WORLD_DNS_FAILS, NULL, NULL); /* silence is no word */
    world_run(3000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_dns("web", WORLD_DNS_NOTHING, NULL, NULL);
    world_dns("other", WORLD_DNS_NOTHING, NULL, NULL); /* nor is this */
    world_run(3000);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_done(discovery);
}

/* DNS has not heard of the new task yet, and not of the end of the old one. */
static void a_later_list_of_the_engine_is_believed_more_than_dns(void **state)
{
    static const struct world_task task = {
        "task8", "svc1", "running", "running", "10.1.0.8", NULL
    };
    struct discovery *discovery = live_world();

    (void)state;
    world_put_service("svc2", "other", 5, true);
    world_event("service", "create", "svc2");
    world_dns("web", WORLD_DNS_HAS, "10.1.0.5", "10.1.0.6");
    world_run(100);
    world_put_task((struct world_task){ "task9", "svc2", "running", "running", "10.1.0.8", NULL });
    world_event("service", "update", "svc2");
    world_run(500);
    world_dns("other", WORLD_DNS_HAS, "10.1.0.8", NULL);
    world_run(500);
    world_drop_task("task9");
    world_put_task(task);
    world_event("service", "update", "svc1");
    world_event("service", "update", "svc2");
    world_run(500);
    assert_non_null(find_address(discovery, "web", "10.1.0.8"));
    world_done(discovery);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_nodes_that_may_run_tasks_close_the_gate),
        cmocka_unit_test(a_closed_gate_says_why_from_the_beginning),
        cmocka_unit_test(an_event_while_the_list_of_nodes_is_on_its_way_is_not_lost),
        cmocka_unit_test(an_event_while_the_list_of_networks_is_on_its_way_is_not_lost),
        cmocka_unit_test(a_lost_connection_forgets_what_was_to_be_asked_again),
        cmocka_unit_test(what_has_another_shape_takes_nothing_away),
        cmocka_unit_test(half_a_list_of_tasks_takes_none_away),
        cmocka_unit_test(half_a_list_of_networks_takes_none_away),
        cmocka_unit_test(a_node_that_cannot_be_read_does_not_hide_an_old_one),
        cmocka_unit_test(an_engine_that_cannot_help_is_asked_seldom_from_the_first_time),
        cmocka_unit_test(a_manager_that_becomes_a_worker_is_asked_seldom),
        cmocka_unit_test(a_service_that_cannot_be_read_is_said_and_spares_no_other),
        cmocka_unit_test(so_is_one_that_becomes_unreadable),
        cmocka_unit_test(one_that_comes_unreadable_is_served_once_it_can_be_read),
        cmocka_unit_test(only_labels_under_the_prefix_can_be_too_many),
        cmocka_unit_test(an_address_that_dns_gives_to_another_service_is_taken_away),
        cmocka_unit_test(so_is_one_that_only_dns_has_given_before),
        cmocka_unit_test(an_address_that_dns_gives_to_both_stays_with_both),
        cmocka_unit_test(a_later_list_of_the_engine_is_believed_more_than_dns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
