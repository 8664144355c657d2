#ifndef SWARMWARD_DISCOVERY_STORED_TABLE_H
#define SWARMWARD_DISCOVERY_STORED_TABLE_H

#include "base/err.h"
#include "discovery/swarm.h"

/*
 * The last good view on disk, as JSON: what a start needs while no manager answers. No secrets are
 * in it: labels, names and addresses, which anyone who may list services can read.
 */

#define STORED_TABLE_BYTES ((size_t)64 * 1024 * 1024)

/* Written whole or not at all, readable by its owner only. */
int stored_table_write(const char *path, const struct swarm *swarm, struct err *err);
/* One reference; nothing in it is confirmed, and it is stale; `err` says what had to be left out,
 * or is empty. NULL: `err`; `*missing_out`: there is no such file. */
struct swarm *stored_table_read(const char *path, bool *missing_out, struct err *err);
/* The same from bytes. */
struct swarm *stored_table_decode(struct text json, struct err *err);

#endif
