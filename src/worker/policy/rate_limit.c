/*
 * Requests of one client in a time: a token bucket on the shared board for each domain and client,
 * so that all workers together hold the rate. Called by policy.c.
 */

#include "../client/client.h"
#include "../exchange/exchange.h"
#include "model/board_buckets.h"
#include "policy.h"

#define NS_A_MS INT64_C(1000000)
#define NS_A_S  INT64_C(1000000000)

static struct bucket_size size_of(const struct domain_policy *settings)
{
    return (struct bucket_size){
        .interval_ns = settings->rate.period_ms * NS_A_MS / settings->rate.count,
        .tokens = settings->burst ? settings->burst : settings->rate.count,
    };
}

/* One address of the routing mesh, and nobody trusted says who is behind it. */
static bool stands_for_many(const struct exchange *exchange)
{
    return exchange->client->shared_source &&
           exchange->client_address == &exchange->client->address;
}

bool rate_limit_check(struct exchange *exchange)
{
    const struct snapshot_domain_policy *policy = exchange->domain->policy;
    struct worker *worker = exchange->worker;
    struct reply reply = { .status = 429 };
    struct bucket_size size;
    uint64_t key;
    bool forgot;
    int64_t wait_ns;

    if (!policy->settings.rate.count || stands_for_many(exchange))
        return true;
    size = size_of(&policy->settings);
    key = hash_mix(policy->identity ^
                   address_client_hash(exchange->client_address, worker->board->bucket_key));
    wait_ns =
        board_bucket_take(&worker->board->rates, key, &size, io_now_us(worker->io) * 1000, &forgot);
    if (forgot)
        COUNT(worker, rate_limits_forgotten, 1);
    if (!wait_ns)
        return true;
    reply_add(&reply, TEXT("Retry-After"),
              arena_format(&exchange->arena, "%lld", (long long)((wait_ns + NS_A_S - 1) / NS_A_S)));
    exchange_answer(exchange, &reply, "rate_limited");
    return false;
}
