/*
 * Idle connections to one endpoint, the last used lent first so that the others can time out. What
 * is said on a connection is backend_conn.c's business.
 */

#include "backend_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "backend_conn.h"
#include "base/memory.h"
#include "endpoint.h"

/*
 * Per endpoint and worker (CONFIG.md section 4): so many stay for IDLE_MS. What is idle beyond that
 * is kept for a moment only: under load the exchanges of one turn give back more than that at once,
 * and want them again in the next.
 */
#define IDLE_MOST       32
#define IDLE_MS         30000
#define SURPLUS_MOST    1024
#define SURPLUS_IDLE_MS 1000

TAILQ_HEAD(conn_list, backend_conn);

struct backend_pool {
    /* owned */
    struct conn_list idle; /* the last used first */
    unsigned idle_count;
    unsigned lent_count;
    /* borrowed */
    struct endpoint *endpoint;
};

struct backend_pool *backend_pool_new(struct endpoint *endpoint)
{
    struct backend_pool *pool = memory_new(sizeof(*pool));

    pool->endpoint = endpoint;
    TAILQ_INIT(&pool->idle);
    return pool;
}

void backend_pool_free(struct backend_pool *pool)
{
    if (!pool)
        return;
    assert(pool->lent_count == 0);
    backend_pool_close_idle(pool);
    free(pool);
}

void backend_pool_close_idle(struct backend_pool *pool)
{
    while (!TAILQ_EMPTY(&pool->idle))
        backend_pool_drop(pool, TAILQ_FIRST(&pool->idle));
}

int backend_pool_lend(struct backend_pool *pool, bool fresh, struct backend_conn **conn_out,
                      struct err *err)
{
    struct backend_conn *conn = fresh ? NULL : TAILQ_FIRST(&pool->idle);

    if (conn) {
        TAILQ_REMOVE(&pool->idle, conn, link);
        pool->idle_count--;
        backend_conn_wake(conn);
    } else {
        conn = backend_conn_new(pool->endpoint, err);
        if (!conn)
            return -1;
    }
    pool->lent_count++;
    *conn_out = conn;
    return 0;
}

void backend_pool_return(struct backend_pool *pool, struct backend_conn *conn, bool reusable)
{
    assert(pool->lent_count > 0);
    pool->lent_count--;
    if (!reusable || pool->idle_count >= SURPLUS_MOST || !pool->endpoint->pooled ||
        pool->endpoint->draining) {
        backend_conn_free(conn);
        return;
    }
    TAILQ_INSERT_HEAD(&pool->idle, conn, link);
    backend_conn_rest(conn, pool->idle_count < IDLE_MOST ? IDLE_MS : SURPLUS_IDLE_MS);
    pool->idle_count++;
}

void backend_pool_drop(struct backend_pool *pool, struct backend_conn *conn)
{
    TAILQ_REMOVE(&pool->idle, conn, link);
    pool->idle_count--;
    backend_conn_free(conn);
}
