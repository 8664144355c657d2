#ifndef SWARMWARD_CONTROL_SLOT_MAP_H
#define SWARMWARD_CONTROL_SLOT_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"

/*
 * Which endpoint (or domain) has which place on the board. An identity keeps its slot for as long
 * as it is in the running snapshot; a slot that was given up is used again as late as possible,
 * because the last exchanges of an older snapshot may still count there.
 */
struct slot_map;

struct slot_map *slot_map_new(void);
void slot_map_free(struct slot_map *map);

/* Start from the slots of a snapshot that runs (control was restarted): of its endpoints, or of its
 * domains. */
void slot_map_seed(struct slot_map *map, const struct snapshot *snapshot);
void slot_map_seed_domains(struct slot_map *map, const struct snapshot *snapshot);

/* Who a domain is. */
uint64_t slot_map_domain_identity(struct text name, bool wildcard);

/*
 * A load assigns, then is either kept, when its snapshot runs (what it did not ask for is given
 * up), or dropped, as if it had never been. SNAPSHOT_NONE: the board is full.
 */
void slot_map_begin(struct slot_map *map);
uint32_t slot_map_assign(struct slot_map *map, uint64_t identity);
void slot_map_keep(struct slot_map *map);
void slot_map_drop(struct slot_map *map);

#endif
