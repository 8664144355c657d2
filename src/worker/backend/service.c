/*
 * One service as this worker runs it: endpoints, retry budget, and the queue of exchanges that wait
 * for an endpoint with room. Which endpoint is the balancer's choice.
 */

#include "service.h"

#include <assert.h>
#include <stdlib.h>

#include "../exchange/exchange.h"
#include "../worker.h"
#include "base/memory.h"
#include "tls/tls_backend.h"

/* A quiet service may always retry a few times in a row. */
#define BUDGET_MOST_PERCENT 1000
/* Another worker's exchange may have ended: look again while somebody waits. */
#define QUEUE_TICK_MS 20

static void on_queue_tick(void *owner);

static struct endpoint *get_endpoint(const struct serving *serving,
                                     const struct snapshot_service *described, uint32_t index)
{
    struct worker *worker = serving->worker;
    struct endpoint *endpoint =
        endpoint_get(worker->endpoints, &described->endpoints[index],
                     described->policy->slow_start_ms > 0 && worker->serving != NULL);

    endpoint->drain_ms = described->policy->drain_ms;
    endpoint->protocol = described->policy->protocol;
    if (!endpoint->peer && serving->backend_tls && protocol_has_tls(endpoint->protocol))
        endpoint->peer = tls_peer_new(serving->backend_tls, snapshot_service_host(described),
                                      &endpoint->address);
    return endpoint;
}

struct service *service_new(struct serving *serving, const struct snapshot_service *described)
{
    struct worker *worker = serving->worker;
    struct service *service = memory_new(sizeof(*service));

    service->worker = worker;
    service->described = described;
    service->endpoint_count = described->endpoint_count;
    service->endpoints = memory_new((described->endpoint_count + 1) * sizeof(struct endpoint *));
    service->round_robin = memory_new((described->endpoint_count + 1) * sizeof(int64_t));
    service->retry_percent = BUDGET_MOST_PERCENT;
    for (uint32_t i = 0; i < described->endpoint_count; i++)
        service->endpoints[i] = get_endpoint(serving, described, i);
    TAILQ_INIT(&service->waiting);
    deadline_init(&service->queue_tick, worker->io, on_queue_tick, service);
    return service;
}

void service_free(struct service *service)
{
    if (!service)
        return;
    assert(TAILQ_EMPTY(&service->waiting)); /* each one holds the snapshot */
    deadline_done(&service->queue_tick);
    for (uint32_t i = 0; i < service->endpoint_count; i++)
        endpoint_unref(service->endpoints[i]);
    free(service->endpoints);
    free(service->round_robin);
    free(service);
}

void service_endpoint_failed(struct service *service, struct endpoint *endpoint)
{
    const struct outlier_settings *outlier = &service->described->policy->outlier;
    int64_t now_ms = io_now_ms(service->worker->io);
    uint32_t ejected = 0;

    for (uint32_t i = 0; i < service->endpoint_count; i++)
        ejected += now_ms < service->endpoints[i]->ejected_until_ms;
    endpoint_failed(endpoint, outlier,
                    ((uint64_t)ejected + 1) * 100 <=
                        service->endpoint_count * (uint64_t)outlier->max_ejected_percent,
                    now_ms);
}

void service_budget_earn(struct service *service)
{
    service->retry_percent += service->described->policy->retry_budget_percent;
    if (service->retry_percent > BUDGET_MOST_PERCENT)
        service->retry_percent = BUDGET_MOST_PERCENT;
}

bool service_budget_spend(struct service *service)
{
    if (service->described->policy->retry_budget_percent == 0 || service->retry_percent < 100)
        return false;
    service->retry_percent -= 100;
    return true;
}

static void tick_later(struct service *service)
{
    deadline_set(&service->queue_tick, io_now_ms(service->worker->io) + QUEUE_TICK_MS);
}

bool service_queue(struct service *service, struct exchange *exchange)
{
    if (service->waiting_count >= service->described->policy->queue_size)
        return false;
    TAILQ_INSERT_TAIL(&service->waiting, exchange, queue_link);
    service->waiting_count++;
    tick_later(service);
    return true;
}

void service_unqueue(struct service *service, struct exchange *exchange)
{
    TAILQ_REMOVE(&service->waiting, exchange, queue_link);
    service->waiting_count--;
}

/* The oldest first, as long as each finds room. An exchange that finds none stays where it is. */
void service_wake(struct service *service)
{
    struct exchange *first;

    while ((first = TAILQ_FIRST(&service->waiting)) && exchange_try_again(first))
        continue;
}

/* Another snapshot is in force: who waits looks there. Those whose route is gone wait on. */
void service_requeue(struct service *service)
{
    struct exchange *first;

    for (uint32_t left = service->waiting_count;
         left > 0 && (first = TAILQ_FIRST(&service->waiting)); left--) {
        service_unqueue(service, first);
        exchange_requeued(first);
    }
}

static void on_queue_tick(void *owner)
{
    struct service *service = owner;
    int64_t now_ms = io_now_ms(service->worker->io);
    int64_t patience_ms = service->described->policy->queue_timeout_ms;
    struct exchange *first;

    while ((first = TAILQ_FIRST(&service->waiting)) && now_ms - first->queued_ms >= patience_ms)
        exchange_queue_timeout(first);
    service_wake(service);
    if (!TAILQ_EMPTY(&service->waiting))
        tick_later(service);
}
