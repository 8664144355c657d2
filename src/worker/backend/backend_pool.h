#ifndef SWARMWARD_WORKER_BACKEND_POOL_H
#define SWARMWARD_WORKER_BACKEND_POOL_H

#include <stdbool.h>

#include "base/err.h"

struct backend_conn;
struct backend_h1;
struct endpoint;

/*
 * Connections to one endpoint. With HTTP/1.1 the pool owns those that are idle and lends each to
 * one exchange at a time; with HTTP/2 it owns all and lends their streams.
 */
struct backend_pool;

/* `endpoint` is borrowed and must outlive the pool. Never fails. */
struct backend_pool *backend_pool_new(struct endpoint *endpoint);

/* Closes what is idle. Nothing may still be lent out. NULL is fine. */
void backend_pool_free(struct backend_pool *pool);

/*
 * Lend: the idle connection that was used last or a stream of one that has room, else of a new
 * connect. `fresh`: a new connect in any case. 0: `*conn_out` is lent, perhaps still connecting.
 * -1: `err` says why. It is given back by its codec.
 */
int backend_pool_lend(struct backend_pool *pool, bool fresh, struct backend_conn **conn_out,
                      struct err *err);

/* No idle connection is kept, and no new stream is lent of the others. */
void backend_pool_close_idle(struct backend_pool *pool);

/* --- for backend_h1.c ----------------------------------------------------------------------------
 */

/* Back from an exchange. `reusable`: its last response ended cleanly and it may carry another. */
void backend_pool_return(struct backend_pool *pool, struct backend_h1 *h1, bool reusable);

/* An idle connection ended or timed out. */
void backend_pool_drop(struct backend_pool *pool, struct backend_h1 *h1);

#endif
