/* A snapshot in use: derived values, and the services made of it as requests ask for them. */

#include <assert.h>
#include <stdlib.h>

#include "backend/service.h"
#include "base/memory.h"
#include "tls/tls_backend.h"
#include "worker.h"

static void build_hsts(struct serving *serving)
{
    const struct header_settings *headers = &serving->snapshot->headers;

    if (!headers->hsts_max_age_s)
        return;
    buffer_format(&serving->hsts, "max-age=%lld%s%s", (long long)headers->hsts_max_age_s,
                  headers->hsts_include_subdomains ? "; includeSubDomains" : "",
                  headers->hsts_preload ? "; preload" : "");
}

/* The snapshot's rows were checked when it was decoded. */
static void build_trusted_proxies(struct serving *serving)
{
    const struct text_list *list = &serving->snapshot->listeners.trusted_proxies;

    if (!list->count)
        return;
    serving->trusted_proxies = memory_new(list->count * sizeof(*serving->trusted_proxies));
    for (size_t i = 0; i < list->count; i++)
        if (address_prefix_parse(
                list->items[i], &serving->trusted_proxies[serving->trusted_proxy_count], NULL) == 0)
            serving->trusted_proxy_count++;
}

bool serving_trusts(const struct serving *serving, const struct address *address)
{
    for (size_t i = 0; i < serving->trusted_proxy_count; i++)
        if (address_prefix_contains(&serving->trusted_proxies[i], address))
            return true;
    return false;
}

struct serving *serving_new(struct worker *worker, struct snapshot *snapshot,
                            struct tls_backend *backend_tls)
{
    struct serving *serving = memory_new(sizeof(*serving));

    serving->worker = worker;
    serving->backend_tls = backend_tls;
    serving->snapshot = snapshot_ref(snapshot);
    serving->services = memory_new((snapshot->service_count + 1) * sizeof(struct service *));
    serving->limits = (struct h1_limits){
        .head_bytes = (size_t)snapshot->limits.header_bytes,
        .fields = (size_t)snapshot->limits.header_fields,
        .target_bytes = (size_t)snapshot->limits.header_uri_bytes,
    };
    serving->references = 1;
    build_hsts(serving);
    build_trusted_proxies(serving);
    COUNT(worker, snapshots_alive, 1);
    return serving;
}

struct serving *serving_ref(struct serving *serving)
{
    serving->references++;
    return serving;
}

void serving_unref(struct serving *serving)
{
    if (!serving || --serving->references > 0)
        return;
    for (uint32_t i = 0; i < serving->snapshot->service_count; i++)
        service_free(serving->services[i]);
    COUNT(serving->worker, snapshots_alive, -1);
    free(serving->services);
    free(serving->trusted_proxies);
    buffer_done(&serving->hsts);
    tls_backend_unref(serving->backend_tls);
    snapshot_unref(serving->snapshot);
    free(serving);
}

struct service *serving_service(struct serving *serving, uint32_t index)
{
    assert(index < serving->snapshot->service_count);
    if (!serving->services[index])
        serving->services[index] = service_new(serving, &serving->snapshot->services[index]);
    return serving->services[index];
}

static bool starts_slowly(const struct snapshot_service *service)
{
    return service->policy->slow_start_ms > 0;
}

/*
 * A service that starts slowly must be known from the beginning: who joins later is told from who
 * was there by this worker having an endpoint of that identity.
 */
void serving_carry_over(const struct serving *older, struct serving *newer)
{
    struct string_map in_use = { 0 };
    size_t unused;

    for (uint32_t i = 0; older && i < older->snapshot->service_count; i++)
        if (older->services[i])
            string_map_put(&in_use, older->snapshot->services[i].name, i);
    for (uint32_t i = 0; i < newer->snapshot->service_count; i++) {
        const struct snapshot_service *service = &newer->snapshot->services[i];

        if (starts_slowly(service) ||
            (in_use.count && string_map_get(&in_use, service->name, &unused)))
            serving_service(newer, i);
    }
    string_map_done(&in_use);
}

void serving_requeue(struct serving *older)
{
    for (uint32_t i = 0; older && i < older->snapshot->service_count; i++)
        if (older->services[i] && older->services[i]->waiting_count)
            service_requeue(older->services[i]);
}
