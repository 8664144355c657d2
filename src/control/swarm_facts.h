#ifndef SWARMWARD_CONTROL_SWARM_FACTS_H
#define SWARMWARD_CONTROL_SWARM_FACTS_H

#include "control.h"
#include "json_out.h"
#include "mapping.h"

/* The swarm as status and explain show it. */

/* The members "docker", "swarm_services" and "quarantined" of status. */
void swarm_write_status(const struct control *control, struct json_out *json);

/* The quarantined service that claims this host, or NULL. */
const struct quarantined_service *swarm_find_claim(const struct control *control, struct text host);

void swarm_write_quarantined(const struct quarantined_service *one, struct json_out *json);

/* Once the routing mesh has hidden a client: says so in the log, once a run. Called now and then.
 */
void swarm_warn_of_mesh(struct control *control);

#endif
