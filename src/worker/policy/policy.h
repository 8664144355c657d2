#ifndef SWARMWARD_WORKER_POLICY_H
#define SWARMWARD_WORKER_POLICY_H

#include <stdbool.h>

struct exchange;

/*
 * Who may come to a domain, how often, and where they are sent instead (docs/policy.md has the
 * order). The exchange's domain has a policy; its route may still be NULL.
 */

/* True: the request may go on. False: it was answered, or it waits and exchange_go_on() or an
 * answer follows in a later turn. */
bool policy_check(struct exchange *exchange);

/* The exchange ends: it waits no longer. */
void policy_forget(struct exchange *exchange);

/* --- the parts, each true: it may go on; only policy.c calls them --------------------------------
 */

bool rate_limit_check(struct exchange *exchange);
bool host_redirect_check(struct exchange *exchange);
bool path_redirect_check(struct exchange *exchange);
bool basic_auth_check(struct exchange *exchange);

#endif
