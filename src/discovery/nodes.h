#ifndef SWARMWARD_DISCOVERY_NODES_H
#define SWARMWARD_DISCOVERY_NODES_H

#include "discovery_private.h"

/* The nodes' names, and whether their Engines may be trusted with encrypted networks: never without
 * a reason when they may not. */

void nodes_init(struct discovery *discovery);
/* `whole`: else some of the list could not be read, and are as they were. */
void nodes_take(struct discovery *discovery, const struct docker_node *nodes, size_t count,
                bool whole);
void nodes_restore(struct discovery *discovery, const struct swarm *stored);

#endif
