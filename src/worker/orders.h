#ifndef SWARMWARD_WORKER_ORDERS_H
#define SWARMWARD_WORKER_ORDERS_H

#include "ipc/channel.h"

struct worker;

/* What the parent tells this worker: listeners, log, the two phases of a rollout, the end. */
extern const struct channel_handler worker_orders;

/* While draining: show out what has gone idle, stop when nobody is left. */
void worker_drain_step(struct worker *worker);

#endif
