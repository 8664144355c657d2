#ifndef SWARMWARD_TLS_SIGNER_H
#define SWARMWARD_TLS_SIGNER_H

#include "model/board.h"
#include "net/io.h"

/*
 * Signatures made by swarmward-keys. What is asked for in one turn of the loop leaves with one
 * message; while there is no such process, or it dies, requests wait and are asked again of the
 * next one. How long a handshake waits is its client's deadline.
 */
struct signer;

/* `counters`: where signatures are counted; borrowed, NULL: nowhere. */
struct signer *signer_new(struct io *io, struct board_worker *counters);
void signer_free(struct signer *signer); /* nobody waits any more; NULL is fine */

/* A channel to a process with keys; takes the descriptor. What the one before owes is asked anew.
 */
void signer_use(struct signer *signer, int fd);

#endif
