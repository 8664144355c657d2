#ifndef SWARMWARD_KEYS_DESK_H
#define SWARMWARD_KEYS_DESK_H

#include "keystore.h"
#include "net/io.h"

/* Where one worker asks for signatures: its channel. */
struct desk;

/*
 * Takes the descriptor; the store is borrowed. A worker that is gone, or sends what is no request,
 * closes its desk: `on_closed` is called from the loop, once, and the owner frees it.
 */
struct desk *desk_new(struct io *io, int fd, struct keystore *store,
                      void (*on_closed)(void *owner, struct desk *desk, const char *why),
                      void *owner);
void desk_free(struct desk *desk); /* NULL is fine */

#endif
