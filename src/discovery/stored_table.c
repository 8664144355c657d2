/* View <-> JSON file. What is read is checked like anything else that comes from outside. */

#include "stored_table.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

#define FORMAT       1
#define SERVICES_MAX 65536
#define TASKS_MAX    16384
#define ITEMS_MAX    1024

/* --- writing -------------------------------------------------------------------------------------
 */

static void put_text(json_t *object, const char *name, struct text text)
{
    json_object_set_new(object, name, json_stringn(text.at ? text.at : "", text.len));
}

static json_t *network_json(const struct swarm_network *network)
{
    json_t *object = json_object();
    json_t *subnets = json_array();

    put_text(object, "id", network->id);
    put_text(object, "name", network->name);
    json_object_set_new(object, "shared", json_boolean(network->shared));
    json_object_set_new(object, "encrypted", json_boolean(network->encrypted));
    json_object_set_new(object, "ingress", json_boolean(network->ingress));
    for (size_t i = 0; i < network->subnet_count; i++)
        json_array_append_new(subnets,
                              json_stringn(network->subnets[i].at, network->subnets[i].len));
    json_object_set_new(object, "subnets", subnets);
    return object;
}

static json_t *task_json(const struct swarm_task *task)
{
    json_t *object = json_object();
    json_t *addresses = json_array();

    put_text(object, "id", task->id);
    put_text(object, "name", task->name);
    for (size_t i = 0; i < task->address_count; i++) {
        char text[ADDRESS_TEXT_BYTES];
        json_t *address;

        if (task->addresses[i].membership != SWARM_USABLE ||
            task->addresses[i].network == SWARM_NETWORK_UNKNOWN)
            continue;
        address = json_object();
        address_print_host(&task->addresses[i].address, text);
        json_object_set_new(address, "network",
                            json_integer((json_int_t)task->addresses[i].network));
        json_object_set_new(address, "address", json_string(text));
        json_array_append_new(addresses, address);
    }
    json_object_set_new(object, "addresses", addresses);
    return object;
}

static json_t *vip_json(const struct swarm_vip *vip)
{
    json_t *object = json_object();
    char text[ADDRESS_TEXT_BYTES];

    address_print_host(&vip->address, text);
    json_object_set_new(object, "network", json_integer((json_int_t)vip->network));
    json_object_set_new(object, "address", json_string(text));
    return object;
}

static json_t *service_json(const struct swarm_service *service)
{
    json_t *object = json_object();
    json_t *labels = json_object();
    json_t *networks = json_array();
    json_t *vips = json_array();
    json_t *tasks = json_array();

    put_text(object, "id", service->id);
    put_text(object, "name", service->name);
    put_text(object, "stack", service->stack);
    json_object_set_new(object, "created_us", json_integer(service->created_us));
    for (size_t i = 0; i < service->label_count; i++) {
        char *name = text_to_heap(service->labels[i].name);

        put_text(labels, name, service->labels[i].value);
        free(name);
    }
    for (size_t i = 0; i < service->network_count; i++)
        json_array_append_new(networks, json_integer((json_int_t)service->networks[i]));
    for (size_t i = 0; i < service->vip_count; i++)
        json_array_append_new(vips, vip_json(&service->vips[i]));
    for (size_t i = 0; i < service->task_count; i++)
        if (service->tasks[i].id.len)
            json_array_append_new(tasks, task_json(&service->tasks[i]));
    json_object_set_new(object, "labels", labels);
    json_object_set_new(object, "networks", networks);
    json_object_set_new(object, "vips", vips);
    json_object_set_new(object, "tasks", tasks);
    return object;
}

static json_t *swarm_json(const struct swarm *swarm)
{
    json_t *root = json_object();
    json_t *networks = json_array();
    json_t *services = json_array();

    json_object_set_new(root, "format", json_integer(FORMAT));
    json_object_set_new(root, "engines_encrypt", json_boolean(swarm->engines_encrypt));
    put_text(root, "engines_why", swarm->engines_why);
    for (size_t i = 0; i < swarm->network_count; i++)
        json_array_append_new(networks, network_json(&swarm->networks[i]));
    for (size_t i = 0; i < swarm->service_count; i++)
        if (swarm->services[i].id.len)
            json_array_append_new(services, service_json(&swarm->services[i]));
    json_object_set_new(root, "networks", networks);
    json_object_set_new(root, "services", services);
    return root;
}

int stored_table_write(const char *path, const struct swarm *swarm, struct err *err)
{
    json_t *root = swarm_json(swarm);
    char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    int status;

    json_decref(root);
    if (!text)
        return err_set(err, "%s: a name in it is no UTF-8", path);
    status = file_write(path, text, strlen(text), 0600, err);
    free(text);
    return status;
}

/* --- reading -------------------------------------------------------------------------------------
 */

struct reader {
    struct swarm *swarm;
    bool bad; /* of what is being read: the table, or one service */
};

static struct text get_text(struct reader *reader, const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);

    if (!json_is_string(member)) {
        reader->bad = true;
        return TEXT_NONE;
    }
    return arena_text(&reader->swarm->arena,
                      text_make(json_string_value(member), json_string_length(member)));
}

/* An index into the networks. */
static uint32_t get_network(struct reader *reader, const json_t *number)
{
    json_int_t value = json_is_integer(number) ? json_integer_value(number) : -1;

    if (value < 0 || (size_t)value >= reader->swarm->network_count) {
        reader->bad = true;
        return 0;
    }
    return (uint32_t)value;
}

static size_t get_count(struct reader *reader, const json_t *array, size_t most)
{
    size_t count = json_array_size(array);

    if (!json_is_array(array) || count > most) {
        reader->bad = true;
        return 0;
    }
    return count;
}

static void read_network(struct reader *reader, const json_t *json, struct swarm_network *network)
{
    const json_t *subnets = json_object_get(json, "subnets");
    size_t count = get_count(reader, subnets, ITEMS_MAX);

    network->id = get_text(reader, json, "id");
    network->name = get_text(reader, json, "name");
    network->shared = json_is_true(json_object_get(json, "shared"));
    network->encrypted = json_is_true(json_object_get(json, "encrypted"));
    network->ingress = json_is_true(json_object_get(json, "ingress"));
    network->subnets = arena_new(&reader->swarm->arena, count + 1, sizeof(*network->subnets));
    for (size_t i = 0; i < count; i++) {
        const json_t *subnet = json_array_get(subnets, i);

        if (json_is_string(subnet))
            network->subnets[network->subnet_count++] =
                arena_text(&reader->swarm->arena,
                           text_make(json_string_value(subnet), json_string_length(subnet)));
    }
}

static void get_address(struct reader *reader, const json_t *json, struct address *address)
{
    const json_t *written = json_object_get(json, "address");

    if (!json_is_string(written) ||
        address_parse_host(text_make(json_string_value(written), json_string_length(written)), 0,
                           address, NULL) < 0)
        reader->bad = true;
}

static void read_address(struct reader *reader, const json_t *json, struct swarm_address *address)
{
    address->network = get_network(reader, json_object_get(json, "network"));
    address->membership = SWARM_USABLE;
    get_address(reader, json, &address->address);
}

static void read_task(struct reader *reader, const json_t *json, struct swarm_task *task)
{
    const json_t *addresses = json_object_get(json, "addresses");
    size_t count = get_count(reader, addresses, ITEMS_MAX);

    task->id = get_text(reader, json, "id");
    task->name = get_text(reader, json, "name");
    task->state = "stored";
    task->addresses = arena_new(&reader->swarm->arena, count + 1, sizeof(*task->addresses));
    task->address_count = count;
    for (size_t i = 0; i < count; i++)
        read_address(reader, json_array_get(addresses, i), &task->addresses[i]);
}

static void read_labels(struct reader *reader, json_t *labels, struct swarm_service *service)
{
    struct arena *arena = &reader->swarm->arena;
    const char *name;
    json_t *value;

    if (!json_is_object(labels) || json_object_size(labels) > ITEMS_MAX) {
        reader->bad = true;
        return;
    }
    service->labels = arena_new(arena, json_object_size(labels) + 1, sizeof(*service->labels));
    json_object_foreach(labels, name, value)
    {
        if (json_is_string(value))
            service->labels[service->label_count++] = (struct docker_label){
                .name = arena_text(arena, text_of(name)),
                .value = arena_text(arena,
                                    text_make(json_string_value(value), json_string_length(value))),
            };
    }
}

/* Tables of earlier versions have none. */
static void read_vips(struct reader *reader, const json_t *vips, struct swarm_service *service)
{
    size_t count = vips ? get_count(reader, vips, ITEMS_MAX) : 0;

    service->vips = arena_new(&reader->swarm->arena, count + 1, sizeof(*service->vips));
    service->vip_count = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *vip = json_array_get(vips, i);

        service->vips[i].network = get_network(reader, json_object_get(vip, "network"));
        get_address(reader, vip, &service->vips[i].address);
    }
}

static void read_service(struct reader *reader, const json_t *json, struct swarm_service *service)
{
    struct arena *arena = &reader->swarm->arena;
    const json_t *networks = json_object_get(json, "networks");
    const json_t *tasks = json_object_get(json, "tasks");
    size_t network_count = get_count(reader, networks, ITEMS_MAX);
    size_t task_count = get_count(reader, tasks, TASKS_MAX);

    service->id = get_text(reader, json, "id");
    service->name = get_text(reader, json, "name");
    service->stack = get_text(reader, json, "stack");
    service->created_us = json_integer_value(json_object_get(json, "created_us"));
    read_labels(reader, json_object_get(json, "labels"), service);
    service->networks = arena_new(arena, network_count + 1, sizeof(*service->networks));
    service->network_count = network_count;
    for (size_t i = 0; i < network_count; i++)
        service->networks[i] = get_network(reader, json_array_get(networks, i));
    read_vips(reader, json_object_get(json, "vips"), service);
    service->tasks = arena_new(arena, task_count + 1, sizeof(*service->tasks));
    service->task_count = task_count;
    for (size_t i = 0; i < task_count; i++)
        read_task(reader, json_array_get(tasks, i), &service->tasks[i]);
    if (!service->id.len || !service->name.len)
        reader->bad = true;
}

/* One that cannot be read must not take the others along. Returns how many are left out. */
static size_t read_services(struct reader *reader, const json_t *services, size_t count)
{
    struct swarm *swarm = reader->swarm;

    swarm->services = arena_new(&swarm->arena, count + 1, sizeof(*swarm->services));
    for (size_t i = 0; i < count && !reader->bad; i++) {
        struct swarm_service service = { 0 };

        read_service(reader, json_array_get(services, i), &service);
        if (!reader->bad) {
            string_map_put(&swarm->by_name, service.name, swarm->service_count);
            swarm->services[swarm->service_count++] = service;
        }
        reader->bad = false;
    }
    return count - swarm->service_count;
}

/* Returns how many services are left out. */
static size_t read_swarm(struct reader *reader, const json_t *root)
{
    struct swarm *swarm = reader->swarm;
    const json_t *networks = json_object_get(root, "networks");
    const json_t *services = json_object_get(root, "services");
    size_t network_count = get_count(reader, networks, SERVICES_MAX);
    size_t service_count = get_count(reader, services, SERVICES_MAX);

    swarm->engines_encrypt = json_is_true(json_object_get(root, "engines_encrypt"));
    swarm->engines_why = get_text(reader, root, "engines_why");
    swarm->networks = arena_new(&swarm->arena, network_count + 1, sizeof(*swarm->networks));
    swarm->network_count = network_count;
    for (size_t i = 0; i < network_count; i++)
        read_network(reader, json_array_get(networks, i), &swarm->networks[i]);
    return read_services(reader, services, service_count);
}

static void say_left_out(size_t count, struct err *err)
{
    if (count)
        err_set(err, "%zu of its services cannot be read and are left out", count);
    else if (err)
        err->text[0] = '\0';
}

struct swarm *stored_table_decode(struct text json, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(json.at ? json.at : "", json.len, JSON_ALLOW_NUL, &error);
    struct reader reader = { 0 };
    size_t left_out = 0;

    if (!root) {
        err_set(err, "no valid JSON, byte %d", error.position);
        return NULL;
    }
    reader.swarm = memory_new(sizeof(*reader.swarm));
    reader.swarm->references = 1;
    reader.swarm->stale = true;
    reader.bad = json_integer_value(json_object_get(root, "format")) != FORMAT;
    if (!reader.bad)
        left_out = read_swarm(&reader, root);
    json_decref(root);
    if (!reader.bad) {
        say_left_out(left_out, err);
        return reader.swarm;
    }
    swarm_unref(reader.swarm);
    err_set(err, "it is no table of this version");
    return NULL;
}

struct swarm *stored_table_read(const char *path, bool *missing_out, struct err *err)
{
    struct swarm *swarm;
    char *text = NULL;
    size_t len = 0;
    struct stat info;

    *missing_out = stat(path, &info) < 0 && errno == ENOENT;
    if (*missing_out || file_read(path, STORED_TABLE_BYTES, &text, &len, err) < 0)
        return NULL;
    swarm = stored_table_decode(text_make(text, len), err);
    if (err->text[0])
        err_prefix(err, "%s", path);
    free(text);
    return swarm;
}
