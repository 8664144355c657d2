#ifndef SWARMWARD_TESTS_CONTROL_SWARM_WORLD_H
#define SWARMWARD_TESTS_CONTROL_SWARM_WORLD_H

#include "discovery/swarm.h"

/*
 * Swarms made by hand. Their networks: edge and lab, shared and encrypted; plain, shared and not
 * encrypted; ingress.
 */

#define MADE_LABELS 8

struct made_label {
    const char *name; /* NULL: the last */
    const char *value;
};

struct made_service {
    const char *name; /* NULL: the last */
    const char *stack;
    const char *networks; /* "edge,lab"; "-" for none; NULL: "edge" */
    int created;
    int tasks; /* all usable and confirmed */
    struct made_label labels[MADE_LABELS];
};

#define LABELS(domain_, port_)                                                                     \
    {                                                                                              \
        { "enable", "true" }, { "domain", domain_ },                                               \
        {                                                                                          \
            "port", port_                                                                          \
        }                                                                                          \
    }

struct swarm *swarm_made(const struct made_service *services);

#endif
