/*
 * Addresses that are given to another task before the list of the old one is read again: Swarm does
 * not tell when a task ends, and the next one may belong to another service. Used by view.c.
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
}

void claims_done(struct claims *claims)
{
    free(claims->by_key);
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
