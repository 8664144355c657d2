#ifndef SWARMWARD_CONTROL_SWARM_CHOICE_H
#define SWARMWARD_CONTROL_SWARM_CHOICE_H

#include <stdbool.h>

#include "control.h"
#include "discovery/swarm.h"
#include "mapping_file.h"
#include "swarm_link.h"

/*
 * Which view of the swarm a mapping is made from while control does not know the swarm: a new
 * control, or a file that names another Engine. Losing the API never removes a route, also not
 * then (docs/decisions/what-a-new-control-serves.md).
 */
enum swarm_choice {
    SWARM_AS_SEEN,   /* by the link; or nothing is served that could be lost */
    SWARM_OF_BEFORE, /* the link does not know enough yet: the view that is served */
    SWARM_UNSURE,    /* the same, and nobody has that view: what the link sees must lose nothing */
};

/* For a mapping whose swarm is that of `link` (NULL: none). Borrowed; NULL without a link. */
struct swarm *swarm_choose(const struct control *control, const struct swarm_link *link,
                           enum swarm_choice *choice_out);

#define LOST_BYTES 400

/*
 * Does `next` answer less than `served`: is a route gone, or does one that had endpoints have none?
 * Routes that `dropped` (or NULL) has itself may go. True: `lost_out` has the first one.
 */
bool swarm_loses(const struct snapshot *served, const struct snapshot *next,
                 const struct settings *dropped, char lost_out[LOST_BYTES]);

#endif
