#ifndef SWARMWARD_WORKER_BACKEND_H2_H
#define SWARMWARD_WORKER_BACKEND_H2_H

#include <sys/queue.h>

#include "backend_conn.h"

/*
 * HTTP/2 on connections to one endpoint: each carries as many exchanges as the peer allows, then
 * another one is opened. Owned by the endpoint's pool; exchanges borrow streams.
 */
struct backend_h2;

TAILQ_HEAD(backend_h2_list, backend_h2);

/* As backend_pool_lend(). */
int backend_h2_lend(struct backend_h2_list *list, struct endpoint *endpoint, bool fresh,
                    struct backend_conn **conn_out, struct err *err);

/* No new stream on any of them: each ends when its last stream has; those that have none, now. */
void backend_h2_retire_all(struct backend_h2_list *list);

#endif
