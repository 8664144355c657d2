#ifndef SWARMWARD_WORKER_SERVICE_H
#define SWARMWARD_WORKER_SERVICE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "endpoint.h"
#include "model/snapshot.h"
#include "net/deadline.h"

struct exchange;
struct serving;
struct worker;

TAILQ_HEAD(exchange_queue, exchange);

/* One service of a snapshot as this worker runs it: its endpoints, its queue, its retry budget. */
struct service {
    /* owned */
    struct endpoint **endpoints;
    struct exchange_queue waiting; /* exchanges that found every endpoint at its limit */
    struct deadline queue_tick;
    int64_t *round_robin; /* smooth weighted round robin: current weight by endpoint */
    /* borrowed */
    struct worker *worker;
    const struct snapshot_service *described; /* of the snapshot, which outlives the service */
    uint32_t endpoint_count;
    uint32_t waiting_count;
    int64_t retry_percent; /* what the budget holds; 100 = one retry */
};

struct service *service_new(struct serving *serving, const struct snapshot_service *described);
void service_free(struct service *service); /* NULL is fine */

/* Report an endpoint's failure; it is ejected only while enough others are left. */
void service_endpoint_failed(struct service *service, struct endpoint *endpoint);

/* Every request pays into the retry budget, every retry takes one out of it. */
void service_budget_earn(struct service *service);
bool service_budget_spend(struct service *service);

/* False: the queue is full. The exchange is called by exchange_dequeued() or
 * exchange_queue_timeout(). */
bool service_queue(struct service *service, struct exchange *exchange);
void service_unqueue(struct service *service, struct exchange *exchange);
/* Another snapshot is in force. */
void service_requeue(struct service *service);
/* An endpoint has room again. */
void service_wake(struct service *service);

#endif
