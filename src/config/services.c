/* The section "services": names for fixed servers, and what the file says of services in Swarm. */

#include "base/array.h"
#include "entries.h"
#include "model/text_check.h"
#include "section.h"

#define SERVERS_PER_SERVICE 1024
#define SERVICE_NAME_BYTES  63

static void check_twice(struct reading *reading, const struct trail *trail,
                        const struct service_settings *service)
{
    const struct server_settings *last = &service->servers[service->server_count - 1];

    for (const struct server_settings *other = service->servers; other < last; other++)
        if (address_equal(&other->address, &last->address))
            reading_error(reading, trail, last->place,
                          "the same address is there twice, the first time in line %u; give one "
                          "a weight instead",
                          other->place.line);
}

/* "127.0.0.1:3000", or { address: ..., weight: 2 } */
static void read_server(struct reading *reading, const struct trail *trail,
                        const struct yaml_node *node, struct service_settings *service)
{
    struct server_settings *server = &service->servers[service->server_count];
    struct binding binding = { .table = &server_entry, .target = server };
    struct section section = { .trail = trail, .bindings = &binding, .binding_count = 1 };
    size_t errors = reading->problems->error_count;
    struct err err;

    *server = (struct server_settings){ .weight = 1, .place = node->place };
    if (node->kind != YAML_SCALAR)
        section_read(reading, &section, node);
    else if (address_parse(node->text, &server->address, &err) < 0)
        reading_error(reading, trail, node->place, "%s", err.text);
    if (reading->problems->error_count > errors)
        return;
    service->server_count++;
    check_twice(reading, trail, service);
}

static void read_servers(struct reading *reading, const struct trail *trail,
                         const struct yaml_node *service_node, struct service_settings *service)
{
    const struct yaml_node *list = yaml_find(service_node, "servers");
    struct trail here = { .parent = trail, .name = TEXT("servers") };

    if (!list && reading->docker_written) {
        service->in_swarm = true;
        return;
    }
    if (!list) {
        reading_error(reading, trail, service_node->place,
                      "has no servers; write servers: [\"127.0.0.1:3000\"], or docker: {} when it "
                      "is a service in Swarm");
        return;
    }
    reading->only_fixed = !reading->docker_written;
    if (!reading_expects(reading, &here, list, YAML_SEQUENCE))
        return;
    if (list->count == 0)
        reading_error(reading, &here, list->place, "must not be empty");
    if (list->count > SERVERS_PER_SERVICE) {
        reading_error(reading, &here, list->place, "more than %d servers", SERVERS_PER_SERVICE);
        return;
    }
    service->servers = arena_new(&reading->settings->arena, list->count, sizeof(*service->servers));
    for (const struct yaml_node *node = list->first; node; node = node->next)
        read_server(reading, &here, node, service);
}

static void check_service_name(struct reading *reading, const struct trail *trail,
                               const struct yaml_node *node)
{
    struct err err;

    if (node->key.len == 0 || node->key.len > SERVICE_NAME_BYTES)
        reading_error(reading, trail, node->key_place, "the name of a service has 1 to %d letters",
                      SERVICE_NAME_BYTES);
    else if (address_is_literal(node->key))
        reading_error(reading, trail, node->key_place,
                      "an IP address is no name for a service; addresses go under servers");
    else if (text_check_name(node->key, &err) < 0)
        reading_error(reading, trail, node->key_place, "%s", err.text);
}

static void read_service(struct reading *reading, const struct trail *trail,
                         const struct yaml_node *node)
{
    static const char *const others[] = { "servers", NULL };
    struct settings *settings = reading->settings;
    struct trail here = { .parent = trail, .name = node->key };
    struct service_settings *service =
        ARRAY_PUSH(settings->services, settings->service_count, settings->service_capacity);
    struct binding binding = { .table = &service_fields, .target = &service->policy };
    struct section section = {
        .trail = &here,
        .bindings = &binding,
        .binding_count = 1,
        .others = others,
        .elsewhere = &route_fields,
        .elsewhere_hint = "belongs to a route; write it in the route or under defaults",
    };

    *service = (struct service_settings){
        .name = arena_text(&settings->arena, node->key),
        .policy = settings->service_defaults,
        .place = node->key_place,
    };
    check_service_name(reading, trail, node);
    string_map_put(&reading->service_names, service->name, settings->service_count - 1);
    if (node->kind == YAML_SEQUENCE) {
        reading_error(reading, &here, node->place, "must be a mapping; write { servers: [...] }");
        return;
    }
    section_read(reading, &section, node);
    service->policy_given = binding.given;
    if (node->kind == YAML_MAPPING)
        read_servers(reading, &here, node, service);
}

void read_services(struct reading *reading, const struct yaml_node *node)
{
    static const struct trail trail = { .name = { "services", 8 } };

    if (!node || !reading_expects(reading, &trail, node, YAML_MAPPING))
        return;
    for (const struct yaml_node *service = node->first; service; service = service->next)
        read_service(reading, &trail, service);
}
