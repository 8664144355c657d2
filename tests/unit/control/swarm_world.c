/* Swarms made by hand, for the tests of what control makes of them. */

#include "swarm_world.h"

#include <stdio.h>

#include "base/memory.h"

static const struct swarm_network networks[] = {
    { .id = { "n1", 2 }, .name = { "edge", 4 }, .shared = true, .encrypted = true },
    { .id = { "n2", 2 }, .name = { "lab", 3 }, .shared = true, .encrypted = true },
    { .id = { "n3", 2 }, .name = { "plain", 5 }, .shared = true },
    { .id = { "n4", 2 }, .name = { "ingress", 7 }, .ingress = true },
};

#define NETWORKS (sizeof(networks) / sizeof(networks[0]))

static void make_networks(struct swarm *swarm)
{
    swarm->networks = arena_new(&swarm->arena, NETWORKS, sizeof(*swarm->networks));
    swarm->network_count = NETWORKS;
    for (size_t i = 0; i < NETWORKS; i++)
        swarm->networks[i] = networks[i];
    swarm->networks[3].subnets = arena_new(&swarm->arena, 1, sizeof(struct text));
    swarm->networks[3].subnets[0] = TEXT("10.0.0.0/24");
    swarm->networks[3].subnet_count = 1;
}

static void attach(struct swarm *swarm, struct swarm_service *service, const char *names)
{
    struct text rest = text_of(names ? names : "edge");
    struct text name;

    service->networks = arena_new(&swarm->arena, NETWORKS, sizeof(*service->networks));
    while (rest.len) {
        text_split(rest, ',', &name, &rest);
        for (uint32_t i = 0; i < NETWORKS; i++)
            if (text_equal(networks[i].name, name))
                service->networks[service->network_count++] = i;
    }
}

static struct address address_of(int network, int host)
{
    char text[64];
    struct address address = { 0 };

    snprintf(text, sizeof(text), "10.1.%d.%d", network, host);
    address_parse_host(text_of(text), 0, &address, NULL);
    return address;
}

static void make_task(struct swarm *swarm, struct swarm_service *service, int number,
                      int service_number)
{
    struct swarm_task *task = &service->tasks[service->task_count++];

    task->id = arena_format(&swarm->arena, "%.*s-task%d", TEXT_ARGS(service->name), number);
    task->name = arena_format(&swarm->arena, "%.*s.%d", TEXT_ARGS(service->name), number);
    task->state = "running";
    task->addresses =
        arena_new(&swarm->arena, service->network_count + 1, sizeof(*task->addresses));
    for (size_t i = 0; i < service->network_count; i++)
        task->addresses[task->address_count++] = (struct swarm_address){
            .network = service->networks[i],
            .address = address_of((int)service->networks[i], service_number * 10 + number),
            .identity = hash_mix(hash_text(task->id) ^ service->networks[i]),
            .membership = SWARM_USABLE,
            .confirmed = true,
        };
}

static void make_labels(struct swarm *swarm, struct swarm_service *service,
                        const struct made_label *labels)
{
    service->labels = arena_new(&swarm->arena, MADE_LABELS, sizeof(*service->labels));
    for (size_t i = 0; i < MADE_LABELS && labels[i].name; i++)
        service->labels[service->label_count++] = (struct docker_label){
            .name = text_of(labels[i].name),
            .value = text_of(labels[i].value),
        };
}

static void make_service(struct swarm *swarm, const struct made_service *made, int number)
{
    struct swarm_service *service = &swarm->services[swarm->service_count++];

    service->name = arena_text(&swarm->arena, text_of(made->name));
    service->id = arena_format(&swarm->arena, "id-%s", made->name);
    service->stack = text_of(made->stack);
    service->created_us = made->created;
    attach(swarm, service, made->networks);
    make_labels(swarm, service, made->labels);
    service->tasks = arena_new(&swarm->arena, (size_t)made->tasks + 1, sizeof(*service->tasks));
    for (int i = 0; i < made->tasks; i++)
        make_task(swarm, service, i + 1, number);
    service->vips = arena_new(&swarm->arena, 1, sizeof(*service->vips));
    service->vips[0] = (struct swarm_vip){ 0, address_of(0, 200 + number), 77 };
    service->vip_count = 1;
}

struct swarm *swarm_made(const struct made_service *services)
{
    struct swarm *swarm = memory_new(sizeof(*swarm));
    size_t count = 0;

    while (services[count].name)
        count++;
    swarm->references = 1;
    swarm->complete = true;
    swarm->engines_encrypt = true;
    make_networks(swarm);
    swarm->services = arena_new(&swarm->arena, count + 1, sizeof(*swarm->services));
    for (size_t i = 0; i < count; i++)
        make_service(swarm, &services[i], (int)i);
    for (size_t i = 0; i < count; i++)
        string_map_put(&swarm->by_name, swarm->services[i].name, i);
    return swarm;
}
