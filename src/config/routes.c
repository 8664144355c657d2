/*
 * The routes of one domain: which paths go to which service, and how. Services that are only an
 * address are made here, one for each address.
 */

#include <stdio.h>

#include "base/array.h"
#include "entries.h"
#include "mapped_value.h"
#include "model/nearest.h"
#include "section.h"

#define ROUTES_PER_DOMAIN 1000

/* Characters of a path (RFC 3986 section 3.3) without the percent of escapes. */
static bool is_path_char(char c)
{
    char lower = ascii_lower(c);

    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           text_find(TEXT("/-._~!$&'()*+,;=:@"), c) < 18;
}

static int check_segments(struct text path, struct err *err)
{
    struct text segment;
    struct text rest = text_from(path, 1);

    while (rest.len) {
        bool more = text_split(rest, '/', &segment, &rest);

        if (text_equal(segment, TEXT(".")) || text_equal(segment, TEXT("..")))
            return err_set(err,
                           "\"%.*s\" is removed from every request before routes are looked "
                           "for, so it never matches; write the path without it",
                           TEXT_ARGS(segment));
        if (segment.len == 0 && more)
            return err_set(err, "there is nothing between two slashes");
    }
    return 0;
}

int route_path_normalise(struct text *path, struct err *err)
{
    struct text text = *path;

    if (text.len == 0 || text.at[0] != '/')
        return err_set(err, "must begin with /");
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '%')
            return err_set(err, "escapes like %%20 are never decoded for matching, so a route "
                                "cannot have them; end it in front");
        if (text.at[i] == '?' || text.at[i] == '#')
            return err_set(err,
                           "routes match on the path only; write it without what follows "
                           "the %c",
                           text.at[i]);
        if (!is_path_char(text.at[i]))
            return err_set(err, "a path has letters, digits and -._~!$&'()*+,;=:@ between its "
                                "slashes only");
    }
    if (check_segments(text, err) < 0)
        return -1;
    if (text.len > 1 && text.at[text.len - 1] == '/')
        text.len--;
    *path = text;
    return 0;
}

static size_t fixed_service(struct reading *reading, const struct address *address,
                            struct source_place place)
{
    struct settings *settings = reading->settings;
    struct service_settings *service;
    char name[ADDRESS_TEXT_BYTES];
    struct text shown = text_make(name, address_print(address, name));
    size_t index = 0;

    if (string_map_get(&reading->service_names, shown, &index))
        return index;
    index = settings->service_count;
    service = ARRAY_PUSH(settings->services, settings->service_count, settings->service_capacity);
    *service = (struct service_settings){
        .name = arena_text(&settings->arena, shown),
        .servers = arena_new(&settings->arena, 1, sizeof(*service->servers)),
        .server_count = 1,
        .policy = settings->service_defaults,
        .place = place,
    };
    service->servers[0] =
        (struct server_settings){ .address = *address, .weight = 1, .place = place };
    string_map_put(&reading->service_names, service->name, index);
    return index;
}

static void unknown_service(struct reading *reading, const struct trail *trail,
                            struct source_place place, struct text name)
{
    const struct settings *settings = reading->settings;
    struct nearest nearest;

    nearest_start(&nearest, name);
    if (!reading_is_hopeless(reading))
        for (size_t i = 0; i < settings->service_count; i++)
            nearest_offer(&nearest, settings->services[i].name);
    if (nearest.best.len)
        reading_error(reading, trail, place,
                      "no service \"%.*s\" under services; did you mean \"%.*s\"?", TEXT_ARGS(name),
                      TEXT_ARGS(nearest.best));
    else if (text_equal(name, TEXT("localhost")))
        reading_error(reading, trail, place,
                      "\"localhost\" is not looked up; write 127.0.0.1 or [::1] with the port");
    else
        reading_error(reading, trail, place,
                      "no service \"%.*s\" under services; add services: { %.*s: { servers: "
                      "[\"127.0.0.1:8080\"] } }, or docker: {} to look it up in Swarm",
                      TEXT_ARGS(name), TEXT_ARGS(name));
}

/* A name that is not under `services` is looked up in Swarm. */
static size_t swarm_service(struct reading *reading, struct text name, struct source_place place)
{
    struct settings *settings = reading->settings;
    struct service_settings *service =
        ARRAY_PUSH(settings->services, settings->service_count, settings->service_capacity);

    *service = (struct service_settings){
        .name = arena_text(&settings->arena, name),
        .in_swarm = true,
        .policy = settings->service_defaults,
        .place = place,
    };
    settings->docker_given = true;
    string_map_put(&reading->service_names, service->name, settings->service_count - 1);
    return settings->service_count - 1;
}

/* The servers of the file have their ports; one that is given must be theirs. */
static void check_port(struct reading *reading, const struct trail *trail,
                       const struct route_settings *route)
{
    const struct service_settings *service = &reading->settings->services[route->service_index];

    if (!service->in_swarm && route->network.len)
        reading_error(reading, trail, route->place,
                      "\"%.*s\" has fixed servers, so no network; remove it",
                      TEXT_ARGS(service->name));
    if (route->port == 0)
        return;
    for (size_t i = 0; i < service->server_count; i++) {
        uint16_t port = address_port(&service->servers[i].address);

        if (port == route->port)
            continue;
        reading_error(reading, trail, route->place,
                      "the servers of \"%.*s\" have ports of their own, in line %u it is %u and "
                      "not %lld; leave the port out",
                      TEXT_ARGS(service->name), service->servers[i].place.line, (unsigned)port,
                      (long long)route->port);
        return;
    }
}

/* From what was written to an index. `route->port` has the port that was written apart from it. */
void read_route_service(struct reading *reading, const struct trail *trail, struct text written,
                        struct route_settings *route)
{
    struct mapped_value value;
    struct err err;
    bool two_ports;

    if (mapped_value_parse(written, &value, &err) < 0) {
        reading_error(reading, trail, route->place, "%s", err.text);
        return;
    }
    two_ports = route->port && (value.port || value.is_address);
    if (two_ports)
        reading_error(reading, trail, route->place,
                      "the port is there twice, in \"%.*s\" and as %lld; remove one",
                      TEXT_ARGS(written), (long long)route->port);
    if (value.is_address)
        route->service_index = fixed_service(reading, &value.address, route->place);
    else if (!string_map_get(&reading->service_names, value.name, &route->service_index)) {
        if (reading->only_fixed || text_equal(value.name, TEXT("localhost"))) {
            unknown_service(reading, trail, route->place, value.name);
            return;
        }
        route->service_index = swarm_service(reading, value.name, route->place);
    }
    if (value.port)
        route->port = value.port;
    if (!two_ports)
        check_port(reading, trail, route);
    route->service = reading->settings->services[route->service_index].name;
}

static void check_against(struct reading *reading, const struct trail *trail,
                          const struct route_settings *route, const struct route_settings *other)
{
    if (text_equal(route->name, other->name))
        reading_error(reading, trail, route->place,
                      "the name \"%.*s\" is there twice, the first time in line %u; choose "
                      "another name",
                      TEXT_ARGS(route->name), other->place.line);
    else if (text_equal(route->path, other->path) && route->priority == other->priority)
        reading_error(reading, trail, route->place,
                      "the path %.*s is there twice with the same priority, the first time in "
                      "line %u; remove one",
                      TEXT_ARGS(route->path), other->place.line);
}

static void read_route(struct reading *reading, const struct trail *trail,
                       const struct yaml_node *node, struct domain_settings *domain)
{
    struct route_settings *route = &domain->routes[domain->route_count];
    struct binding bindings[] = {
        { .table = &route_entry, .target = route },
        { .table = &route_fields, .target = &route->policy },
    };
    struct section section = {
        .trail = trail,
        .bindings = bindings,
        .binding_count = 2,
        .elsewhere = &service_fields,
        .elsewhere_hint = "belongs to a service; write it under services or defaults",
    };
    const struct yaml_node *service = yaml_find(node, "service");
    const struct yaml_node *path = yaml_find(node, "path");
    struct err err;

    *route = (struct route_settings){
        .path = TEXT("/"),
        .policy = reading->settings->route_defaults,
        .place = node->place,
    };
    section_read(reading, &section, node);
    route->policy_given = bindings[1].given;
    if (node->kind != YAML_MAPPING)
        return;
    if (path && path->kind == YAML_SCALAR && route_path_normalise(&route->path, &err) < 0)
        reading_error(reading, trail, path->place, "%s", err.text);
    if (service && service->kind == YAML_SCALAR) {
        route->place = service->place;
        read_route_service(reading, trail, service->text, route);
        route->place = node->place;
    }
    if (route->name.len == 0)
        route->name = route->path;
    for (size_t i = 0; i < domain->route_count; i++)
        check_against(reading, trail, route, &domain->routes[i]);
    domain->route_count++;
}

void read_routes(struct reading *reading, const struct trail *trail, const struct yaml_node *list,
                 struct domain_settings *domain)
{
    struct trail here = { .parent = trail, .name = TEXT("routes") };

    if (!reading_expects(reading, &here, list, YAML_SEQUENCE))
        return;
    if (list->count == 0)
        reading_error(reading, &here, list->place, "must not be empty");
    if (list->count > ROUTES_PER_DOMAIN) {
        reading_error(reading, &here, list->place, "more than %d routes", ROUTES_PER_DOMAIN);
        return;
    }
    domain->routes = arena_new(&reading->settings->arena, list->count, sizeof(*domain->routes));
    for (const struct yaml_node *node = list->first; node; node = node->next)
        read_route(reading, &here, node, domain);
}

void read_short_route(struct reading *reading, const struct trail *trail,
                      const struct yaml_node *value, struct domain_settings *domain)
{
    struct route_settings *route = arena_new(&reading->settings->arena, 1, sizeof(*route));

    *route = (struct route_settings){
        .name = TEXT("/"),
        .path = TEXT("/"),
        .policy = reading->settings->route_defaults,
        .place = value->place,
    };
    domain->routes = route;
    domain->route_count = 1;
    read_route_service(reading, trail, value->text, route);
}
