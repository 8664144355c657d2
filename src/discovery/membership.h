#ifndef SWARMWARD_DISCOVERY_MEMBERSHIP_H
#define SWARMWARD_DISCOVERY_MEMBERSHIP_H

#include "discovery/swarm.h"

/*
 * May a task's address be used? Pure: what the Docker API and DNS said last, however long ago.
 * Either of them takes an address away; neither does it by being silent.
 */

/* How long a task has to run before DNS should know it. */
#define MEMBERSHIP_SETTLED_MS 5000

struct membership_facts {
    enum docker_task_state state;
    enum docker_task_state desired;
    bool dns_sees_network; /* it has given an address of this network before */
    bool dns_sees_service; /* and of this service */
    bool dns_is_doubted;   /* it says "nothing" where the API says that tasks run */
    bool in_dns;
    bool settled; /* it has been running for MEMBERSHIP_SETTLED_MS */
};

enum swarm_membership membership_of(const struct membership_facts *facts);

#endif
