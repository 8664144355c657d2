/*
 * What is known of the swarm: services, their tasks, networks, nodes. Written by link.c and
 * follow.c with what the API said, read by view.c. Forgets a service only when the API says that it
 * is gone.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "discovery_private.h"

/* --- services ------------------------------------------------------------------------------------
 */

struct known_service *table_by_id(struct discovery *discovery, struct text id)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        if (id.len && text_equal(text_of(discovery->services[i]->id), id))
            return discovery->services[i];
    return NULL;
}

struct known_service *table_by_name(struct discovery *discovery, struct text name)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        if (name.len && text_equal(text_of(discovery->services[i]->name), name))
            return discovery->services[i];
    return NULL;
}

struct known_service *table_add(struct discovery *discovery, struct text id, struct text name)
{
    struct known_service *service = memory_new(sizeof(*service));

    service->discovery = discovery;
    service->id = text_to_heap(id);
    service->name = text_to_heap(name);
    *ARRAY_PUSH(discovery->services, discovery->service_count, discovery->service_capacity) =
        service;
    return service;
}

static void forget_tasks(struct known_service *service)
{
    arena_done(&service->task_arena);
    service->tasks = NULL;
    service->task_count = 0;
    service->tasks_at_ms = 0;
    service->looked_in = 0;
}

static void unwatch(struct known_service *service)
{
    if (service->watched)
        dns_watch_remove(service->discovery->dns, text_of(service->name));
    service->watched = false;
    free(service->dns);
    service->dns = NULL;
    service->dns_count = 0;
    service->dns_at_ms = service->dns_silent_ms = 0;
    service->dns_seen = service->dns_doubted = service->dns_answered = false;
}

static void cancel_requests(struct known_service *service)
{
    struct discovery *discovery = service->discovery;

    if (service->spec_request)
        discovery->requests_in_flight--;
    if (service->tasks_request)
        discovery->requests_in_flight--;
    docker_cancel(service->spec_request);
    docker_cancel(service->tasks_request);
    service->spec_request = service->tasks_request = NULL;
}

static void service_free(struct known_service *service)
{
    cancel_requests(service);
    unwatch(service);
    arena_done(&service->spec);
    arena_done(&service->task_arena);
    free(service->id);
    free(service->name);
    free(service);
}

static void drop(struct known_service *service)
{
    struct discovery *discovery = service->discovery;
    size_t i = 0;

    while (discovery->services[i] != service)
        i++;
    discovery->services[i] = discovery->services[--discovery->service_count];
    service_free(service);
}

void table_remove(struct known_service *service)
{
    struct discovery *discovery = service->discovery;
    char *name = service->wanted ? memory_copy_text(service->name) : NULL;

    drop(service);
    if (name) { /* it may be made again under this name */
        table_add(discovery, TEXT_NONE, text_of(name))->wanted = true;
        free(name);
    }
    discovery_touch(discovery);
}

void table_sweep(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count;) {
        struct known_service *service = discovery->services[i];

        if (service->id[0] && !service->spoken_of &&
            service->list_number != discovery->list_number) {
            table_remove(service);
            i = 0; /* the order has changed */
        } else {
            i++;
        }
    }
}

void table_done(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        service_free(discovery->services[i]);
    free(discovery->services);
    arena_done(&discovery->network_arena);
    arena_done(&discovery->node_arena);
    table_forget_own_networks(discovery);
    free(discovery->own_networks);
}

/* "swarmward.enable": is it of ours, and what is behind the dot? */
static bool under_prefix(const struct discovery *discovery, struct text name, struct text *rest_out)
{
    struct text prefix = discovery->options.label_prefix;

    if (!text_starts(name, prefix) || name.len <= prefix.len + 1 || name.at[prefix.len] != '.')
        return false;
    *rest_out = text_from(name, prefix.len + 1);
    return true;
}

static bool is_enabled(const struct discovery *discovery, const struct docker_service *service)
{
    struct text rest;

    for (size_t i = 0; i < service->label_count; i++)
        if (under_prefix(discovery, service->labels[i].name, &rest) &&
            text_equal(rest, TEXT("enable")) && text_equal(service->labels[i].value, TEXT("true")))
            return true;
    return false;
}

static struct text *copy_texts(struct arena *arena, const struct text *from, size_t count)
{
    struct text *copy = arena_new(arena, count + 1, sizeof(*copy));

    for (size_t i = 0; i < count; i++)
        copy[i] = arena_text(arena, from[i]);
    return copy;
}

/* Only labels that mean something here are kept. */
static void copy_labels(struct known_service *service, const struct docker_service *from)
{
    struct docker_label *copy = arena_new(&service->spec, from->label_count + 1, sizeof(*copy));
    size_t count = 0;
    struct text rest;

    for (size_t i = 0; i < from->label_count; i++)
        if (under_prefix(service->discovery, from->labels[i].name, &rest) ||
            text_equal(from->labels[i].name, TEXT("com.docker.stack.namespace")))
            copy[count++] = (struct docker_label){
                .name = arena_text(&service->spec, from->labels[i].name),
                .value = arena_text(&service->spec, from->labels[i].value),
            };
    service->service.labels = copy;
    service->service.label_count = count;
}

static void copy_spec(struct known_service *service, const struct docker_service *from)
{
    struct arena *arena = &service->spec;

    arena_done(arena);
    service->service = *from;
    service->service.id = text_of(service->id);
    service->service.name = text_of(service->name);
    service->service.ports = NULL;
    service->service.port_count = 0;
    copy_labels(service, from);
    service->service.networks = copy_texts(arena, from->networks, from->network_count);
    service->service.vips = arena_new(arena, from->vip_count + 1, sizeof(*from->vips));
    for (size_t i = 0; i < from->vip_count; i++)
        service->service.vips[i] = (struct docker_vip){
            .network = arena_text(arena, from->vips[i].network),
            .address = from->vips[i].address,
        };
}

/*
 * Another service under the old name. What DNS says of the name is true of the new one: while the
 * Engine was away it may be all that is known of its tasks.
 */
static void make_again(struct known_service *service, struct text id)
{
    cancel_requests(service);
    arena_done(&service->spec);
    forget_tasks(service);
    service->service = (struct docker_service){ 0 };
    service->listed = service->enabled = service->spoken_of = false;
    service->spec_at_ms = service->spec_due_ms = service->tasks_due_ms = 0;
    free(service->id);
    service->id = text_to_heap(id);
}

/* The known service of this ID, which may have been known by its name alone, or by another name. */
static struct known_service *claim(struct discovery *discovery, const struct docker_service *from)
{
    struct known_service *service = table_by_id(discovery, from->id);
    struct known_service *namesake = table_by_name(discovery, from->name);

    if (service && text_equal(text_of(service->name), from->name))
        return service;
    if (service && service->name[0]) { /* renamed: what was known of the old name is void */
        table_remove(service);
        return claim(discovery, from);
    }
    if (namesake && namesake->id[0]) {
        if (service)
            drop(service);
        make_again(namesake, from->id);
        return namesake;
    }
    if (service && namesake) { /* the same one, by ID and by wanted name */
        service->wanted = true;
        drop(namesake);
    } else if (namesake) {
        free(namesake->id);
        namesake->id = text_to_heap(from->id);
        return namesake;
    }
    if (!service)
        return table_add(discovery, from->id, from->name);
    free(service->name);
    service->name = text_to_heap(from->name);
    return service;
}

bool table_take_service(struct discovery *discovery, const struct docker_service *from)
{
    struct known_service *service = claim(discovery, from);
    bool changed = !service->listed || service->service.version != from->version;

    service->list_number = discovery->list_number;
    service->listed = true;
    service->enabled = is_enabled(discovery, from);
    service->from_disk = false;
    if (!service_is_followed(service)) {
        arena_done(&service->spec);
        forget_tasks(service);
        unwatch(service);
        service->service = (struct docker_service){ .version = from->version };
        if (changed)
            discovery_touch(discovery);
        return false;
    }
    service->service.update = from->update;
    if (!changed && service->service.id.len) /* else nobody asked for it before */
        return true;
    copy_spec(service, from);
    /* Swarm makes the tasks of a new service after it; those of a start are there. */
    follow_hurry(service, discovery->complete ? 3000 : 0);
    discovery_touch(discovery);
    return true;
}

/* --- tasks ---------------------------------------------------------------------------------------
 */

/* Those that ended, and were not running when they were last seen, say nothing any more. */
static bool is_of_interest(const struct docker_task *task)
{
    return task->state <= DOCKER_TASK_RUNNING && task->attachment_count > 0;
}

/* Swarm has made it, and has not given it its addresses yet. */
static bool is_unplaced(const struct docker_task *task)
{
    return task->state < DOCKER_TASK_RUNNING && task->desired == DOCKER_TASK_RUNNING &&
           task->attachment_count == 0;
}

static int64_t running_since(const struct known_service *service, const struct docker_task *task)
{
    if (task->state != DOCKER_TASK_RUNNING)
        return 0;
    for (size_t i = 0; i < service->task_count; i++)
        if (text_equal(service->tasks[i].task.id, task->id) && service->tasks[i].running_since_ms)
            return service->tasks[i].running_since_ms;
    return io_now_ms(service->discovery->io);
}

static void copy_task(struct arena *arena, const struct docker_task *from, struct docker_task *to)
{
    *to = *from;
    to->id = arena_text(arena, from->id);
    to->service = arena_text(arena, from->service);
    to->node = arena_text(arena, from->node);
    to->container = TEXT_NONE;
    to->attachments = arena_new(arena, from->attachment_count + 1, sizeof(*to->attachments));
    for (size_t i = 0; i < from->attachment_count; i++)
        to->attachments[i] = (struct docker_attachment){
            .network = arena_text(arena, from->attachments[i].network),
            .address = from->attachments[i].address,
        };
}

void table_take_tasks(struct known_service *service, const struct docker_task *tasks, size_t count)
{
    struct arena arena = { 0 };
    struct known_task *kept = arena_new(&arena, count + 1, sizeof(*kept));
    size_t kept_count = 0;

    service->unplaced = false;
    for (size_t i = 0; i < count; i++) {
        service->unplaced = service->unplaced || is_unplaced(&tasks[i]);
        if (!is_of_interest(&tasks[i]))
            continue;
        copy_task(&arena, &tasks[i], &kept[kept_count].task);
        kept[kept_count++].running_since_ms = running_since(service, &tasks[i]);
    }
    arena_done(&service->task_arena);
    service->task_arena = arena;
    service->tasks = kept;
    service->task_count = kept_count;
    service->tasks_at_ms = io_now_ms(service->discovery->io);
    service->from_disk = false;
    follow_see_networks(service);
    discovery_touch(service->discovery);
}

/* --- networks and nodes --------------------------------------------------------------------------
 */

const struct known_network *table_network(const struct discovery *discovery, struct text id_or_name,
                                          uint32_t *index_out)
{
    for (size_t i = 0; i < discovery->network_count; i++) {
        const struct known_network *known = &discovery->networks[i];

        if (text_equal(known->network.id, id_or_name) ||
            text_equal(known->network.name, id_or_name)) {
            *index_out = (uint32_t)i;
            return known;
        }
    }
    return NULL;
}

bool table_is_shared(const struct discovery *discovery, const struct known_network *known)
{
    if (known->network.ingress || !known->network.swarm_scope)
        return false;
    for (size_t i = 0; i < discovery->options.network_count; i++)
        if (text_equal(discovery->options.networks[i], known->network.name))
            return true;
    for (size_t i = 0; !discovery->options.network_count && i < discovery->own_network_count; i++)
        if (text_equal(text_of(discovery->own_networks[i]), known->network.id))
            return true;
    return false;
}

void table_add_own_network(struct discovery *discovery, struct text id)
{
    *ARRAY_PUSH(discovery->own_networks, discovery->own_network_count,
                discovery->own_network_capacity) = text_to_heap(id);
}

void table_forget_own_networks(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->own_network_count; i++)
        free(discovery->own_networks[i]);
    discovery->own_network_count = 0;
}

void table_take_networks(struct discovery *discovery, const struct docker_network *networks,
                         size_t count)
{
    struct arena arena = { 0 };
    struct known_network *kept = arena_new(&arena, count + 1, sizeof(*kept));
    size_t kept_count = 0;
    uint32_t at;

    for (size_t i = 0; i < count; i++) {
        struct docker_network *copy = &kept[kept_count].network;
        const struct known_network *old = table_network(discovery, networks[i].id, &at);

        if (!networks[i].swarm_scope)
            continue;
        kept[kept_count++].dns_seen = old && old->dns_seen;
        *copy = networks[i];
        copy->id = arena_text(&arena, networks[i].id);
        copy->name = arena_text(&arena, networks[i].name);
        copy->driver = arena_text(&arena, networks[i].driver);
        copy->subnets = copy_texts(&arena, networks[i].subnets, networks[i].subnet_count);
    }
    arena_done(&discovery->network_arena);
    discovery->network_arena = arena;
    discovery->networks = kept;
    discovery->network_count = kept_count;
    discovery_touch(discovery);
}

static void keep_names(struct discovery *discovery, const struct docker_node *nodes, size_t count)
{
    struct arena *arena = &discovery->node_arena;

    arena_done(arena);
    discovery->nodes = arena_new(arena, count + 1, sizeof(*discovery->nodes));
    discovery->node_count = count;
    for (size_t i = 0; i < count; i++)
        discovery->nodes[i] = (struct docker_node){
            .id = arena_text(arena, nodes[i].id),
            .hostname = arena_text(arena, nodes[i].hostname),
        };
}

void table_take_nodes(struct discovery *discovery, const struct docker_node *nodes, size_t count)
{
    keep_names(discovery, nodes, count);
    discovery->engines_encrypt = count > 0;
    discovery->engines_why[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (docker_engine_encrypts(nodes[i].engine_version))
            continue;
        discovery->engines_encrypt = false;
        snprintf(discovery->engines_why, sizeof(discovery->engines_why),
                 "node %.*s runs Engine %.*s, whose encrypted networks may carry clear text "
                 "(CVE-2023-28840); upgrade it to 20.10.24, 23.0.3 or later",
                 TEXT_ARGS(text_first(nodes[i].hostname, 64)),
                 TEXT_ARGS(text_first(nodes[i].engine_version, 32)));
        break;
    }
    discovery_touch(discovery);
}

/* --- from disk -----------------------------------------------------------------------------------
 */

/* "portal_web.2" -> 2. */
static uint64_t slot_in_name(struct text name)
{
    uint64_t slot;

    return text_to_u64(text_from(name, text_find_last(name, '.') + 1), &slot) ? slot : 0;
}

static void take_stored_tasks(struct known_service *service, const struct swarm *stored,
                              const struct swarm_service *from)
{
    struct arena *arena = &service->task_arena;

    service->tasks = arena_new(arena, from->task_count + 1, sizeof(*service->tasks));
    for (size_t i = 0; i < from->task_count; i++) {
        const struct swarm_task *task = &from->tasks[i];
        struct docker_task *copy = &service->tasks[service->task_count].task;

        service->tasks[service->task_count++].running_since_ms = 1; /* long ago */

        *copy = (struct docker_task){
            .id = arena_text(arena, task->id),
            .slot = slot_in_name(task->name),
            .state = DOCKER_TASK_RUNNING,
            .desired = DOCKER_TASK_RUNNING,
            .attachments = arena_new(arena, task->address_count + 1, sizeof(*copy->attachments)),
        };
        for (size_t j = 0; j < task->address_count; j++)
            copy->attachments[copy->attachment_count++] = (struct docker_attachment){
                .network = arena_text(arena, stored->networks[task->addresses[j].network].id),
                .address = task->addresses[j].address,
            };
    }
}

static void take_stored_service(struct discovery *discovery, const struct swarm *stored,
                                const struct swarm_service *from)
{
    struct known_service *service = table_add(discovery, from->id, from->name);
    struct arena *arena = &service->spec;
    struct docker_service *copy = &service->service;

    service->listed = service->from_disk = service->enabled = true;
    *copy = (struct docker_service){
        .id = text_of(service->id),
        .name = text_of(service->name),
        .created_us = from->created_us,
        .labels = arena_new(arena, from->label_count + 2, sizeof(*copy->labels)),
        .networks = arena_new(arena, from->network_count + 1, sizeof(*copy->networks)),
    };
    for (size_t i = 0; i < from->label_count; i++)
        copy->labels[copy->label_count++] = (struct docker_label){
            .name = arena_format(arena, "%.*s.%.*s", TEXT_ARGS(discovery->options.label_prefix),
                                 TEXT_ARGS(from->labels[i].name)),
            .value = arena_text(arena, from->labels[i].value),
        };
    if (from->stack.len)
        copy->labels[copy->label_count++] = (struct docker_label){
            .name = TEXT("com.docker.stack.namespace"),
            .value = arena_text(arena, from->stack),
        };
    for (size_t i = 0; i < from->network_count; i++)
        copy->networks[copy->network_count++] =
            arena_text(arena, stored->networks[from->networks[i]].id);
    take_stored_tasks(service, stored, from);
}

void table_take_swarm(struct discovery *discovery, const struct swarm *stored)
{
    struct docker_network *networks = memory_new((stored->network_count + 1) * sizeof(*networks));

    for (size_t i = 0; i < stored->network_count; i++) {
        const struct swarm_network *from = &stored->networks[i];

        networks[i] = (struct docker_network){
            .id = from->id,
            .name = from->name,
            .swarm_scope = true,
            .encrypted = from->encrypted,
            .ingress = from->ingress,
            .subnets = from->subnets,
            .subnet_count = from->subnet_count,
        };
        if (from->shared)
            table_add_own_network(discovery, from->id);
    }
    table_take_networks(discovery, networks, stored->network_count);
    free(networks);
    discovery->engines_encrypt = stored->engines_encrypt;
    text_to_buffer(stored->engines_why, discovery->engines_why, sizeof(discovery->engines_why));
    for (size_t i = 0; i < stored->service_count; i++)
        take_stored_service(discovery, stored, &stored->services[i]);
}
