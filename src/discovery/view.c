/*
 * What is known -> the view that control maps from: for every address whether it may be used. Made
 * again when something was heard; handed out only when it differs.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "claims.h"
#include "discovery_private.h"
#include "membership.h"

struct viewer {
    /* borrowed */
    struct discovery *discovery;
    struct swarm *swarm;
    int64_t now_ms;
    struct claims claims; /* owned */
};

static struct text copy(struct viewer *viewer, struct text text)
{
    return arena_text(&viewer->swarm->arena, text);
}

/* --- networks ------------------------------------------------------------------------------------
 */

static void view_networks(struct viewer *viewer)
{
    const struct discovery *discovery = viewer->discovery;
    struct swarm *swarm = viewer->swarm;

    swarm->networks =
        arena_new(&swarm->arena, discovery->network_count + 1, sizeof(*swarm->networks));
    swarm->network_count = discovery->network_count;
    for (size_t i = 0; i < swarm->network_count; i++) {
        const struct docker_network *from = &discovery->networks[i].network;
        struct swarm_network *network = &swarm->networks[i];

        *network = (struct swarm_network){
            .id = copy(viewer, from->id),
            .name = copy(viewer, from->name),
            .shared = table_is_shared(discovery, &discovery->networks[i]),
            .encrypted = from->encrypted,
            .ingress = from->ingress,
            .subnets = arena_new(&swarm->arena, from->subnet_count + 1, sizeof(struct text)),
            .subnet_count = from->subnet_count,
        };
        for (size_t j = 0; j < from->subnet_count; j++)
            network->subnets[j] = copy(viewer, from->subnets[j]);
    }
}

/* The network whose subnet has this address, for tasks that only DNS knows. */
static uint32_t network_of(const struct discovery *discovery, const struct address *address)
{
    struct address_prefix prefix;

    for (size_t i = 0; i < discovery->network_count; i++)
        for (size_t j = 0; j < discovery->networks[i].network.subnet_count; j++)
            if (address_prefix_parse(discovery->networks[i].network.subnets[j], &prefix, NULL) ==
                    0 &&
                address_prefix_contains(&prefix, address))
                return (uint32_t)i;
    return SWARM_NETWORK_UNKNOWN;
}

/* --- tasks ---------------------------------------------------------------------------------------
 */

static bool is_in_dns(const struct known_service *service, const struct address *address)
{
    for (size_t i = 0; i < service->dns_count; i++)
        if (address_host_equal(&service->dns[i], address))
            return true;
    return false;
}

static bool within_lease(const struct viewer *viewer, int64_t at_ms)
{
    return at_ms && viewer->now_ms - at_ms <= viewer->discovery->options.lease_ms;
}

static uint64_t identity_of(const struct known_service *service, struct text task,
                            struct text network, const struct address *address)
{
    uint64_t hash = hash_text(text_of(service->id[0] ? service->id : service->name));

    hash = hash_mix(hash ^ hash_text(task));
    hash = hash_mix(hash ^ hash_text(network));
    hash = hash_mix(hash ^ address_host_hash(address));
    return hash ? hash : 1;
}

/* Of whom nothing but the name and the address is known. */
static uint64_t identity_by_dns(const struct known_service *service, const struct address *address)
{
    uint64_t hash = hash_mix(hash_text(text_of(service->name)) ^ address_host_hash(address));

    return hash ? hash : 1;
}

static void view_address(struct viewer *viewer, const struct known_service *service,
                         const struct known_task *known, size_t index, struct swarm_task *task)
{
    const struct docker_attachment *from = &known->task.attachments[index];
    uint32_t at;
    const struct known_network *network = table_network(viewer->discovery, from->network, &at);
    bool in_dns = is_in_dns(service, &from->address);
    struct membership_facts facts = {
        .state = known->task.state,
        .desired = known->task.desired,
        .dns_sees_network = network && network->dns_seen,
        .dns_sees_service = service->dns_seen,
        .dns_is_doubted = service->dns_doubted,
        .in_dns = in_dns,
        .settled = known->running_since_ms &&
                   viewer->now_ms - known->running_since_ms >= MEMBERSHIP_SETTLED_MS,
    };

    if (!network || network->network.ingress || claims_taken(&viewer->claims, known, from) ||
        claims_is_elsewhere(&viewer->claims, service, &from->address, known->listed_ms) ||
        (known->left_dns && in_dns))
        return;
    if (service->from_disk && !service->dns_seen) /* nobody has said a word yet */
        facts.dns_sees_network = false;
    task->addresses[task->address_count++] = (struct swarm_address){
        .network = at,
        .address = from->address,
        .identity = known->by_dns
                        ? identity_by_dns(service, &from->address)
                        : identity_of(service, known->task.id, from->network, &from->address),
        .membership = membership_of(&facts),
        .confirmed = within_lease(viewer, known->listed_ms) ||
                     (in_dns && within_lease(viewer, service->dns_at_ms)),
    };
}

static struct text node_name(const struct discovery *discovery, struct text id)
{
    for (size_t i = 0; i < discovery->node_count; i++)
        if (text_equal(discovery->nodes[i].id, id))
            return discovery->nodes[i].hostname;
    return TEXT_NONE;
}

static struct text task_name(struct viewer *viewer, const struct known_service *service,
                             const struct docker_task *task, struct text node)
{
    struct arena *arena = &viewer->swarm->arena;

    if (task->slot)
        return arena_format(arena, "%s.%llu", service->name, (unsigned long long)task->slot);
    return arena_format(arena, "%s.%.*s", service->name,
                        TEXT_ARGS(node.len ? node : text_first(task->id, 8)));
}

static void view_task(struct viewer *viewer, const struct known_service *service,
                      const struct known_task *known, struct swarm_service *into)
{
    struct text node = node_name(viewer->discovery, known->task.node);
    struct swarm_task *task = &into->tasks[into->task_count];

    *task = (struct swarm_task){
        .id = copy(viewer, known->task.id),
        .name = task_name(viewer, service, &known->task, node),
        .node = copy(viewer, node),
        .state = docker_task_state_name(known->task.state),
        .addresses = arena_new(&viewer->swarm->arena, known->task.attachment_count + 1,
                               sizeof(*task->addresses)),
    };
    for (size_t i = 0; i < known->task.attachment_count; i++)
        view_address(viewer, service, known, i, task);
    into->task_count++;
}

/* Until the API has spoken of its tasks, DNS alone says who has come. */
static void view_dns_tasks(struct viewer *viewer, const struct known_service *service,
                           struct swarm_service *into)
{
    struct arena *arena = &viewer->swarm->arena;

    if (service_tasks_are_known(service))
        return;
    for (size_t i = 0; i < service->dns_count; i++) {
        struct swarm_task *task = &into->tasks[into->task_count];
        char text[ADDRESS_TEXT_BYTES];

        if (table_has_address(service, &service->dns[i]) ||
            claims_is_elsewhere(&viewer->claims, service, &service->dns[i], service->dns_at_ms))
            continue;
        into->task_count++;
        *task = (struct swarm_task){ .state = "dns", .address_count = 1 };
        task->name = arena_text(arena, text_make(text, address_print_host(&service->dns[i], text)));
        task->addresses = arena_new(arena, 1, sizeof(*task->addresses));
        task->addresses[0] = (struct swarm_address){
            .network = network_of(viewer->discovery, &service->dns[i]),
            .address = service->dns[i],
            .identity = identity_by_dns(service, &service->dns[i]),
            .membership = SWARM_USABLE,
            .confirmed = within_lease(viewer, service->dns_at_ms),
        };
    }
}

/* --- services ------------------------------------------------------------------------------------
 */

static void view_labels(struct viewer *viewer, const struct known_service *service,
                        struct swarm_service *into)
{
    size_t prefix = viewer->discovery->options.label_prefix.len + 1;
    const struct docker_service *from = &service->service;

    into->labels = arena_new(&viewer->swarm->arena, from->label_count + 1, sizeof(*into->labels));
    for (size_t i = 0; i < from->label_count; i++) {
        if (text_equal(from->labels[i].name, TEXT("com.docker.stack.namespace"))) {
            into->stack = copy(viewer, from->labels[i].value);
            continue;
        }
        into->labels[into->label_count++] = (struct docker_label){
            .name = copy(viewer, text_from(from->labels[i].name, prefix)),
            .value = copy(viewer, from->labels[i].value),
        };
    }
}

static void view_attached(struct viewer *viewer, const struct known_service *service,
                          struct swarm_service *into)
{
    const struct docker_service *from = &service->service;
    struct arena *arena = &viewer->swarm->arena;
    uint32_t at;

    into->networks = arena_new(arena, from->network_count + 1, sizeof(*into->networks));
    for (size_t i = 0; i < from->network_count; i++) {
        const struct known_network *network =
            table_network(viewer->discovery, from->networks[i], &at);

        if (network && table_is_shared(viewer->discovery, network))
            into->networks[into->network_count++] = at;
    }
    into->vips = arena_new(arena, from->vip_count + 1, sizeof(*into->vips));
    for (size_t i = 0; i < from->vip_count; i++) {
        const struct known_network *network =
            table_network(viewer->discovery, from->vips[i].network, &at);

        if (network && table_is_shared(viewer->discovery, network))
            into->vips[into->vip_count++] = (struct swarm_vip){
                .network = at,
                .address = from->vips[i].address,
                .identity = identity_of(service, TEXT("vip"), from->vips[i].network,
                                        &from->vips[i].address),
            };
    }
}

static void view_service(struct viewer *viewer, const struct known_service *service)
{
    struct swarm *swarm = viewer->swarm;
    struct swarm_service *into = &swarm->services[swarm->service_count++];

    *into = (struct swarm_service){
        .id = copy(viewer, text_of(service->id)),
        .name = copy(viewer, text_of(service->name)),
        .created_us = service->service.created_us,
        .version = service->service.version,
        .updating = service->service.update == DOCKER_UPDATE_RUNS,
        .seen_in_dns = service->dns_seen,
        .tasks = arena_new(&swarm->arena, service->task_count + service->dns_count + 1,
                           sizeof(*into->tasks)),
    };
    view_labels(viewer, service, into);
    view_attached(viewer, service, into);
    for (size_t i = 0; i < service->task_count; i++)
        view_task(viewer, service, &service->tasks[i], into);
    view_dns_tasks(viewer, service, into);
}

/* A name that nobody has ever heard of is no service. */
static bool is_there(const struct known_service *service)
{
    return service->name[0] && service_is_followed(service) &&
           (service->listed || service->dns_count);
}

static int compare_names(const void *a, const void *b)
{
    const struct swarm_service *first = a;
    const struct swarm_service *second = b;

    return text_compare(first->name, second->name);
}

static bool is_stale(const struct viewer *viewer)
{
    const struct discovery *discovery = viewer->discovery;

    return discovery->facts.link != DISCOVERY_LIVE &&
           !within_lease(viewer, discovery->facts.last_live_ms) &&
           !within_lease(viewer, discovery->facts.last_dns_ms);
}

struct swarm *view_make(struct discovery *discovery)
{
    struct viewer viewer = {
        .discovery = discovery,
        .swarm = memory_new(sizeof(struct swarm)),
        .now_ms = io_now_ms(discovery->io),
    };
    struct swarm *swarm = viewer.swarm;

    swarm->references = 1;
    swarm->complete = discovery->complete;
    swarm->stale = is_stale(&viewer);
    swarm->engines_encrypt = discovery->engines_encrypt;
    swarm->engines_why = copy(&viewer, text_of(discovery->engines_why));
    claims_make(&viewer.claims, discovery->services, discovery->service_count);
    view_networks(&viewer);
    swarm->services =
        arena_new(&swarm->arena, discovery->service_count + 1, sizeof(*swarm->services));
    for (size_t i = 0; i < discovery->service_count; i++)
        if (is_there(discovery->services[i]))
            view_service(&viewer, discovery->services[i]);
    claims_done(&viewer.claims);
    qsort(swarm->services, swarm->service_count, sizeof(*swarm->services), compare_names);
    for (size_t i = 0; i < swarm->service_count; i++)
        string_map_put(&swarm->by_name, swarm->services[i].name, i);
    return swarm;
}

/* --- is it another one? --------------------------------------------------------------------------
 */

static uint64_t add(uint64_t hash, uint64_t value)
{
    return hash_mix(hash ^ value) + 1;
}

static uint64_t hash_task(uint64_t hash, const struct swarm_task *task)
{
    hash = add(hash, hash_text(task->name));
    hash = add(hash, hash_text(text_of(task->state)));
    for (size_t i = 0; i < task->address_count; i++) {
        hash = add(hash, task->addresses[i].identity);
        hash =
            add(hash, (uint64_t)task->addresses[i].membership * 2 + task->addresses[i].confirmed);
        hash = add(hash, task->addresses[i].network);
    }
    return hash;
}

static uint64_t hash_service(uint64_t hash, const struct swarm_service *service)
{
    hash = add(hash, hash_text(service->id));
    hash = add(hash, hash_text(service->name));
    hash = add(hash, service->version * 4 + (service->updating ? 2U : 0U) + service->seen_in_dns);
    for (size_t i = 0; i < service->label_count; i++) {
        hash = add(hash, hash_text(service->labels[i].name));
        hash = add(hash, hash_text(service->labels[i].value));
    }
    for (size_t i = 0; i < service->network_count; i++)
        hash = add(hash, service->networks[i]);
    for (size_t i = 0; i < service->vip_count; i++)
        hash = add(hash, service->vips[i].identity);
    for (size_t i = 0; i < service->task_count; i++)
        hash = hash_task(hash, &service->tasks[i]);
    return hash;
}

uint64_t view_hash(const struct swarm *swarm)
{
    uint64_t hash = add(swarm->service_count,
                        swarm->complete * 4U + swarm->stale * 2U + swarm->engines_encrypt);

    hash = add(hash, hash_text(swarm->engines_why));
    for (size_t i = 0; i < swarm->network_count; i++) {
        hash = add(hash, hash_text(swarm->networks[i].id));
        hash = add(hash, swarm->networks[i].shared * 2U + swarm->networks[i].encrypted);
    }
    for (size_t i = 0; i < swarm->service_count; i++)
        hash = hash_service(hash, &swarm->services[i]);
    return hash;
}
