#ifndef SWARMWARD_CONTROL_SWARM_LINK_H
#define SWARMWARD_CONTROL_SWARM_LINK_H

#include <stdbool.h>

#include "control.h"
#include "discovery/discovery.h"
#include "mapping_file.h"

/*
 * The discovery that a mapping file asks for. A file with other settings under `docker` gets one of
 * its own beside the one that is in use, which is replaced when that file is served.
 */
struct swarm_link;

/* For a file that is about to be loaded: the link in use when it fits, else a new one. NULL: the
 * file asks for none, or (`err` is set, and not empty) its settings cannot be used. */
struct swarm_link *swarm_link_for(struct control *control, const struct settings *settings,
                                  struct err *err);
void swarm_link_free(struct swarm_link *link); /* NULL is fine */

/* Follow the services that `settings` names, and those of `served` (or NULL) for as long as that is
 * what is served. */
void swarm_link_want(struct swarm_link *link, const struct settings *settings,
                     const struct settings *served);

/* Would waiting make the view better? */
bool swarm_link_is_settled(const struct swarm_link *link);
/* Has its view everything that is there? All lists were read once; without an API, DNS was asked
 * for all. */
bool swarm_link_is_known(const struct swarm_link *link);
struct swarm *swarm_link_swarm(const struct swarm_link *link);

/* NULL: there is none. */
const struct discovery_facts *swarm_link_facts(const struct swarm_link *link,
                                               struct discovery_facts *facts);

#endif
