/*
 * The order in which a request is asked: where it comes from, how many came before it, whether the
 * domain is closed, whether it belongs to another place, and who sends it. What is cheap to answer
 * comes first, and nobody is asked for a password at a place that would send them away.
 */

#include "policy.h"

#include "../client/client.h"
#include "../exchange/exchange.h"
#include "verifier.h"

#define MAINTENANCE_RETRY_S "300"

static bool contains(const struct network_list *list, const struct address *address)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (address_prefix_contains(&list->items[i], address))
            return true;
    return false;
}

static bool access_check(struct exchange *exchange)
{
    const struct snapshot_domain_policy *policy = exchange->domain->policy;
    const struct address *address = exchange->client_address;

    if (!contains(&policy->deny, address) &&
        (!policy->allow.count || contains(&policy->allow, address)))
        return true;
    exchange_fail(exchange, 403, "access_denied");
    return false;
}

static bool maintenance_check(struct exchange *exchange)
{
    const struct snapshot_domain_policy *policy = exchange->domain->policy;
    struct reply reply = { .status = 503, .body = policy->page };

    if (!policy->settings.maintenance && !(exchange->route && exchange->route->maintenance))
        return true;
    if (contains(&policy->testers, exchange->client_address))
        return true;
    if (policy->page.len)
        reply.content_type = TEXT("text/html; charset=utf-8");
    reply_add(&reply, TEXT("Retry-After"), TEXT(MAINTENANCE_RETRY_S));
    reply_add(&reply, TEXT("Cache-Control"), TEXT("no-store"));
    exchange_answer(exchange, &reply, "maintenance");
    return false;
}

bool policy_check(struct exchange *exchange)
{
    static bool (*const parts[])(struct exchange * exchange) = {
        access_check,        rate_limit_check,    maintenance_check,
        host_redirect_check, path_redirect_check, basic_auth_check,
    };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!parts[i](exchange))
            return false;
    return true;
}

void policy_forget(struct exchange *exchange)
{
    if (!exchange->verification)
        return;
    verifier_forget(exchange);
    exchange->user = TEXT_NONE; /* nobody has shown it */
}
