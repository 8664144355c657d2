#ifndef SWARMWARD_CONTROL_SNAPSHOT_FACTS_H
#define SWARMWARD_CONTROL_SNAPSHOT_FACTS_H

#include <stdint.h>

#include "json_out.h"
#include "model/snapshot.h"

/* Parts of a snapshot as JSON, shared by status and explain. */

void snapshot_write_certificate(const struct snapshot_certificate *certificate, int64_t now_s,
                                struct json_out *json);
/* The certificates of a host as an array `key`. */
void snapshot_write_certificates(const struct snapshot *snapshot,
                                 const uint32_t certificates[KEY_KIND_COUNT], const char *key,
                                 struct json_out *json);
/* "*.name" for a wildcard; in the arena-less buffer of the caller. */
struct text snapshot_domain_name(const struct snapshot_domain *domain, char buffer[256]);

#endif
