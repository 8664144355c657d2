#ifndef SWARMWARD_WORKER_STICKY_H
#define SWARMWARD_WORKER_STICKY_H

#include <stdint.h>

struct exchange;

/*
 * The sticky cookie: names the endpoint by its identity, so it holds over reloads and restarts and
 * means nothing once that endpoint is gone.
 */

/* The endpoint that the client's cookie names; SNAPSHOT_NONE: none, or the route is not sticky. */
uint32_t sticky_find(const struct exchange *exchange);

/* The choice fell on this endpoint: say so in the response unless the client knows. */
void sticky_set(struct exchange *exchange, uint32_t index);

#endif
