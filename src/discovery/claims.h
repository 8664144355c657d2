#ifndef SWARMWARD_DISCOVERY_CLAIMS_H
#define SWARMWARD_DISCOVERY_CLAIMS_H

#include "known.h"

/*
 * Whose is an address? A task's that runs; where two are said to run with it, of the one that was
 * listed last: a manager gives an address to one task at a time, so the other one is history.
 */
struct claim;

struct claims {
    struct claim *by_key; /* owned */
    size_t count;
};

/* Borrows tasks of the services; claims_done() before they change. */
void claims_make(struct claims *claims, struct known_service *const *services, size_t count);
void claims_done(struct claims *claims);
/* Does another task have this address of `task` by now? */
bool claims_taken(const struct claims *claims, const struct known_task *task,
                  const struct docker_attachment *attachment);

#endif
