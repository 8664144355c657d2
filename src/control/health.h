#ifndef SWARMWARD_CONTROL_HEALTH_H
#define SWARMWARD_CONTROL_HEALTH_H

#include "control.h"
#include "json_out.h"

/* One word for an orchestrator: "ready", "starting", "draining", "no_worker", "no_keys". */
const char *health_word(const struct control *control);
/* Serves what nobody has confirmed within the lease. */
bool health_is_stale(const struct control *control);
/* "health", "healthy" and "stale", into an open object. Returns whether it is healthy. */
bool health_write(const struct control *control, struct json_out *json);

#endif
