#ifndef SWARMWARD_DISCOVERY_ODDITIES_H
#define SWARMWARD_DISCOVERY_ODDITIES_H

#include "discovery_private.h"

/* What the Engine says and nobody can read, for status. `what` is static; NULL: it is as it should
 * be. */

void odd_list(struct discovery *discovery, enum list_kind kind, const char *what);
void odd_spec(struct known_service *service, const char *what);
void odd_tasks(struct known_service *service, const char *what);
void odd_forget(struct known_service *service); /* it is another service, or none, from now on */

#endif
