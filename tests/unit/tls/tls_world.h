#ifndef SWARMWARD_TESTS_TLS_WORLD_H
#define SWARMWARD_TESTS_TLS_WORLD_H

#include "tls/tls_server.h"

/* A snapshot with certificates made on the spot, and a TLS server that serves it. */

#define WORLD_MOST ((size_t)64)

struct world {
    struct tls_server *server;
    struct signer *signer; /* borrowed; NULL: keys are in the keyring */
    /* being built */
    struct snapshot *snapshot;
    struct keyring *keyring;
};

/* Two bits: which kinds of certificate a domain gets. */
#define WITH_ECDSA 1U
#define WITH_RSA   2U

void world_begin(struct world *world);
/* A domain ("*.x" is a wildcard) with self-signed certificates of its own. Returns its index. */
uint32_t world_add(struct world *world, const char *name, unsigned kinds);
/* Finish what was built, prepare, commit; the world begins anew. */
void world_commit(struct world *world);
int world_prepare(struct world *world, struct err *err);
/* What is served. */
const struct snapshot *world_current(const struct world *world);
void world_done(struct world *world);

#endif
