/*
 * The rule by which an address is used or not. Swarm removes a task from DNS two seconds before it
 * tells it to stop, and the API shows the decision at once: the first of both counts.
 */

#include "membership.h"

enum swarm_membership membership_of(const struct membership_facts *facts)
{
    if (facts->state != DOCKER_TASK_RUNNING)
        return facts->state < DOCKER_TASK_RUNNING ? SWARM_STARTING : SWARM_DRAINING;
    if (facts->desired != DOCKER_TASK_RUNNING)
        return facts->desired < DOCKER_TASK_RUNNING ? SWARM_STARTING : SWARM_DRAINING;
    if (facts->in_dns || !facts->dns_sees_network)
        return SWARM_USABLE;
    if (!facts->settled)
        return SWARM_STARTING;
    /* It should be there by now. Where DNS knows others of its service, it was taken out. */
    return facts->dns_sees_service && !facts->dns_is_doubted ? SWARM_DRAINING : SWARM_USABLE;
}
