/*
 * Requests that belong to another host (www and apex) or to another path. Called by policy.c. The
 * new place is always written in full, so that no path of a request can be read as a host.
 */

#include "../exchange/exchange.h"
#include "policy.h"

/* Is the request's own port, for a name of ours. */
static struct text port_suffix(struct exchange *exchange)
{
    uint16_t port = exchange->request.port;

    if (!port || port == 443)
        return TEXT_NONE;
    return arena_format(&exchange->arena, ":%u", (unsigned)port);
}

static void send_to(struct exchange *exchange, int status, struct text place)
{
    struct reply reply = { .status = status };
    const struct request_head *request = &exchange->request;

    if (request->has_query)
        place = arena_format(&exchange->arena, "%.*s?%.*s", TEXT_ARGS(place),
                             TEXT_ARGS(request->query));
    reply_add(&reply, TEXT("Location"), place);
    exchange_answer(exchange, &reply, NULL);
}

bool host_redirect_check(struct exchange *exchange)
{
    struct text host = exchange->domain->policy->redirect_host;
    struct text path = exchange->request.path;
    struct text port;

    if (!host.len)
        return true;
    if (text_equal(path, TEXT("*")))
        path = TEXT("/");
    port = port_suffix(exchange);
    send_to(exchange, 308,
            arena_format(&exchange->arena, "https://%.*s%.*s%.*s", TEXT_ARGS(host), TEXT_ARGS(port),
                         TEXT_ARGS(path)));
    return false;
}

static struct text place_of(struct exchange *exchange, const struct snapshot_redirect *redirect)
{
    struct text rest = text_from(exchange->path, redirect->path.len);
    struct text port = port_suffix(exchange);

    if (redirect->path.len == 1) /* "/": what follows begins with its slash */
        rest = exchange->path;
    if (redirect->to.len && redirect->to.at[0] != '/')
        return arena_format(&exchange->arena, "%.*s%.*s", TEXT_ARGS(redirect->to), TEXT_ARGS(rest));
    if (!redirect->to.len && !rest.len)
        rest = TEXT("/");
    return arena_format(&exchange->arena, "https://%.*s%.*s%.*s%.*s", TEXT_ARGS(exchange->host),
                        TEXT_ARGS(port), TEXT_ARGS(redirect->to), TEXT_ARGS(rest));
}

bool path_redirect_check(struct exchange *exchange)
{
    const struct snapshot_domain_policy *policy = exchange->domain->policy;

    for (uint32_t i = 0; i < policy->redirect_count; i++) {
        const struct snapshot_redirect *redirect = &policy->redirects[i];

        if (!route_path_covers(redirect->path, exchange->path))
            continue;
        send_to(exchange, redirect->status, place_of(exchange, redirect));
        return false;
    }
    return true;
}
