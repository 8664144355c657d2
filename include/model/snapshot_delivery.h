#ifndef SWARMWARD_MODEL_SNAPSHOT_DELIVERY_H
#define SWARMWARD_MODEL_SNAPSHOT_DELIVERY_H

#include "base/arena.h"
#include "base/buffer.h"
#include "ipc/wire.h"
#include "model/delivery.h"

/* What changes on the way, as a snapshot has it: equal for many domains, so they share it. */

struct snapshot_page {
    int status;
    uint32_t text; /* index */
};

struct snapshot_delivery {
    struct delivery_policy policy;
    struct snapshot_page *pages;
    uint32_t page_count;
    uint32_t auth_route; /* of the snapshot, to the service that is asked; SNAPSHOT_NONE: nobody */
};

struct snapshot_deliveries {
    struct snapshot_delivery *items; /* the first is that of the defaults */
    uint16_t count;
    struct text *texts; /* of error pages */
    uint32_t text_count;
};

/* The page of a status; an empty text: none. `delivery` may be NULL. */
struct text snapshot_find_page(const struct snapshot_deliveries *deliveries,
                               const struct snapshot_delivery *delivery, int status);

void snapshot_put_deliveries(struct buffer *out, const struct snapshot_deliveries *deliveries);
/* False: something is out of bounds. `route_count` is of the snapshot. */
bool snapshot_get_deliveries(struct snapshot_deliveries *deliveries, struct wire *wire,
                             struct arena *arena, uint32_t route_count);

#endif
