#ifndef SWARMWARD_CONTROL_EXPLAIN_POLICY_H
#define SWARMWARD_CONTROL_EXPLAIN_POLICY_H

#include "json_out.h"
#include "model/snapshot.h"

/* What the request would meet; status 0: it is forwarded, -1: there is not even a handshake. */
struct verdict {
    int status;
    const char *reason; /* as in the access log */
    struct text why;
};

/*
 * What the policy of a domain does with every request for `path` (as routes see it), whoever asks.
 * Status 0: nothing, so it is the route's. `route` may be NULL. `location` is written for a
 * redirect.
 */
struct verdict explain_policy(const struct snapshot_domain *domain,
                              const struct snapshot_route *route, struct text path,
                              struct json_out *json);

#endif
