#ifndef SWARMWARD_KEYS_DESK_H
#define SWARMWARD_KEYS_DESK_H

#include "ipc/messages.h"
#include "keystore.h"
#include "net/io.h"

/* Where one worker asks for signatures, or the checker: its channel. */
struct desk;

/*
 * Takes the descriptor; the store is borrowed. `role` is the asking side's: for the
 * checker keys sign as a client's only. A worker that is gone, or sends what is no request,
 * closes its desk: `on_closed` is called from the loop, once, and the owner frees it.
 */
// NOLINTNEXTLINE(readability-function-size): who asks, whom, and whom to tell
struct desk *desk_new(struct io *io, int fd, enum process_role role, struct keystore *store,
                      void (*on_closed)(void *owner, struct desk *desk, const char *why),
                      void *owner);
void desk_free(struct desk *desk); /* NULL is fine */

#endif
