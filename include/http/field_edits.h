#ifndef SWARMWARD_HTTP_FIELD_EDITS_H
#define SWARMWARD_HTTP_FIELD_EDITS_H

#include "http/head.h"

/*
 * Changes by hand to the fields of a head: the operator's, or those of a service that was asked.
 * Whoever calls has marked what may not go on before (forwarding_clean_request, _response): a field
 * that comes here is ours, and no Connection field of a peer takes it away.
 */

/*
 * Mark every field of this name. Names that a careless backend takes for it (X_User for X-User) go
 * too: `_` and every other mark count as `-`.
 */
void field_edits_drop(struct field_list *fields, struct text name);

/* Add one that passes whatever its name would mean from a peer. Grows in `arena`. */
void field_edits_add(struct field_list *fields, struct arena *arena, struct text name,
                     struct text value);

/* Drop all of this name, then add one. */
void field_edits_set(struct field_list *fields, struct arena *arena, struct text name,
                     struct text value);

#endif
