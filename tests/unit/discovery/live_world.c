/* The fake world at rest, and questions about the view of it. Used by the tests of discovery.c. */

#include "live_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

const struct world_task world_first = {
    "task1", "svc1", "running", "running", "10.1.0.5", NULL,
};
const struct world_task world_second = {
    "task2", "svc1", "running", "running", "10.1.0.6", NULL,
};

const struct swarm_address *find_address(const struct discovery *discovery, const char *service,
                                         const char *host)
{
    const struct swarm_service *found = swarm_find(discovery_swarm(discovery), text_of(service));
    struct address wanted;

    assert_int_equal(address_parse_host(text_of(host), 0, &wanted, NULL), 0);
    for (size_t i = 0; found && i < found->task_count; i++)
        for (size_t j = 0; j < found->tasks[i].address_count; j++)
            if (address_host_equal(&found->tasks[i].addresses[j].address, &wanted))
                return &found->tasks[i].addresses[j];
    return NULL;
}

bool is(const struct discovery *discovery, enum swarm_membership wanted, const char *service,
        const char *host)
{
    const struct swarm_address *address = find_address(discovery, service, host);

    return address && address->membership == wanted;
}

bool is_there(const struct discovery *discovery, const char *service)
{
    return swarm_find(discovery_swarm(discovery), text_of(service)) != NULL;
}

static struct discovery_facts facts_of(const struct discovery *discovery)
{
    struct discovery_facts facts;

    discovery_get_facts(discovery, &facts);
    return facts;
}

enum discovery_link link_of(const struct discovery *discovery)
{
    return facts_of(discovery).link;
}

const char *problem_of(const struct discovery *discovery)
{
    return facts_of(discovery).problem;
}

uint64_t api_errors_of(const struct discovery *discovery)
{
    return facts_of(discovery).api_errors;
}

struct discovery *live_world(void)
{
    struct discovery *discovery = world_new();

    world_put_service("svc1", "web", 1, true);
    world_put_task(world_first);
    world_put_task(world_second);
    world_run(100);
    assert_int_equal(link_of(discovery), DISCOVERY_LIVE);
    assert_true(is(discovery, SWARM_USABLE, "web", "10.1.0.5"));
    world_run(REST_MS);
    return discovery;
}
