#ifndef SWARMWARD_CONTROL_ADMIN_H
#define SWARMWARD_CONTROL_ADMIN_H

#include "control.h"

/*
 * The admin listener: GET /healthz, /metrics, /status over plain HTTP/1.1, one request a
 * connection. For this machine or a network of the monitoring's own; it changes nothing.
 */
struct admin;

struct admin *admin_new(struct control *control);
void admin_free(struct admin *admin); /* NULL is fine */

/* Listen where the snapshot that runs says, or nowhere. A place that is taken is tried again. */
void admin_settle(struct admin *admin);
/* Why it does not listen; "": it does, or need not. */
const char *admin_problem(const struct admin *admin);

#endif
