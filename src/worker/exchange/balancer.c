/*
 * Which endpoint of a service an exchange goes to: least_conn by the power of two choices, smooth
 * weighted round robin, or rendezvous hashing of the client's address; the sticky cookie before
 * all.
 */

#include "balancer.h"

#include <math.h>

#include "../backend/endpoint.h"
#include "../backend/service.h"
#include "../client/client.h"
#include "../worker.h"
#include "base/hash.h"
#include "base/random.h"
#include "exchange.h"
#include "sticky.h"

/* A returning endpoint begins with a tenth of its weight. */
#define SLOW_START_LEAST 0.1

static bool was_tried(const struct exchange *exchange, const struct endpoint *endpoint)
{
    for (unsigned i = 0; i < exchange->tried_count; i++)
        if (exchange->tried[i] == endpoint->identity)
            return true;
    return false;
}

static bool has_room(const struct service *service, const struct endpoint *endpoint)
{
    int64_t most = service->described->policy->max_connections;

    return most == 0 || endpoint_load(endpoint) < most;
}

static bool is_up(const struct exchange *exchange, struct endpoint *endpoint)
{
    int64_t now_ms = io_now_ms(exchange->worker->io);

    return endpoint_is_up(endpoint, now_ms) && !was_tried(exchange, endpoint) &&
           (exchange->desperate || !endpoint_is_avoided(endpoint, now_ms));
}

static bool is_usable(const struct exchange *exchange, uint32_t index)
{
    struct service *service = exchange->service;
    struct endpoint *endpoint = service->endpoints[index];

    return is_up(exchange, endpoint) && has_room(service, endpoint);
}

static double weight_of(const struct exchange *exchange, uint32_t index)
{
    const struct service *service = exchange->service;
    const struct endpoint *endpoint = service->endpoints[index];
    int64_t ramp_ms = service->described->policy->slow_start_ms;
    double weight = service->described->endpoints[index].weight;
    int64_t age_ms;

    if (ramp_ms == 0 || endpoint->usable_since_ms == 0)
        return weight;
    age_ms = io_now_ms(exchange->worker->io) - endpoint->usable_since_ms;
    if (age_ms >= ramp_ms)
        return weight;
    return weight * fmax(SLOW_START_LEAST, (double)age_ms / (double)ramp_ms);
}

/* The first usable one at or behind a random place. SNAPSHOT_NONE: none is. */
static uint32_t random_usable(const struct exchange *exchange, uint32_t but)
{
    uint32_t count = exchange->service->endpoint_count;
    uint32_t start = (uint32_t)random_below(count);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = (start + i) % count;

        if (index != but && is_usable(exchange, index))
            return index;
    }
    return SNAPSHOT_NONE;
}

/* Two random ones, the less loaded of them for its weight. */
static uint32_t pick_least_conn(const struct exchange *exchange)
{
    struct endpoint **endpoints = exchange->service->endpoints;
    uint32_t first = random_usable(exchange, SNAPSHOT_NONE);
    uint32_t second;
    double first_load;
    double second_load;

    if (first == SNAPSHOT_NONE || exchange->service->endpoint_count == 1)
        return first;
    second = random_usable(exchange, first);
    if (second == SNAPSHOT_NONE)
        return first;
    first_load = (endpoints[first]->in_flight + 1) / weight_of(exchange, first);
    second_load = (endpoints[second]->in_flight + 1) / weight_of(exchange, second);
    return second_load < first_load ? second : first;
}

/* Every usable one gains its weight, the richest is chosen and pays the sum. */
static uint32_t pick_round_robin(const struct exchange *exchange)
{
    struct service *service = exchange->service;
    uint32_t best = SNAPSHOT_NONE;
    int64_t sum = 0;

    for (uint32_t i = 0; i < service->endpoint_count; i++) {
        int64_t weight;

        if (!is_usable(exchange, i))
            continue;
        weight = (int64_t)(weight_of(exchange, i) * 1000);
        service->round_robin[i] += weight;
        sum += weight;
        if (best == SNAPSHOT_NONE || service->round_robin[i] > service->round_robin[best])
            best = i;
    }
    if (best != SNAPSHOT_NONE)
        service->round_robin[best] -= sum;
    return best;
}

/* Rendezvous: the highest score of hash(client, endpoint), weighted as -weight / ln(hash). */
static uint32_t pick_source_hash(const struct exchange *exchange)
{
    const struct service *service = exchange->service;
    uint64_t source = address_host_hash(exchange->client_address);
    uint32_t best = SNAPSHOT_NONE;
    double best_score = 0;

    for (uint32_t i = 0; i < service->endpoint_count; i++) {
        double point;
        double score;

        if (!is_usable(exchange, i))
            continue;
        point = (double)(hash_mix(source ^ service->endpoints[i]->identity) >> 11) + 1;
        score = -service->described->endpoints[i].weight / log(point / 9007199254740994.0);
        if (best == SNAPSHOT_NONE || score > best_score) {
            best = i;
            best_score = score;
        }
    }
    return best;
}

static uint32_t pick(struct exchange *exchange)
{
    uint32_t index = sticky_find(exchange);

    if (index != SNAPSHOT_NONE && is_usable(exchange, index))
        return index;
    switch ((enum balance)exchange->service->described->policy->balance) {
    case BALANCE_LEAST_CONN:
        return pick_least_conn(exchange);
    case BALANCE_ROUND_ROBIN:
        return pick_round_robin(exchange);
    case BALANCE_SOURCE_HASH:
        return pick_source_hash(exchange);
    }
    return SNAPSHOT_NONE;
}

static bool any_avoided(const struct exchange *exchange)
{
    const struct service *service = exchange->service;
    int64_t now_ms = io_now_ms(exchange->worker->io);

    for (uint32_t i = 0; i < service->endpoint_count; i++)
        if (endpoint_is_avoided(service->endpoints[i], now_ms))
            return true;
    return false;
}

enum pick balancer_pick(struct exchange *exchange, struct endpoint **endpoint_out)
{
    struct service *service = exchange->service;
    uint32_t index = SNAPSHOT_NONE;

    exchange->desperate = false;
    if (service->endpoint_count)
        index = pick(exchange);
    if (index == SNAPSHOT_NONE && any_avoided(exchange)) {
        exchange->desperate = true;
        index = pick(exchange);
    }

    if (index != SNAPSHOT_NONE) {
        *endpoint_out = service->endpoints[index];
        sticky_set(exchange, index);
        return PICK_OK;
    }
    for (uint32_t i = 0; i < service->endpoint_count; i++)
        if (is_up(exchange, service->endpoints[i]))
            return PICK_FULL;
    return PICK_NONE;
}
