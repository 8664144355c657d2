#ifndef SWARMWARD_TESTS_WORKER_FIXTURE_H
#define SWARMWARD_TESTS_WORKER_FIXTURE_H

#include "backend/endpoint.h"
#include "backend/service.h"
#include "client/client.h"
#include "exchange/exchange.h"
#include "worker.h"

#define FIXTURE_ENDPOINTS 8

/* A worker without listeners, with one service whose endpoints are never connected to. */
struct fixture {
    struct worker worker;
    struct serving serving; /* without a snapshot */
    struct service_policy service_policy;
    struct route_policy route_policy;
    struct snapshot_endpoint endpoints[FIXTURE_ENDPOINTS];
    struct snapshot_service described;
    struct snapshot_route route;
    struct service *service;
    struct client client;
    struct exchange exchange; /* chooses endpoints of the service */
};

struct fixture *fixture_new(uint32_t endpoint_count);
void fixture_free(struct fixture *fixture);

/* Choose once; the index of the endpoint, or -1. */
int fixture_pick(struct fixture *fixture);

#endif
