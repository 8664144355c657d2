#ifndef LIVE_WORLD_H
#define LIVE_WORLD_H

#include "fake_world.h"

/* A fake world in which all is well, for tests of what happens then; and what the view says. */

#define LEASE_MS  ((int64_t)90000)
#define RESYNC_MS ((int64_t)30000)
#define REST_MS   10000 /* after this nothing is in a hurry any more */

/* Both run for "web", at 10.1.0.5 and 10.1.0.6. */
extern const struct world_task world_first;
extern const struct world_task world_second;

/* Live and at rest, with the service "web" (svc1) of two tasks. */
struct discovery *live_world(void);

/* NULL: the service has no such address. */
const struct swarm_address *find_address(const struct discovery *discovery, const char *service,
                                         const char *host);
bool is(const struct discovery *discovery, enum swarm_membership wanted, const char *service,
        const char *host);
bool is_there(const struct discovery *discovery, const char *service);
enum discovery_link link_of(const struct discovery *discovery);
/* For status: "" when all is well. */
const char *problem_of(const struct discovery *discovery);
uint64_t api_errors_of(const struct discovery *discovery);

#endif
