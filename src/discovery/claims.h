#ifndef SWARMWARD_DISCOVERY_CLAIMS_H
#define SWARMWARD_DISCOVERY_CLAIMS_H

#include "known.h"

/*
 * Whose is an address? A task's that runs; where two are said to run with it, of the one that was
 * listed last: a manager gives an address to one task at a time, so the other one is history. DNS
 * says so, too: an address in the record of one service is no longer that of another.
 */
struct claim;
struct dns_claim;

struct claims {
    /* owned */
    struct claim *by_key;
    struct dns_claim *by_address;
    size_t count;
    size_t dns_count;
};

/* Borrows tasks of the services; claims_done() before they change. */
void claims_make(struct claims *claims, struct known_service *const *services, size_t count);
void claims_done(struct claims *claims);
/* Does another task have this address of `task` by now? */
bool claims_taken(const struct claims *claims, const struct known_task *task,
                  const struct docker_attachment *attachment);

/* Has DNS given this address to another service since then, and does not give it to this one? */
bool claims_is_elsewhere(const struct claims *claims, const struct known_service *service,
                         const struct address *address, int64_t since_ms);

#endif
