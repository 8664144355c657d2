/*
 * The table on disk, put back as what was known before the start: each source replaces its part as
 * soon as it speaks. Called by discovery.c.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "discovery_private.h"
#include "nodes.h"

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
        .vips = arena_new(arena, from->vip_count + 1, sizeof(*copy->vips)),
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
    for (size_t i = 0; i < from->vip_count; i++)
        copy->vips[copy->vip_count++] = (struct docker_vip){
            .network = arena_text(arena, stored->networks[from->vips[i].network].id),
            .address = from->vips[i].address,
        };
    take_stored_tasks(service, stored, from);
}

void restore_swarm(struct discovery *discovery, const struct swarm *stored)
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
    table_take_networks(discovery, networks, stored->network_count, true);
    free(networks);
    nodes_restore(discovery, stored);
    for (size_t i = 0; i < stored->service_count; i++)
        take_stored_service(discovery, stored, &stored->services[i]);
}
