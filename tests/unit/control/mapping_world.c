/* What the tests of mappings share: a swarm beneath a file, and questions to what comes of it. */

#include "mapping_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

int world_opened(void **state)
{
    static struct builder_world world;
    struct err err;

    world_open(&world);
    world.builder.authority = dev_authority_open(NULL, &err);
    *state = &world;
    return 0;
}

int world_closed(void **state)
{
    world_close(*state);
    return 0;
}

void use_swarm(struct builder_world *world, struct swarm *swarm)
{
    swarm_unref(world->swarm);
    world->swarm = swarm;
}

/* "service:port" that a host and path lead to; "" when nothing does. */
static struct text leads_to(const struct builder_world *world, const char *host, const char *path)
{
    const struct snapshot_domain *domain = snapshot_find_domain(world->snapshot, text_of(host));
    const struct snapshot_route *route =
        domain ? snapshot_find_route(world->snapshot, domain, text_of(path)) : NULL;

    return route ? world->snapshot->services[route->service].name : TEXT("");
}

const struct snapshot_service *service_at(const struct builder_world *world, const char *host)
{
    const struct snapshot_domain *domain = snapshot_find_domain(world->snapshot, text_of(host));

    assert_non_null(domain);
    return &world->snapshot->services[world->snapshot->routes[domain->first_route].service];
}

void assert_leads(const struct builder_world *world, const char *host, const char *path,
                  const char *service)
{
    struct text there = leads_to(world, host, path);

    if (!text_equal(there, text_of(service)))
        print_error("%s%s leads to \"%.*s\", not \"%s\"\n", host, path, TEXT_ARGS(there), service);
    assert_true(text_equal(there, text_of(service)));
}

const struct quarantined_service *quarantined(const struct builder_world *world,
                                              const char *service)
{
    for (size_t i = 0; i < world->mapping->quarantined_count; i++)
        if (text_equal(world->mapping->quarantined[i].service, text_of(service)))
            return &world->mapping->quarantined[i];
    return NULL;
}

void assert_quarantined(const struct builder_world *world, const char *service, const char *words,
                        bool last_good)
{
    const struct quarantined_service *one = quarantined(world, service);
    char reason[1024];

    assert_non_null(one);
    text_to_buffer(one->reason, reason, sizeof(reason));
    if (!strstr(reason, words))
        print_error("\"%s\" is not in \"%s\"\n", words, reason);
    assert_non_null(strstr(reason, words));
    assert_int_equal(one->last_good, last_good);
}
