#ifndef SWARMWARD_TESTS_MODEL_EXAMPLE_SNAPSHOT_H
#define SWARMWARD_TESTS_MODEL_EXAMPLE_SNAPSHOT_H

#include "model/snapshot.h"

/*
 * A snapshot with one of everything: two services (one checked), an RSA and an ECDSA certificate,
 * "portal.example" with an alias, a wildcard, and routes /, /api, /api/v2 in two priorities.
 */
struct snapshot *example_snapshot(void);

/* `count` domains, each with its own certificate, service, endpoint and route. */
struct snapshot *large_snapshot(uint32_t count, size_t chain_bytes);

#endif
