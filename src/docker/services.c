/* Services of the Engine, which have the most of what is kept. The other objects are objects.c. */

#include "docker/objects.h"
#include "json_read.h"
#include "list.h"

#define NETWORKS_MAX 64
#define PORTS_MAX    256

static struct docker_label *read_labels(json_t *labels, struct arena *arena, size_t *count_out)
{
    size_t count = json_object_size(labels);
    struct docker_label *list = arena_new(arena, count + 1, sizeof(*list));
    size_t used = 0;
    const char *name;
    json_t *value;

    json_object_foreach(labels, name, value)
    {
        if (json_is_string(value))
            list[used++] = (struct docker_label){
                .name = arena_text(arena, text_of(name)),
                .value = arena_text(arena,
                                    text_make(json_string_value(value), json_string_length(value))),
            };
    }
    *count_out = used;
    return list;
}

static void read_networks(const json_t *service, struct arena *arena, struct docker_service *into)
{
    const json_t *list = json_read_path(service, "Spec.TaskTemplate.Networks");
    const json_t *one;
    size_t i;

    if (!json_array_size(list)) /* before Engine 1.12.3 they were here */
        list = json_read_path(service, "Spec.Networks");
    into->networks = json_room(list, NETWORKS_MAX, arena, sizeof(*into->networks));
    json_array_foreach(list, i, one)
    {
        struct text target = json_read_text(one, "Target", arena);

        if (target.len && into->network_count < NETWORKS_MAX)
            into->networks[into->network_count++] = target;
    }
}

/* "10.0.1.5/24", without a port. */
static bool read_address(struct text written, struct address *address_out)
{
    return address_parse_host(text_first(written, text_find(written, '/')), 0, address_out, NULL) ==
           0;
}

static void read_vips(const json_t *service, struct arena *arena, struct docker_service *into)
{
    const json_t *list = json_read_path(service, "Endpoint.VirtualIPs");
    const json_t *one;
    size_t i;

    into->vips = json_room(list, NETWORKS_MAX, arena, sizeof(*into->vips));
    json_array_foreach(list, i, one)
    {
        struct docker_vip vip = { .network = json_read_text(one, "NetworkID", arena) };

        if (vip.network.len && into->vip_count < NETWORKS_MAX &&
            read_address(json_see_text(one, "Addr"), &vip.address))
            into->vips[into->vip_count++] = vip;
    }
}

static void read_ports(const json_t *service, struct arena *arena, struct docker_service *into)
{
    const json_t *list = json_read_path(service, "Endpoint.Ports");
    const json_t *one;
    size_t i;

    if (!json_array_size(list))
        list = json_read_path(service, "Spec.EndpointSpec.Ports");
    into->ports = json_room(list, PORTS_MAX, arena, sizeof(*into->ports));
    json_array_foreach(list, i, one)
    {
        if (into->port_count < PORTS_MAX)
            into->ports[into->port_count++] = (struct docker_port){
                .published = (uint16_t)json_read_number(one, "PublishedPort", 65535),
                .target = (uint16_t)json_read_number(one, "TargetPort", 65535),
                .host_mode = text_equal(json_see_text(one, "PublishMode"), TEXT("host")),
                .udp = text_equal(json_see_text(one, "Protocol"), TEXT("udp")),
            };
    }
}

static enum docker_update read_update(const json_t *service)
{
    struct text state = json_see_text(json_object_get(service, "UpdateStatus"), "State");

    if (text_equal(state, TEXT("updating")) || text_equal(state, TEXT("rollback_started")))
        return DOCKER_UPDATE_RUNS;
    if (text_equal(state, TEXT("paused")) || text_equal(state, TEXT("rollback_paused")))
        return DOCKER_UPDATE_PAUSED;
    return DOCKER_UPDATE_NONE;
}

static const char *problem_of(const struct docker_service *service, const json_t *labels)
{
    if (!service->name.len)
        return "it has no name";
    if (json_object_size(labels) > DOCKER_LABELS_MAX)
        return "it has more than 65536 labels";
    return NULL;
}

/* False: nobody can say which one it is. */
static bool read_service(const json_t *json, struct arena *arena, void *memory)
{
    const json_t *spec = json_object_get(json, "Spec");
    json_t *labels = json_object_get(spec, "Labels");
    struct docker_service *into = memory;

    *into = (struct docker_service){
        .id = json_read_text(json, "ID", arena),
        .name = json_read_text(spec, "Name", arena),
        .version = json_read_number(json_object_get(json, "Version"), "Index", INT64_MAX),
        .created_us = docker_time_us(json_see_text(json, "CreatedAt")),
        .update = read_update(json),
        .global = json_read_path(spec, "Mode.Global") != NULL,
        .replicas = json_read_number(json_read_path(spec, "Mode.Replicated"), "Replicas", 1000000),
        .dns_round_robin =
            text_equal(json_see_text(json_object_get(spec, "EndpointSpec"), "Mode"), TEXT("dnsrr")),
    };
    if (!json_is_id(into->id))
        return false;
    into->problem = problem_of(into, labels);
    if (into->problem)
        return true;
    into->labels = read_labels(labels, arena, &into->label_count);
    read_networks(json, arena, into);
    read_vips(json, arena, into);
    read_ports(json, arena, into);
    return true;
}

static bool skip_word(struct text *rest, struct text word)
{
    *rest = text_trim(*rest);
    if (!text_starts(*rest, word))
        return false;
    *rest = text_from(*rest, word.len);
    return true;
}

/* The Engine writes the ID first. */
static bool salvage_service(struct text bytes, struct arena *arena, void *memory)
{
    struct docker_service *into = memory;
    struct text rest = bytes;
    struct text id;

    if (!skip_word(&rest, TEXT("{")) || !skip_word(&rest, TEXT("\"ID\"")) ||
        !skip_word(&rest, TEXT(":")) || !skip_word(&rest, TEXT("\"")))
        return false;
    id = text_first(rest, text_find(rest, '"'));
    if (!json_is_id(id) || text_find(id, '\\') < id.len)
        return false;
    *into = (struct docker_service){
        .problem = "it is no JSON that can be read",
        .id = arena_text(arena, id),
    };
    return true;
}

// NOLINTNEXTLINE(readability-function-size): one output more than the house likes
int docker_services_decode(struct text json, struct arena *arena,
                           struct docker_service **services_out, size_t *count_out, size_t *bad_out,
                           struct err *err)
{
    static const struct list_kind kind = {
        .name = "services",
        .bytes = sizeof(struct docker_service),
        .read = read_service,
        .salvage = salvage_service,
    };
    struct list_result result;

    if (list_read(&kind, json, arena, &result, err) < 0)
        return -1;
    *services_out = result.items;
    *count_out = result.count;
    *bad_out = result.bad;
    return 0;
}
