#ifndef SWARMWARD_MODEL_SNAPSHOT_PRIVATE_H
#define SWARMWARD_MODEL_SNAPSHOT_PRIVATE_H

#include "ipc/wire.h"
#include "model/snapshot.h"

/* Parts of the snapshot's bytes that have files of their own. What is out of bounds makes the wire
 * bad. */

void client_cas_encode(const struct snapshot *snapshot, struct buffer *out);
void client_cas_decode(struct snapshot *snapshot, struct wire *wire);
/* After the CAs, whose number must be known. */
void client_auth_encode(const struct snapshot_client_auth *auth, struct buffer *out);
void client_auth_decode(const struct snapshot *snapshot, struct snapshot_client_auth *auth,
                        struct wire *wire);

#endif
