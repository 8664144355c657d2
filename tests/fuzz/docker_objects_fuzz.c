/*
 * Fuzz target: any bytes as an answer of the Docker Engine. Beyond not crashing: a refusal has a
 * reason, and what was accepted keeps what discovery relies on.
 */

#include <stdlib.h>

#include "docker/objects.h"
#include "fuzz_target.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static void check_services(struct text json, struct arena *arena)
{
    struct docker_service *services;
    struct err err = { "" };
    size_t count;
    size_t bad;

    if (docker_services_decode(json, arena, &services, &count, &bad, &err) < 0) {
        must(err.text[0] != '\0');
        return;
    }
    must(count + bad <= json.len);
    for (size_t i = 0; i < count; i++) {
        must(services[i].id.len > 0 && (services[i].name.len > 0 || services[i].problem));
        must(services[i].label_count <= DOCKER_LABELS_MAX);
        for (size_t j = 0; j < services[i].network_count; j++)
            must(services[i].networks[j].len > 0);
        for (size_t j = 0; j < services[i].vip_count; j++)
            must(address_port(&services[i].vips[j].address) == 0);
    }
}

static void check_tasks(struct text json, struct arena *arena)
{
    struct docker_task *tasks;
    struct err err = { "" };
    size_t count;
    size_t bad;

    if (docker_tasks_decode(json, arena, &tasks, &count, &bad, &err) < 0) {
        must(err.text[0] != '\0');
        return;
    }
    for (size_t i = 0; i < count; i++) {
        must(tasks[i].id.len > 0 && tasks[i].service.len > 0);
        must(docker_task_state_name(tasks[i].state)[0] != '\0');
        for (size_t j = 0; j < tasks[i].attachment_count; j++)
            must(tasks[i].attachments[j].network.len > 0);
    }
}

static void check_others(struct text json, struct arena *arena)
{
    struct docker_network *networks;
    struct docker_node *nodes;
    struct docker_info info;
    struct docker_version version;
    struct docker_event event;
    size_t count;
    size_t bad;

    if (docker_networks_decode(json, arena, &networks, &count, &bad, NULL) == 0)
        for (size_t i = 0; i < count; i++)
            must(networks[i].id.len > 0 && networks[i].mtu >= 0 && networks[i].mtu < 65536);
    if (docker_nodes_decode(json, arena, &nodes, &count, &bad, NULL) == 0)
        for (size_t i = 0; i < count; i++) {
            must(nodes[i].id.len > 0);
            docker_engine_encrypts(nodes[i].engine_version);
        }
    docker_info_decode(json, arena, &info, NULL);
    docker_version_decode(json, arena, &version, NULL);
    if (docker_event_decode(json, arena, &event, NULL) == 0)
        must(event.time_us >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text json = text_make((const char *)bytes, len);
    struct arena arena = { 0 };

    check_services(json, &arena);
    check_tasks(json, &arena);
    check_others(json, &arena);
    docker_engine_encrypts(json);
    arena_done(&arena);
    return 0;
}
