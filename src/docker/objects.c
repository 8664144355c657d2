/* The Engine's objects, but for services: only the members that somebody asks for leave the JSON.
 */

#include "docker/objects.h"

#include <string.h>

#include "json_read.h"
#include "list.h"

#define ATTACHMENTS_MAX 64
#define SUBNETS_MAX     32

static const char *const state_names[] = {
    [DOCKER_TASK_NEW] = "new",           [DOCKER_TASK_ALLOCATED] = "allocated",
    [DOCKER_TASK_PENDING] = "pending",   [DOCKER_TASK_ASSIGNED] = "assigned",
    [DOCKER_TASK_ACCEPTED] = "accepted", [DOCKER_TASK_PREPARING] = "preparing",
    [DOCKER_TASK_READY] = "ready",       [DOCKER_TASK_STARTING] = "starting",
    [DOCKER_TASK_RUNNING] = "running",   [DOCKER_TASK_COMPLETE] = "complete",
    [DOCKER_TASK_SHUTDOWN] = "shutdown", [DOCKER_TASK_FAILED] = "failed",
    [DOCKER_TASK_REJECTED] = "rejected", [DOCKER_TASK_REMOVE] = "remove",
    [DOCKER_TASK_ORPHANED] = "orphaned", [DOCKER_TASK_UNKNOWN] = "unknown",
};

const char *docker_task_state_name(enum docker_task_state state)
{
    return state_names[state <= DOCKER_TASK_UNKNOWN ? state : DOCKER_TASK_UNKNOWN];
}

static enum docker_task_state state_of(struct text name)
{
    for (int i = 0; i < DOCKER_TASK_UNKNOWN; i++)
        if (text_equal(text_of(state_names[i]), name))
            return (enum docker_task_state)i;
    return DOCKER_TASK_UNKNOWN;
}

/* --- tasks ---------------------------------------------------------------------------------------
 */

/* "10.0.1.5/24": of each attachment the first address. */
static bool read_attachment(const json_t *json, struct arena *arena, struct docker_attachment *into)
{
    const json_t *first = json_array_get(json_object_get(json, "Addresses"), 0);
    struct text written = json_is_string(first)
                              ? text_make(json_string_value(first), json_string_length(first))
                              : TEXT_NONE;

    into->network = arena_text(arena, json_see_text(json_object_get(json, "Network"), "ID"));
    return into->network.len && address_parse_host(text_first(written, text_find(written, '/')), 0,
                                                   &into->address, NULL) == 0;
}

static bool read_task(const json_t *json, struct arena *arena, void *memory)
{
    const json_t *status = json_object_get(json, "Status");
    const json_t *list = json_object_get(json, "NetworksAttachments");
    struct docker_task *task = memory;
    size_t count = json_array_size(list);

    *task = (struct docker_task){
        .id = json_read_text(json, "ID", arena),
        .service = json_read_text(json, "ServiceID", arena),
        .node = json_read_text(json, "NodeID", arena),
        .container =
            json_read_text(json_object_get(status, "ContainerStatus"), "ContainerID", arena),
        .slot = json_read_number(json, "Slot", INT64_MAX),
        .state = state_of(json_see_text(status, "State")),
        .desired = state_of(json_see_text(json, "DesiredState")),
        .state_since_us = docker_time_us(json_see_text(status, "Timestamp")),
    };
    count = count > ATTACHMENTS_MAX ? ATTACHMENTS_MAX : count;
    task->attachments = json_room(list, ATTACHMENTS_MAX, arena, sizeof(*task->attachments));
    for (size_t i = 0; i < count; i++)
        task->attachment_count += read_attachment(json_array_get(list, i), arena,
                                                  &task->attachments[task->attachment_count]);
    return json_is_id(task->id) && json_is_id(task->service);
}

// NOLINTNEXTLINE(readability-function-size): one output more than the house likes
int docker_tasks_decode(struct text json, struct arena *arena, struct docker_task **tasks_out,
                        size_t *count_out, size_t *bad_out, struct err *err)
{
    static const struct list_kind kind = {
        .name = "tasks",
        .bytes = sizeof(struct docker_task),
        .read = read_task,
    };
    struct list_result result;

    if (list_read(&kind, json, arena, &result, err) < 0)
        return -1;
    *tasks_out = result.items;
    *count_out = result.count;
    *bad_out = result.bad;
    return 0;
}

/* --- networks ------------------------------------------------------------------------------------
 */

/* `--opt encrypted` is there with any value; only "false" would be a joke, and is not believed. */
static bool is_encrypted(const json_t *options)
{
    const json_t *option = json_object_get(options, "encrypted");

    return json_is_string(option) && strcmp(json_string_value(option), "false") != 0;
}

static bool read_network(const json_t *json, struct arena *arena, void *memory)
{
    const json_t *options = json_object_get(json, "Options");
    const json_t *subnets = json_read_path(json, "IPAM.Config");
    struct docker_network *network = memory;
    const json_t *one;
    uint64_t mtu = 0;
    size_t i;

    *network = (struct docker_network){
        .id = json_read_text(json, "Id", arena),
        .name = json_read_text(json, "Name", arena),
        .driver = json_read_text(json, "Driver", arena),
        .swarm_scope = text_equal(json_see_text(json, "Scope"), TEXT("swarm")),
        .ingress = json_read_bool(json, "Ingress"),
    };
    network->encrypted = text_equal(network->driver, TEXT("overlay")) && is_encrypted(options);
    if (text_to_u64(json_see_text(options, "com.docker.network.driver.mtu"), &mtu) && mtu < 65536)
        network->mtu = (int64_t)mtu;
    network->subnets = json_room(subnets, SUBNETS_MAX, arena, sizeof(*network->subnets));
    json_array_foreach(subnets, i, one)
    {
        struct text subnet = json_read_text(one, "Subnet", arena);

        if (subnet.len && network->subnet_count < SUBNETS_MAX)
            network->subnets[network->subnet_count++] = subnet;
    }
    return json_is_id(network->id) && network->name.len;
}

// NOLINTNEXTLINE(readability-function-size): one output more than the house likes
int docker_networks_decode(struct text json, struct arena *arena,
                           struct docker_network **networks_out, size_t *count_out, size_t *bad_out,
                           struct err *err)
{
    static const struct list_kind kind = {
        .name = "networks",
        .bytes = sizeof(struct docker_network),
        .read = read_network,
    };
    struct list_result result;

    if (list_read(&kind, json, arena, &result, err) < 0)
        return -1;
    *networks_out = result.items;
    *count_out = result.count;
    *bad_out = result.bad;
    return 0;
}

/* --- nodes ---------------------------------------------------------------------------------------
 */

static bool read_node(const json_t *json, struct arena *arena, void *memory)
{
    const json_t *spec = json_object_get(json, "Spec");
    const json_t *status = json_object_get(json, "Status");
    const json_t *description = json_object_get(json, "Description");
    struct docker_node *node = memory;

    *node = (struct docker_node){
        .id = json_read_text(json, "ID", arena),
        .hostname = json_read_text(description, "Hostname", arena),
        .engine_version =
            json_read_text(json_object_get(description, "Engine"), "EngineVersion", arena),
        .address = json_read_text(status, "Addr", arena),
        .manager = text_equal(json_see_text(spec, "Role"), TEXT("manager")),
        .leader = json_read_bool(json_object_get(json, "ManagerStatus"), "Leader"),
        .ready = text_equal(json_see_text(status, "State"), TEXT("ready")),
        .active = text_equal(json_see_text(spec, "Availability"), TEXT("active")),
    };
    return json_is_id(node->id);
}

// NOLINTNEXTLINE(readability-function-size): one output more than the house likes
int docker_nodes_decode(struct text json, struct arena *arena, struct docker_node **nodes_out,
                        size_t *count_out, size_t *bad_out, struct err *err)
{
    static const struct list_kind kind = {
        .name = "nodes",
        .bytes = sizeof(struct docker_node),
        .read = read_node,
    };
    struct list_result result;

    if (list_read(&kind, json, arena, &result, err) < 0)
        return -1;
    *nodes_out = result.items;
    *count_out = result.count;
    *bad_out = result.bad;
    return 0;
}

bool docker_node_is_joining(const struct docker_node *node)
{
    return !node->engine_version.len && !node->ready;
}

/* --- single objects ------------------------------------------------------------------------------
 */

/* NULL: `err`. */
static json_t *read_object(struct text json, const char *what, struct err *err)
{
    json_t *root = json_read(json, what, err);

    if (root && !json_is_object(root)) {
        json_decref(root);
        err_set(err, "%s: no object", what);
        return NULL;
    }
    return root;
}

int docker_info_decode(struct text json, struct arena *arena, struct docker_info *info_out,
                       struct err *err)
{
    json_t *root = read_object(json, "info", err);
    const json_t *swarm = json_object_get(root, "Swarm");

    if (!root)
        return -1;
    *info_out = (struct docker_info){
        .node_id = json_read_text(swarm, "NodeID", arena),
        .hostname = json_read_text(root, "Name", arena),
        .server_version = json_read_text(root, "ServerVersion", arena),
        .system_time = json_read_text(root, "SystemTime", arena),
        .swarm_state = json_read_text(swarm, "LocalNodeState", arena),
        .swarm_error = json_read_text(swarm, "Error", arena),
        .manager = json_read_bool(swarm, "ControlAvailable"),
    };
    json_decref(root);
    return 0;
}

int docker_version_decode(struct text json, struct arena *arena, struct docker_version *version_out,
                          struct err *err)
{
    json_t *root = read_object(json, "version", err);

    if (!root)
        return -1;
    *version_out = (struct docker_version){
        .engine = json_read_text(root, "Version", arena),
        .api = json_read_text(root, "ApiVersion", arena),
        .min_api = json_read_text(root, "MinAPIVersion", arena),
    };
    json_decref(root);
    return 0;
}

int docker_event_decode(struct text json, struct arena *arena, struct docker_event *event_out,
                        struct err *err)
{
    json_t *root = read_object(json, "event", err);
    const json_t *actor = json_object_get(root, "Actor");
    const json_t *attributes = json_object_get(actor, "Attributes");

    if (!root)
        return -1;
    *event_out = (struct docker_event){
        .type = json_read_text(root, "Type", arena),
        .action = json_read_text(root, "Action", arena),
        .id = json_read_text(actor, "ID", arena),
        .name = json_read_text(attributes, "name", arena),
        .new_state = json_read_text(attributes, "updatestate.new", arena),
        .time_us = (int64_t)(json_read_number(root, "timeNano", INT64_MAX) / 1000),
    };
    if (!event_out->new_state.len)
        event_out->new_state = json_read_text(attributes, "availability.new", arena);
    json_decref(root);
    return 0;
}

/* --- versions ------------------------------------------------------------------------------------
 */

static bool next_number(struct text *rest, uint64_t *number_out)
{
    size_t len = 0;
    bool good;

    while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
        len++;
    good = text_to_u64(text_first(*rest, len), number_out);
    *rest = text_from(*rest, len);
    if (rest->len && rest->at[0] == '.')
        *rest = text_from(*rest, 1);
    return good;
}

bool docker_engine_encrypts(struct text version)
{
    uint64_t major = 0;
    uint64_t minor = 0;
    uint64_t patch = 0;

    if (!next_number(&version, &major) || !next_number(&version, &minor) ||
        !next_number(&version, &patch))
        return false;
    if (major == 20 && minor == 10)
        return patch >= 24;
    if (major == 23 && minor == 0)
        return patch >= 3;
    return major > 23 || (major == 23 && minor > 0);
}
