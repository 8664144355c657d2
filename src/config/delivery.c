/*
 * What changes on the way, as the file says it: under "defaults" for all, in a domain for itself.
 * A domain that says nothing shares what the defaults have.
 */

#include "entries.h"
#include "section.h"

static void resolve_pages(struct reading *reading, const struct trail *trail,
                          struct delivery_settings *delivery)
{
    struct text_map *pages = &delivery->policy.error_pages;

    for (size_t i = 0; i < pages->count; i++)
        pages->pairs[i].value =
            reading_mounted_path(reading, trail, delivery->place, pages->pairs[i].value, false);
}

void read_auth_route(struct reading *reading, const struct trail *trail,
                     struct delivery_settings *delivery)
{
    const struct forward_auth_settings *auth = &delivery->policy.forward_auth;
    struct trail here = { .parent = trail, .name = TEXT("forward_auth.service") };
    struct route_settings *route;

    delivery->auth = NULL;
    if (!auth->service.len)
        return;
    route = arena_new(&reading->settings->arena, 1, sizeof(*route));
    *route = (struct route_settings){
        .name = TEXT("forward_auth"),
        .path = TEXT("/"),
        .network = auth->network,
        .policy = reading->settings->route_defaults,
        .place = delivery->place,
    };
    route->policy.response_timeout_ms = auth->timeout_ms;
    route->policy.idle_timeout_ms = auth->timeout_ms;
    route->policy.sticky_cookie = TEXT_NONE; /* its cookie would be another service's */
    /* labels of that service are for its own routes */
    route->policy_given = UINT64_MAX;
    read_route_service(reading, &here, auth->service, route);
    delivery->auth = route;
}

void read_default_delivery(struct reading *reading, const struct trail *trail,
                           const struct yaml_node *defaults)
{
    struct delivery_settings *delivery = &reading->settings->delivery;

    if (defaults)
        delivery->place = defaults->key_place;
    resolve_pages(reading, trail, delivery);
}

void read_domain_delivery(struct reading *reading, const struct trail *trail,
                          const struct delivery_reading *read, struct domain_settings *domain)
{
    static const char *const auth_rows[] = { "forward_auth.service", "forward_auth.network",
                                             "forward_auth.path", "forward_auth.timeout", NULL };
    struct delivery_settings *delivery;
    bool own_auth = false;

    if (!read->binding.given && !read->edits.given)
        return;
    delivery = arena_new(&reading->settings->arena, 1, sizeof(*delivery));
    *delivery = read->delivery;
    delivery->place = domain->place;
    if (binding_has(&read->binding, "error_pages"))
        resolve_pages(reading, trail, delivery);
    for (size_t i = 0; auth_rows[i]; i++)
        own_auth = own_auth || binding_has(&read->binding, auth_rows[i]);
    if (own_auth)
        read_auth_route(reading, trail, delivery);
    domain->delivery = delivery;
}
