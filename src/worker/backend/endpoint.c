/*
 * Endpoints by identity: load, failures in a row, ejection with growing intervals. Used by the
 * balancer and the backend connections; chooses nothing itself.
 */

#include "endpoint.h"

#include <assert.h>
#include <stdlib.h>

#include "../exchange/exchange.h"
#include "../worker.h"
#include "backend_pool.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "tls/tls_backend.h"

/* Chained buckets; looked up when a service is made, not per request. */
struct endpoint_table {
    /* owned */
    struct endpoint **buckets;
    size_t capacity; /* a power of two */
    size_t count;
    /* borrowed */
    struct worker *worker;
    uint64_t round; /* of endpoint_table_settle() */
};

struct endpoint_table *endpoint_table_new(struct worker *worker)
{
    struct endpoint_table *table = memory_new(sizeof(*table));

    table->worker = worker;
    table->capacity = 64;
    table->buckets = memory_new(table->capacity * sizeof(struct endpoint *));
    return table;
}

void endpoint_table_free(struct endpoint_table *table)
{
    if (!table)
        return;
    assert(table->count == 0);
    free(table->buckets);
    free(table);
}

static struct endpoint **bucket_of(const struct endpoint_table *table, uint64_t identity)
{
    return &table->buckets[(size_t)hash_mix(identity) & (table->capacity - 1)];
}

static void grow(struct endpoint_table *table)
{
    struct endpoint **old = table->buckets;
    size_t old_capacity = table->capacity;
    struct endpoint *next;

    table->capacity *= 2;
    table->buckets = memory_new(table->capacity * sizeof(struct endpoint *));
    for (size_t i = 0; i < old_capacity; i++) {
        for (struct endpoint *endpoint = old[i]; endpoint; endpoint = next) {
            struct endpoint **bucket = bucket_of(table, endpoint->identity);

            next = endpoint->next;
            endpoint->next = *bucket;
            *bucket = endpoint;
        }
    }
    free(old);
}

static void unlink_endpoint(struct endpoint_table *table, const struct endpoint *endpoint)
{
    struct endpoint **at = bucket_of(table, endpoint->identity);

    while (*at != endpoint)
        at = &(*at)->next;
    *at = endpoint->next;
    table->count--;
}

static void on_drained_out(void *owner);

static struct endpoint *endpoint_new(struct worker *worker,
                                     const struct snapshot_endpoint *described, bool slow_start)
{
    struct endpoint *endpoint = memory_new(sizeof(*endpoint));

    text_to_buffer(described->name, endpoint->name, sizeof(endpoint->name));
    endpoint->worker = worker;
    endpoint->address = described->address;
    endpoint->identity = described->identity;
    endpoint->slot = described->slot;
    endpoint->board = &worker->counters->endpoints[described->slot];
    endpoint->usable_since_ms = slow_start ? io_now_ms(worker->io) : 0;
    endpoint->pool = backend_pool_new(endpoint);
    endpoint->pooled = described->pooled;
    endpoint->named_in = worker->endpoints->round;
    TAILQ_INIT(&endpoint->running);
    deadline_init(&endpoint->drain, worker->io, on_drained_out, endpoint);
    /* a slot that belonged to another one before, or to the worker before this one */
    atomic_store(&endpoint->board->in_flight, 0);
    atomic_store(&endpoint->board->failures, 0);
    atomic_store(&endpoint->board->requests, 0);
    atomic_store(&endpoint->board->ejected_until_ms, 0);
    atomic_store(&endpoint->board->last_failure, 0);
    return endpoint;
}

static struct endpoint *find(const struct endpoint_table *table, uint64_t identity)
{
    struct endpoint *endpoint = *bucket_of(table, identity);

    while (endpoint && endpoint->identity != identity)
        endpoint = endpoint->next;
    return endpoint;
}

struct endpoint *endpoint_get(struct endpoint_table *table,
                              const struct snapshot_endpoint *described, bool slow_start)
{
    struct endpoint *endpoint = find(table, described->identity);

    if (!endpoint) {
        struct endpoint **bucket;

        if (table->count >= table->capacity)
            grow(table);
        bucket = bucket_of(table, described->identity);
        endpoint = endpoint_new(table->worker, described, slow_start);
        endpoint->next = *bucket;
        *bucket = endpoint;
        table->count++;
    }
    endpoint->references++;
    return endpoint;
}

struct endpoint *endpoint_ref(struct endpoint *endpoint)
{
    endpoint->references++;
    return endpoint;
}

void endpoint_unref(struct endpoint *endpoint)
{
    if (!endpoint || --endpoint->references > 0)
        return;
    assert(endpoint->in_flight == 0);
    unlink_endpoint(endpoint->worker->endpoints, endpoint);
    deadline_done(&endpoint->drain);
    backend_pool_free(endpoint->pool);
    tls_peer_free(endpoint->peer);
    free(endpoint);
}

/* --- draining ------------------------------------------------------------------------------------
 */

static void on_drained_out(void *owner)
{
    struct endpoint *endpoint = owner;
    struct exchange *exchange;

    while ((exchange = TAILQ_FIRST(&endpoint->running))) {
        COUNT(endpoint->worker, drains_cut, 1);
        exchange_drained_out(exchange); /* leaves the endpoint, which may be its last reference */
        if (exchange == TAILQ_FIRST(&endpoint->running))
            return;
    }
}

static void begin_drain(struct endpoint *endpoint)
{
    endpoint->draining = true;
    COUNT(endpoint->worker, drains, 1);
    log_debug("event=drain endpoint=%s running=%u", endpoint->name, endpoint->in_flight);
    backend_pool_close_idle(endpoint->pool);
    deadline_set(&endpoint->drain, io_now_ms(endpoint->worker->io) + endpoint->drain_ms);
}

static void end_drain(struct endpoint *endpoint)
{
    endpoint->draining = false;
    deadline_clear(&endpoint->drain);
}

static void mark_named(struct endpoint_table *table, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->service_count; i++)
        for (uint32_t j = 0; j < snapshot->services[i].endpoint_count; j++) {
            struct endpoint *endpoint = find(table, snapshot->services[i].endpoints[j].identity);

            if (endpoint)
                endpoint->named_in = table->round;
        }
}

void endpoint_table_settle(struct endpoint_table *table, const struct snapshot *snapshot)
{
    if (table->count == 0)
        return;
    table->round++;
    mark_named(table, snapshot);
    for (size_t i = 0; i < table->capacity; i++)
        for (struct endpoint *endpoint = table->buckets[i]; endpoint; endpoint = endpoint->next) {
            bool named = endpoint->named_in == table->round;

            if (named && endpoint->draining)
                end_drain(endpoint);
            else if (!named && !endpoint->draining)
                begin_drain(endpoint);
        }
}

bool endpoint_is_up(struct endpoint *endpoint, int64_t now_ms)
{
    const struct board *board = endpoint->worker->board;
    bool down = atomic_load_explicit(&board->health[endpoint->slot], memory_order_relaxed) ==
                    BOARD_HEALTH_DOWN ||
                now_ms < endpoint->ejected_until_ms ||
                (endpoint->unproven && endpoint->in_flight > 0);

    if (endpoint->draining)
        return false;
    if (endpoint->was_down && !down)
        endpoint->usable_since_ms = now_ms;
    endpoint->was_down = down;
    return !down;
}

/* Only avoided, since each worker keeps `max_ejected` by itself: together they could eject all. */
static bool is_ejected_elsewhere(const struct endpoint *endpoint, int64_t now_ms)
{
    const struct board *board = endpoint->worker->board;
    uint32_t workers = atomic_load_explicit(&board->worker_count, memory_order_relaxed);

    for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
        if (now_ms <
            atomic_load_explicit(&board->worker[i].endpoints[endpoint->slot].ejected_until_ms,
                                 memory_order_relaxed))
            return true;
    return false;
}

bool endpoint_is_avoided(const struct endpoint *endpoint, int64_t now_ms)
{
    return now_ms < endpoint->avoided_until_ms || is_ejected_elsewhere(endpoint, now_ms);
}

uint32_t endpoint_load(const struct endpoint *endpoint)
{
    const struct board *board = endpoint->worker->board;
    uint32_t workers = atomic_load_explicit(&board->worker_count, memory_order_relaxed);
    uint32_t load = 0;

    for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
        load += atomic_load_explicit(&board->worker[i].endpoints[endpoint->slot].in_flight,
                                     memory_order_relaxed);
    return load;
}

static void publish_in_flight(struct endpoint *endpoint)
{
    atomic_store_explicit(&endpoint->board->in_flight, endpoint->in_flight, memory_order_relaxed);
}

void endpoint_begin(struct endpoint *endpoint)
{
    endpoint->in_flight++;
    publish_in_flight(endpoint);
    board_add(&endpoint->board->requests, 1);
}

void endpoint_end(struct endpoint *endpoint)
{
    assert(endpoint->in_flight > 0);
    endpoint->in_flight--;
    publish_in_flight(endpoint);
}

void endpoint_succeeded(struct endpoint *endpoint, int64_t begun_us)
{
    if (!endpoint->failures && !endpoint->ejections)
        return;
    if (begun_us <= endpoint->failed_us)
        return;
    endpoint->unproven = false;
    endpoint->avoided_until_ms = 0;
    endpoint->failures = 0;
    /* a second success after the return forgets how long it was away */
    if (endpoint->ejections && endpoint->ejected_until_ms == 0)
        endpoint->ejections = 0;
    endpoint->ejected_until_ms = 0;
    atomic_store_explicit(&endpoint->board->failures, 0, memory_order_relaxed);
    atomic_store_explicit(&endpoint->board->last_failure, 0, memory_order_relaxed);
    atomic_store_explicit(&endpoint->board->ejected_until_ms, 0, memory_order_relaxed);
}

static int64_t ejection_ms(const struct endpoint *endpoint, const struct outlier_settings *outlier)
{
    int64_t length = outlier->base_ejection_ms;

    for (uint32_t i = 0; i < endpoint->ejections && length < outlier->max_ejection_ms; i++)
        length *= 2;
    return length < outlier->max_ejection_ms ? length : outlier->max_ejection_ms;
}

void endpoint_note_failure(struct endpoint *endpoint, const char *reason, const char *detail)
{
    uint32_t word = (uint32_t)reason_of(reason) + 1;

    if (atomic_load_explicit(&endpoint->board->last_failure, memory_order_relaxed) == word)
        return;
    atomic_store_explicit(&endpoint->board->last_failure, word, memory_order_relaxed);
    log_warn("event=endpoint_failed endpoint=%s reason=%s detail=\"%s\"", endpoint->name, reason,
             detail);
}

bool endpoint_failed(struct endpoint *endpoint, const struct outlier_settings *outlier,
                     bool may_eject, int64_t now_ms)
{
    int64_t length;

    endpoint->failures++;
    endpoint->failed_us = io_now_us(endpoint->worker->io);
    atomic_store_explicit(&endpoint->board->failures, endpoint->failures, memory_order_relaxed);
    if (endpoint->failures < outlier->failures || now_ms < endpoint->ejected_until_ms)
        return false;
    length = ejection_ms(endpoint, outlier);
    if (!may_eject) {
        endpoint->avoided_until_ms = now_ms + length;
        return false;
    }
    endpoint->unproven = true;
    endpoint->ejected_until_ms = now_ms + length;
    endpoint->ejections++;
    endpoint->failures = 0;
    atomic_store_explicit(&endpoint->board->ejected_until_ms, endpoint->ejected_until_ms,
                          memory_order_relaxed);
    COUNT(endpoint->worker, ejections, 1);
    log_warn("event=endpoint_ejected endpoint=%s for_ms=%lld", endpoint->name, (long long)length);
    return true;
}
