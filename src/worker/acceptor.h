#ifndef SWARMWARD_WORKER_ACCEPTOR_H
#define SWARMWARD_WORKER_ACCEPTOR_H

#include "ipc/messages.h"

struct worker;

/* This worker's own listening sockets (one of each SO_REUSEPORT group). */

/* Takes the descriptor. Accepts nothing before acceptors_start(). */
void acceptor_new(struct worker *worker, const struct message_listener *listener, int fd);
/* Close those whose address is not in the snapshot in force. */
void acceptors_close_gone(struct worker *worker);
void acceptors_start(struct worker *worker);
/* There may be room again. */
void acceptors_resume(struct worker *worker);
/* Take what waits in the queues, then close them. */
void acceptors_drain(struct worker *worker);
void acceptors_free(struct worker *worker);

#endif
