/* A worker in memory for tests of what chooses and counts. */

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "exchange/balancer.h"

struct fixture *fixture_new(uint32_t endpoint_count)
{
    struct fixture *fixture = memory_new(sizeof(*fixture));
    struct arena arena = { 0 };
    struct err err;
    int fd = board_create(&err);

    fixture->serving.worker = &fixture->worker;
    fixture->worker.io = io_new();
    fixture->worker.board = board_map(fd, &err);
    fixture->worker.counters = &fixture->worker.board->worker[0];
    fixture->worker.board->worker_count = 1;
    fixture->worker.endpoints = endpoint_table_new(&fixture->worker);
    close(fd);
    fields_set_defaults(&service_fields, &fixture->service_policy, &arena);
    fields_set_defaults(&route_fields, &fixture->route_policy, &arena);
    fixture->route_policy.sticky_cookie = TEXT_NONE;
    for (uint32_t i = 0; i < endpoint_count; i++) {
        struct snapshot_endpoint *endpoint = &fixture->endpoints[i];
        char text[32];

        snprintf(text, sizeof(text), "127.0.0.1:%u", 3000 + i);
        address_parse(text_of(text), &endpoint->address, &err);
        endpoint->name = TEXT("endpoint");
        endpoint->identity = 1000 + i;
        endpoint->slot = i;
        endpoint->weight = 1;
        endpoint->pooled = true;
    }
    fixture->described = (struct snapshot_service){
        .name = TEXT("service"),
        .policy = &fixture->service_policy,
        .endpoints = fixture->endpoints,
        .endpoint_count = endpoint_count,
    };
    fixture->route.policy = &fixture->route_policy;
    fixture->service = service_new(&fixture->serving, &fixture->described);
    address_parse(TEXT("192.0.2.1:1"), &fixture->client.address, &err);
    fixture->exchange.worker = &fixture->worker;
    fixture->exchange.client = &fixture->client;
    fixture->exchange.client_address = &fixture->client.address;
    fixture->exchange.route = &fixture->route;
    fixture->exchange.service = fixture->service;
    arena_done(&arena);
    return fixture;
}

void fixture_free(struct fixture *fixture)
{
    arena_done(&fixture->exchange.arena);
    service_free(fixture->service);
    endpoint_table_free(fixture->worker.endpoints);
    io_free(fixture->worker.io);
    board_unmap(fixture->worker.board);
    free(fixture);
}

int fixture_pick(struct fixture *fixture)
{
    struct endpoint *endpoint;

    if (balancer_pick(&fixture->exchange, &endpoint) != PICK_OK)
        return -1;
    for (uint32_t i = 0; i < fixture->service->endpoint_count; i++)
        if (fixture->service->endpoints[i] == endpoint)
            return (int)i;
    return -1;
}
