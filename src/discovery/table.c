/*
 * What is known of the swarm: services, their tasks, networks. Written by link.c and follow.c with
 * what the API said, read by view.c. Forgets a service only when the API says that it is gone.
 */

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "discovery_private.h"
#include "oddities.h"

#define LABELS_MOST 512 /* of a service, under the prefix */

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

    odd_forget(service);
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
    while (discovery->service_count)
        service_free(discovery->services[--discovery->service_count]);
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

/* A slip of the pen, too: who reads the labels says so, and serves what was there before it. */
static bool is_enabled(const struct discovery *discovery, const struct docker_service *service)
{
    struct text rest;

    for (size_t i = 0; i < service->label_count; i++)
        if (under_prefix(discovery, service->labels[i].name, &rest) &&
            text_equal(rest, TEXT("enable")) &&
            !text_equal(service->labels[i].value, TEXT("false")))
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
    odd_forget(service);
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

static void take_service(struct discovery *discovery, const struct docker_service *from)
{
    struct known_service *service = claim(discovery, from);
    bool changed = !service->listed || service->service.version != from->version;

    odd_spec(service, NULL);
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
        return;
    }
    service->service.update = from->update;
    if (!changed && service->service.id.len) /* else nobody asked for it before */
        return;
    copy_spec(service, from);
    /* Swarm makes the tasks of a new service after it; those of a start are there. */
    follow_hurry(service, discovery->complete ? 3000 : 0);
    discovery_touch(discovery);
}

/* It is there, and what was known of it stays. */
static void spare_service(struct discovery *discovery, const struct docker_service *from,
                          const char *problem)
{
    struct known_service *service = table_by_id(discovery, from->id);
    bool has_namesake = table_by_name(discovery, from->name) != NULL;

    if (!service) /* a namesake is another one */
        service = table_add(discovery, from->id, has_namesake ? TEXT_NONE : from->name);
    service->list_number = discovery->list_number;
    odd_spec(service, problem);
}

static const char *problem_of(const struct discovery *discovery, const struct docker_service *from)
{
    struct text rest;
    size_t count = 0;

    if (from->problem)
        return from->problem;
    for (size_t i = 0; i < from->label_count; i++)
        count += under_prefix(discovery, from->labels[i].name, &rest);
    return count > LABELS_MOST ? "it has more than 512 labels under the prefix" : NULL;
}

void table_take_service(struct discovery *discovery, const struct docker_service *from)
{
    const char *problem = problem_of(discovery, from);

    if (problem)
        spare_service(discovery, from, problem);
    else
        take_service(discovery, from);
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

static const struct known_task *find_task(const struct known_service *service, struct text id)
{
    for (size_t i = 0; i < service->task_count; i++)
        if (text_equal(service->tasks[i].task.id, id))
            return &service->tasks[i];
    return NULL;
}

static int64_t running_since(const struct known_service *service, const struct docker_task *task)
{
    const struct known_task *before = find_task(service, task->id);

    if (task->state != DOCKER_TASK_RUNNING)
        return 0;
    return before && before->running_since_ms ? before->running_since_ms
                                              : io_now_ms(service->discovery->io);
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

static bool has_host(const struct docker_task *task, const struct address *address)
{
    for (size_t i = 0; i < task->attachment_count; i++)
        if (address_host_equal(&task->attachments[i].address, address))
            return true;
    return false;
}

bool table_has_address(const struct known_service *service, const struct address *address)
{
    for (size_t i = 0; i < service->task_count; i++)
        if (!service->tasks[i].left_dns && has_host(&service->tasks[i].task, address))
            return true;
    return false;
}

static bool dns_has(const struct address *addresses, size_t count, const struct docker_task *task)
{
    for (size_t i = 0; i < count; i++)
        if (has_host(task, &addresses[i]))
            return true;
    return false;
}

void table_note_departures(struct known_service *service, const struct dns_answer *answer)
{
    if (service_tasks_are_known(service))
        return;
    for (size_t i = 0; i < service->task_count; i++) {
        struct known_task *known = &service->tasks[i];

        if (dns_has(service->dns, service->dns_count, &known->task) &&
            !dns_has(answer->addresses, answer->count, &known->task))
            known->left_dns = true;
    }
}

/*
 * A task that the Engine speaks of for the first time may have been served since DNS knew it. Its
 * connections are not to end because more is known of it now.
 */
static bool is_by_dns(const struct known_service *service, const struct docker_task *task)
{
    const struct known_task *before = find_task(service, task->id);

    if (before)
        return before->by_dns;
    if (service_tasks_are_known(service))
        return false;
    for (size_t i = 0; i < service->dns_count; i++)
        if (has_host(task, &service->dns[i]) && !table_has_address(service, &service->dns[i]))
            return true;
    return false;
}

struct task_list {
    struct arena arena;
    struct known_task *tasks;
    size_t count;
};

static bool has_task(const struct task_list *list, struct text id)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->tasks[i].task.id, id))
            return true;
    return false;
}

static void keep_task(struct task_list *list, const struct known_task *known)
{
    struct known_task *kept = &list->tasks[list->count++];

    *kept = *known;
    copy_task(&list->arena, &known->task, &kept->task);
}

/* Who is not in the list may be the one that could not be read. */
static void keep_missing_tasks(struct task_list *list, const struct known_service *service)
{
    for (size_t i = 0; i < service->task_count; i++)
        if (!has_task(list, service->tasks[i].task.id))
            keep_task(list, &service->tasks[i]);
}

void table_take_tasks(struct known_service *service, const struct docker_task *tasks, size_t count,
                      bool whole)
{
    int64_t now_ms = io_now_ms(service->discovery->io);
    struct task_list list = { 0 };

    list.tasks = arena_new(&list.arena, count + service->task_count + 1, sizeof(*list.tasks));
    service->unplaced = false;
    for (size_t i = 0; i < count; i++) {
        struct known_task known = { .task = tasks[i], .listed_ms = now_ms };

        service->unplaced = service->unplaced || is_unplaced(&tasks[i]);
        known.running_since_ms = running_since(service, &tasks[i]);
        known.by_dns = is_by_dns(service, &tasks[i]);
        if (is_of_interest(&tasks[i]))
            keep_task(&list, &known);
    }
    if (!whole)
        keep_missing_tasks(&list, service);
    arena_done(&service->task_arena);
    service->task_arena = list.arena;
    service->tasks = list.tasks;
    service->task_count = list.count;
    service->tasks_at_ms = now_ms;
    service->from_disk = false;
    follow_see_networks(service);
    discovery_touch(service->discovery);
}

/* --- networks --------------------------------------------------------------------------
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

struct network_list {
    struct arena arena;
    struct known_network *networks;
    size_t count;
};

static void keep_network(struct network_list *list, const struct docker_network *from,
                         bool dns_seen)
{
    struct docker_network *copy = &list->networks[list->count].network;

    list->networks[list->count++].dns_seen = dns_seen;
    *copy = *from;
    copy->id = arena_text(&list->arena, from->id);
    copy->name = arena_text(&list->arena, from->name);
    copy->driver = arena_text(&list->arena, from->driver);
    copy->subnets = copy_texts(&list->arena, from->subnets, from->subnet_count);
}

static bool is_listed(const struct docker_network *networks, size_t count, struct text id)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(networks[i].id, id))
            return true;
    return false;
}

void table_take_networks(struct discovery *discovery, const struct docker_network *networks,
                         size_t count, bool whole)
{
    struct network_list list = { 0 };
    uint32_t at;

    list.networks =
        arena_new(&list.arena, count + discovery->network_count + 1, sizeof(*list.networks));
    for (size_t i = 0; i < count; i++) {
        const struct known_network *old = table_network(discovery, networks[i].id, &at);

        if (networks[i].swarm_scope)
            keep_network(&list, &networks[i], old && old->dns_seen);
    }
    for (size_t i = 0; !whole && i < discovery->network_count; i++) {
        const struct known_network *old = &discovery->networks[i];

        if (!is_listed(networks, count, old->network.id))
            keep_network(&list, &old->network, old->dns_seen);
    }
    arena_done(&discovery->network_arena);
    discovery->network_arena = list.arena;
    discovery->networks = list.networks;
    discovery->network_count = list.count;
    discovery_touch(discovery);
}
