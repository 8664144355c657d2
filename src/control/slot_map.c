/*
 * Identity -> slot. Open addressing for the look-up, a queue for the free slots, and a second copy
 * of both for the load that is under way. Used by snapshot_builder.c and loader.c.
 */

#include "slot_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "model/board.h"

#define TABLE_SIZE (2 * BOARD_ENDPOINTS) /* a power of two, never more than half full */
#define EMPTY      UINT32_MAX

struct slots {
    uint64_t owners[BOARD_ENDPOINTS];
    bool taken[BOARD_ENDPOINTS];
    bool asked_for[BOARD_ENDPOINTS]; /* by the load that is under way */
    uint32_t table[TABLE_SIZE];      /* slot or EMPTY */
    uint32_t queue[BOARD_ENDPOINTS]; /* free slots, given up longest ago first */
    uint32_t queue_first;
    uint32_t free_count;
};

struct slot_map {
    struct slots kept;
    struct slots next;
    bool loading;
};

static uint32_t *find(struct slots *slots, uint64_t identity)
{
    size_t at = hash_mix(identity) & (TABLE_SIZE - 1);

    while (slots->table[at] != EMPTY && slots->owners[slots->table[at]] != identity)
        at = (at + 1) & (TABLE_SIZE - 1);
    return &slots->table[at];
}

static void clear_table(struct slots *slots)
{
    memset(slots->table, 0xff, sizeof(slots->table)); /* EMPTY */
}

static void push_free(struct slots *slots, uint32_t slot)
{
    slots->queue[(slots->queue_first + slots->free_count++) % BOARD_ENDPOINTS] = slot;
}

static uint32_t pop_free(struct slots *slots)
{
    uint32_t slot = slots->queue[slots->queue_first];

    slots->queue_first = (slots->queue_first + 1) % BOARD_ENDPOINTS;
    slots->free_count--;
    return slot;
}

/* Table and queue from `taken` and `owners`. */
static void rebuild(struct slots *slots)
{
    clear_table(slots);
    slots->queue_first = slots->free_count = 0;
    for (uint32_t slot = 0; slot < BOARD_ENDPOINTS; slot++) {
        if (slots->taken[slot])
            *find(slots, slots->owners[slot]) = slot;
        else
            push_free(slots, slot);
    }
}

struct slot_map *slot_map_new(void)
{
    struct slot_map *map = memory_new(sizeof(*map));

    rebuild(&map->kept);
    return map;
}

void slot_map_free(struct slot_map *map)
{
    free(map);
}

void slot_map_seed(struct slot_map *map, const struct snapshot *snapshot)
{
    assert(!map->loading);
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        for (uint32_t j = 0; j < service->endpoint_count; j++) {
            uint32_t slot = service->endpoints[j].slot;

            if (slot >= BOARD_ENDPOINTS)
                continue;
            map->kept.taken[slot] = true;
            map->kept.owners[slot] = service->endpoints[j].identity;
        }
    }
    rebuild(&map->kept);
}

uint64_t slot_map_domain_identity(struct text name, bool wildcard)
{
    return hash_mix(hash_text(name) ^ wildcard);
}

void slot_map_seed_domains(struct slot_map *map, const struct snapshot *snapshot)
{
    static_assert(BOARD_DOMAINS == BOARD_ENDPOINTS, "one size of map for both");
    assert(!map->loading);
    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];

        if (domain->slot >= BOARD_DOMAINS)
            continue;
        map->kept.taken[domain->slot] = true;
        map->kept.owners[domain->slot] = slot_map_domain_identity(domain->name, domain->wildcard);
    }
    rebuild(&map->kept);
}

void slot_map_begin(struct slot_map *map)
{
    assert(!map->loading);
    map->next = map->kept;
    memset(map->next.asked_for, 0, sizeof(map->next.asked_for));
    map->loading = true;
}

uint32_t slot_map_assign(struct slot_map *map, uint64_t identity)
{
    struct slots *slots = &map->next;
    uint32_t *place = find(slots, identity);

    assert(map->loading);
    if (*place == EMPTY) {
        if (slots->free_count == 0)
            return SNAPSHOT_NONE;
        *place = pop_free(slots);
        slots->owners[*place] = identity;
        slots->taken[*place] = true;
    }
    slots->asked_for[*place] = true;
    return *place;
}

void slot_map_keep(struct slot_map *map)
{
    struct slots *slots = &map->next;

    assert(map->loading);
    clear_table(slots);
    for (uint32_t slot = 0; slot < BOARD_ENDPOINTS; slot++) {
        if (slots->taken[slot] && !slots->asked_for[slot]) {
            slots->taken[slot] = false;
            push_free(slots, slot);
        } else if (slots->taken[slot]) {
            *find(slots, slots->owners[slot]) = slot;
        }
    }
    map->kept = *slots;
    map->loading = false;
}

void slot_map_drop(struct slot_map *map)
{
    map->loading = false;
}
