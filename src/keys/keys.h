#ifndef SWARMWARD_KEYS_KEYS_H
#define SWARMWARD_KEYS_KEYS_H

#include "base/locked_memory.h"
#include "desk.h"
#include "ipc/channel.h"
#include "net/deadline.h"

/* The whole of swarmward-keys: what the parent said, and a desk for each worker. */

#define KEYS_DESKS (SIGNER_OF_CHECKER + 1)

struct keys {
    /* owned */
    struct io *io;
    struct channel *channel;
    struct keystore *store;
    struct desk *desks[KEYS_DESKS]; /* by message_signer.worker; NULL: none */
    struct deadline previous;       /* when the generation before is over */
    struct locked_heap heap;
    bool all_locked; /* not only the heap */
};

/* Locks the memory, and opens the channel to the parent at `fd`, which it
 * takes. */
void keys_open(struct keys *keys, int fd);
void keys_close(struct keys *keys);

#endif
