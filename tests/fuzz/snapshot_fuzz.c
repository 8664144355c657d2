/*
 * The snapshot decoder: whatever comes, it is refused or everything that can be reached in it may
 * be used, and it survives another trip.
 */

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "fuzz_target.h"
#include "model/snapshot.h"

/* magic, version, length */
#define HEADER_BYTES  20
#define LENGTH_OFFSET 12

static uint64_t look_at_domain(const struct snapshot *snapshot,
                               const struct snapshot_domain *domain)
{
    const struct snapshot_route *route = snapshot_find_route(snapshot, domain, TEXT("/a/b"));
    uint64_t sum = hash_text(domain->name);

    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (domain->certificates[kind] != SNAPSHOT_NONE)
            sum += hash_text(snapshot->certificates[domain->certificates[kind]].chain);
    if (route)
        sum += hash_text(snapshot->services[route->service].name) +
               hash_text(route->policy->sticky_cookie);
    if (!domain->wildcard && snapshot_find_domain(snapshot, domain->name) != domain)
        abort();
    return sum;
}

static uint64_t look_at_everything(const struct snapshot *snapshot)
{
    uint64_t sum = hash_text(snapshot->log.access_output);

    for (uint32_t i = 0; i < snapshot->domain_count; i++)
        sum += look_at_domain(snapshot, &snapshot->domains[i]);
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        sum += hash_text(service->policy->health.path);
        for (uint32_t j = 0; j < service->endpoint_count; j++)
            sum += address_hash(&service->endpoints[j].address) + service->endpoints[j].slot;
    }
    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (snapshot->fallback_certificates[kind] != SNAPSHOT_NONE)
            sum += (uint64_t)snapshot->certificates[snapshot->fallback_certificates[kind]].kind;
    return sum;
}

static void send_again(const struct snapshot *snapshot)
{
    struct buffer first = { 0 };
    struct buffer second = { 0 };
    struct snapshot *again = snapshot_new();

    snapshot_encode(snapshot, &first);
    if (snapshot_decode(again, buffer_text(&first), NULL) < 0)
        abort();
    snapshot_encode(again, &second);
    if (!text_equal(buffer_text(&first), buffer_text(&second)))
        abort();
    snapshot_unref(again);
    buffer_done(&first);
    buffer_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct snapshot *snapshot = snapshot_new();
    char *copy = len ? memory_copy(bytes, len) : NULL;
    struct err err;

    /* the length must fit, or no input of another length would ever be looked into */
    for (size_t i = 0; len >= HEADER_BYTES && i < 8; i++)
        copy[LENGTH_OFFSET + i] = (char)(uint8_t)((uint64_t)len >> (8 * i));
    if (snapshot_decode(snapshot, text_make(copy, len), &err) == 0) {
        volatile uint64_t sum = look_at_everything(snapshot);

        (void)sum;
        send_again(snapshot);
    }
    snapshot_unref(snapshot);
    free(copy);
    return 0;
}
