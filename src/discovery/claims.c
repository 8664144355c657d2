/*
 * Addresses that are given to another task before the list of the old one is read again: Swarm does
 * not tell when a task ends, and the next one may belong to another service. While the Engine is
 * away DNS alone shows it. Used by view.c.
 */

#include "claims.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/memory.h"

struct claim {
    uint64_t key;   /* network and address */
    int64_t at_ms;  /* when the task was listed */
    int64_t age_us; /* since when it runs */
    const struct known_task *task;
};

struct dns_claim {
    uint64_t key; /* address */
    int64_t at_ms;
    const struct known_service *service;
};

static uint64_t key_of(const struct docker_attachment *attachment)
{
    return hash_mix(hash_text(attachment->network) ^ address_host_hash(&attachment->address));
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* By key, and of the same key the best first. */
static int compare_claims(const void *a, const void *b)
{
    const struct claim *first = a;
    const struct claim *second = b;

    if (first->key != second->key)
        return first->key < second->key ? -1 : 1;
    if (first->at_ms != second->at_ms)
        return compare_numbers(second->at_ms, first->at_ms);
    return compare_numbers(second->age_us, first->age_us);
}

/* --- what the Engine says ------------------------------------------------------------------------
 */

static size_t count_attachments(struct known_service *const *services, size_t count)
{
    size_t attachments = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < services[i]->task_count; j++)
            attachments += services[i]->tasks[j].task.attachment_count;
    return attachments;
}

static void add_task(struct claims *claims, const struct known_task *known)
{
    const struct docker_task *task = &known->task;

    if (task->state != DOCKER_TASK_RUNNING || task->desired != DOCKER_TASK_RUNNING)
        return;
    for (size_t i = 0; i < task->attachment_count; i++)
        claims->by_key[claims->count++] = (struct claim){
            .key = key_of(&task->attachments[i]),
            .at_ms = known->listed_ms,
            .age_us = task->state_since_us,
            .task = known,
        };
}

/* --- what DNS says -------------------------------------------------------------------------------
 */

/* Its last answer was that set, and not "nothing", which is doubted for a while. */
static bool stands_by_its_set(const struct known_service *service)
{
    return !service->dns_silent_ms;
}

static int compare_dns_claims(const void *a, const void *b)
{
    const struct dns_claim *first = a;
    const struct dns_claim *second = b;

    return (first->key > second->key) - (first->key < second->key);
}

static void make_dns_claims(struct claims *claims, struct known_service *const *services,
                            size_t count)
{
    size_t addresses = 0;

    for (size_t i = 0; i < count; i++)
        addresses += services[i]->dns_count;
    claims->dns_count = 0;
    claims->by_address = memory_new((addresses + 1) * sizeof(*claims->by_address));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; stands_by_its_set(services[i]) && j < services[i]->dns_count; j++)
            claims->by_address[claims->dns_count++] = (struct dns_claim){
                .key = address_host_hash(&services[i]->dns[j]),
                .at_ms = services[i]->dns_at_ms,
                .service = services[i],
            };
    qsort(claims->by_address, claims->dns_count, sizeof(*claims->by_address), compare_dns_claims);
}

/* The first of this key; the count when there is none. */
static size_t first_dns_claim(const struct claims *claims, uint64_t key)
{
    size_t low = 0;
    size_t high = claims->dns_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (claims->by_address[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool claims_is_elsewhere(const struct claims *claims, const struct known_service *service,
                         const struct address *address, int64_t since_ms)
{
    uint64_t key = address_host_hash(address);
    bool elsewhere = false;

    for (size_t i = first_dns_claim(claims, key);
         i < claims->dns_count && claims->by_address[i].key == key; i++) {
        if (claims->by_address[i].service == service)
            return false;
        elsewhere = elsewhere || claims->by_address[i].at_ms > since_ms;
    }
    return elsewhere;
}

/* --- both ----------------------------------------------------------------------------------------
 */

void claims_make(struct claims *claims, struct known_service *const *services, size_t count)
{
    size_t best = 0;

    claims->count = 0;
    claims->by_key = memory_new((count_attachments(services, count) + 1) * sizeof(*claims->by_key));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < services[i]->task_count; j++)
            add_task(claims, &services[i]->tasks[j]);
    qsort(claims->by_key, claims->count, sizeof(*claims->by_key), compare_claims);
    for (size_t i = 1; i < claims->count; i++)
        if (claims->by_key[i].key != claims->by_key[best].key)
            claims->by_key[++best] = claims->by_key[i];
    claims->count = claims->count ? best + 1 : 0;
    make_dns_claims(claims, services, count);
}

void claims_done(struct claims *claims)
{
    free(claims->by_key);
    free(claims->by_address);
}

static int compare_key(const void *key, const void *b)
{
    const struct claim *claim = b;
    uint64_t wanted = *(const uint64_t *)key;

    return (wanted > claim->key) - (wanted < claim->key);
}

bool claims_taken(const struct claims *claims, const struct known_task *task,
                  const struct docker_attachment *attachment)
{
    uint64_t key = key_of(attachment);
    const struct claim *found =
        bsearch(&key, claims->by_key, claims->count, sizeof(*claims->by_key), compare_key);

    return found && found->task != task;
}
