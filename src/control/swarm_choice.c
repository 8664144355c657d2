/*
 * What may be published while the swarm is not known. Called by loader.c for every mapping.
 */

#include "swarm_choice.h"

#include <stdio.h>

#include "mapping.h"
#include "snapshot_facts.h"

struct swarm *swarm_choose(const struct control *control, const struct swarm_link *link,
                           enum swarm_choice *choice_out)
{
    const struct loader *loader = &control->loader;
    /* a link beside the one in use knows nothing of what that one has seen */
    bool held = loader->held || (control->link && link != control->link);

    *choice_out = SWARM_AS_SEEN;
    if (!link)
        return NULL;
    if (!held || !control->snapshot || swarm_link_is_known(link))
        return swarm_link_swarm(link);
    if (loader->mapping && loader->mapping->swarm) {
        *choice_out = SWARM_OF_BEFORE;
        return loader->mapping->swarm;
    }
    *choice_out = SWARM_UNSURE;
    return swarm_link_swarm(link);
}

/* --- is anything lost? ---------------------------------------------------------------------------
 */

static bool answers(const struct snapshot *snapshot, const struct snapshot_route *route)
{
    const struct snapshot_service *service = &snapshot->services[route->service];

    return service->refusal == SERVICE_SERVED && service->endpoint_count > 0;
}

static const struct snapshot_domain *same_domain(const struct snapshot *snapshot,
                                                 const struct snapshot_domain *domain)
{
    const struct string_map *names = domain->wildcard ? &snapshot->wildcard : &snapshot->exact;
    size_t at;

    return string_map_get(names, domain->name, &at) ? &snapshot->domains[at] : NULL;
}

static const struct snapshot_route *same_route(const struct snapshot *snapshot,
                                               const struct snapshot_domain *domain,
                                               const struct snapshot_route *route)
{
    for (uint32_t i = 0; domain && i < domain->route_count; i++) {
        const struct snapshot_route *other = &snapshot->routes[domain->first_route + i];

        if (other->priority == route->priority && text_equal(other->path, route->path))
            return other;
    }
    return NULL;
}

static bool file_has_host(const struct domain_settings *domain, struct text host)
{
    if (text_equal(domain->name, host))
        return true;
    for (size_t i = 0; i < domain->alias_count; i++)
        if (text_equal(domain->aliases[i], host))
            return true;
    return false;
}

static bool file_has_route(const struct settings *file, struct text host,
                           const struct snapshot_route *route)
{
    for (size_t i = 0; file && i < file->domain_count; i++) {
        const struct domain_settings *domain = &file->domains[i];

        if (!file_has_host(domain, host))
            continue;
        for (size_t j = 0; j < domain->route_count; j++)
            if (domain->routes[j].priority == route->priority &&
                text_equal(domain->routes[j].path, route->path))
                return true;
    }
    return false;
}

bool swarm_loses(const struct snapshot *served, const struct snapshot *next,
                 const struct settings *dropped, char lost_out[LOST_BYTES])
{
    for (uint32_t i = 0; i < served->domain_count; i++) {
        const struct snapshot_domain *domain = &served->domains[i];
        const struct snapshot_domain *other = same_domain(next, domain);
        char name[256];
        struct text host = snapshot_domain_name(domain, name);

        for (uint32_t j = 0; j < domain->route_count; j++) {
            const struct snapshot_route *route = &served->routes[domain->first_route + j];
            const struct snapshot_route *there = same_route(next, other, route);

            if (there ? answers(next, there) || !answers(served, route)
                      : file_has_route(dropped, host, route))
                continue;
            snprintf(lost_out, LOST_BYTES, "%.*s%.*s", TEXT_ARGS(host),
                     TEXT_ARGS(text_first(route->path, 100)));
            return true;
        }
    }
    return false;
}
