#ifndef SWARMWARD_WORKER_BACKEND_POOL_H
#define SWARMWARD_WORKER_BACKEND_POOL_H

#include <stdbool.h>

#include "base/err.h"

struct backend_conn;
struct endpoint;

/* Idle connections to one endpoint. The pool owns them and lends each to one exchange at a time. */
struct backend_pool;

/* `endpoint` is borrowed and must outlive the pool. Never fails. */
struct backend_pool *backend_pool_new(struct endpoint *endpoint);

/* Closes the idle connections. No connection may still be lent out. NULL is fine. */
void backend_pool_free(struct backend_pool *pool);

/*
 * Lend a connection: the idle one that was used last, or a new connect. `fresh`: a new connect in
 * any case. 0: `*conn_out` is lent, perhaps still connecting. -1: `err` says why.
 */
int backend_pool_lend(struct backend_pool *pool, bool fresh, struct backend_conn **conn_out,
                      struct err *err);

/* Give one back. `reusable`: its last response ended cleanly and it may carry another. */
void backend_pool_return(struct backend_pool *pool, struct backend_conn *conn, bool reusable);

/* No idle connection is kept. */
void backend_pool_close_idle(struct backend_pool *pool);

/* An idle connection ended or timed out. */
void backend_pool_drop(struct backend_pool *pool, struct backend_conn *conn);

#endif
