#ifndef SWARMWARD_CONTROL_EXPLAIN_FACTS_H
#define SWARMWARD_CONTROL_EXPLAIN_FACTS_H

#include "control.h"
#include "json_out.h"
#include "model/field_table.h"

/* What decides over a request besides its route, for `swarmward explain`: members of objects that
 * the caller has begun. */

/* As they would be written in the file. */
void explain_write_fields(const char *key, const struct field_table *table, const void *policy,
                          struct json_out *json);

/* Client certificates, and what changes on the way. */
void explain_write_domain(const struct snapshot *snapshot, const struct snapshot_domain *domain,
                          struct json_out *json);

/* How its backends are verified, and how a WebSocket gets to them. */
void explain_write_service(const struct snapshot *snapshot, const struct snapshot_service *service,
                           struct json_out *json);

/* Who is asked by forward_auth; false: that is nobody who can be reached, so nobody is let in. */
bool explain_write_auth(const struct control *control, const struct snapshot_domain *domain,
                        struct json_out *json);

#endif
