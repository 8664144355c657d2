/* What is counted of each exchange. Each worker writes its own page, so nothing is ever locked. */

#include "exchange_counters.h"

#include "../worker.h"
#include "exchange.h"

static const int64_t bounds_ms[] = BOARD_DURATION_BOUNDS;

#define BOUNDS (sizeof(bounds_ms) / sizeof(bounds_ms[0]))

/* 1xx and 2xx, 3xx, 4xx, 5xx, and 499: the client went away. */
static size_t class_of(int status)
{
    if (status == 499)
        return 4;
    if (status < 300)
        return 0;
    return status < 600 ? (size_t)status / 100 - 2 : 3;
}

static size_t bucket_of(int64_t duration_us)
{
    size_t bucket = 0;

    while (bucket < BOUNDS && duration_us > bounds_ms[bucket] * 1000)
        bucket++;
    return bucket;
}

static void count(struct board_domain *domain, size_t class, size_t bucket, int64_t duration_us)
{
    board_add(&domain->responses[class], 1);
    board_add(&domain->durations[bucket], 1);
    board_add(&domain->duration_us, duration_us);
}

void exchange_counters_add(const struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    int64_t duration_us = io_now_us(worker->io) - exchange->started_us;
    size_t class = class_of(exchange->status);
    size_t bucket = bucket_of(duration_us);

    if (exchange->reason)
        exchange_counters_refused(worker, exchange->reason);
    if (!exchange->https)
        return; /* redirects have a counter of their own, and no domain */
    count(&worker->counters->all_domains, class, bucket, duration_us);
    if (exchange->domain && exchange->domain->slot != SNAPSHOT_NONE)
        count(&worker->counters->domains[exchange->domain->slot], class, bucket, duration_us);
}

void exchange_counters_refused(struct worker *worker, const char *reason)
{
    board_add(&worker->counters->refusals[reason_of(reason)], 1);
}

static void begin_at_zero(struct board_domain *domain)
{
    for (size_t i = 0; i < sizeof(domain->responses) / sizeof(domain->responses[0]); i++)
        atomic_store_explicit(&domain->responses[i], 0, memory_order_relaxed);
    for (size_t i = 0; i < BOARD_DURATION_BUCKETS; i++)
        atomic_store_explicit(&domain->durations[i], 0, memory_order_relaxed);
    atomic_store_explicit(&domain->duration_us, 0, memory_order_relaxed);
}

void exchange_counters_settle(struct worker *worker)
{
    const struct snapshot *snapshot = worker->serving->snapshot;

    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];
        uint64_t owner = hash_mix(hash_text(domain->name) ^ domain->wildcard) | 1;

        if (domain->slot == SNAPSHOT_NONE || worker->domain_owners[domain->slot] == owner)
            continue;
        if (worker->domain_owners[domain->slot])
            begin_at_zero(&worker->counters->domains[domain->slot]);
        worker->domain_owners[domain->slot] = owner;
    }
}
