/*
 * Connections to one endpoint. Of HTTP/1.1 the idle ones, the last used lent first so that the
 * others can time out; those of HTTP/2 are backend_h2.c's. What is said on a connection is none of
 * its business.
 */

#include "backend_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "backend_h1.h"
#include "backend_h2.h"
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

TAILQ_HEAD(h1_list, backend_h1);

struct backend_pool {
    /* owned */
    struct h1_list idle; /* the last used first */
    struct backend_h2_list h2;
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
    TAILQ_INIT(&pool->h2);
    return pool;
}

void backend_pool_free(struct backend_pool *pool)
{
    if (!pool)
        return;
    assert(pool->lent_count == 0);
    backend_pool_close_idle(pool);
    assert(TAILQ_EMPTY(&pool->h2));
    free(pool);
}

void backend_pool_close_idle(struct backend_pool *pool)
{
    while (!TAILQ_EMPTY(&pool->idle))
        backend_pool_drop(pool, TAILQ_FIRST(&pool->idle));
    backend_h2_retire_all(&pool->h2);
}

static int lend_h1(struct backend_pool *pool, bool fresh, struct backend_conn **conn_out,
                   struct err *err)
{
    struct backend_h1 *h1 = fresh ? NULL : TAILQ_FIRST(&pool->idle);

    if (h1) {
        TAILQ_REMOVE(&pool->idle, h1, link);
        pool->idle_count--;
        backend_h1_wake(h1);
    } else {
        h1 = backend_h1_new(pool->endpoint, err);
        if (!h1)
            return -1;
    }
    pool->lent_count++;
    *conn_out = &h1->base;
    return 0;
}

int backend_pool_lend(struct backend_pool *pool, bool fresh, struct backend_conn **conn_out,
                      struct err *err)
{
    if (protocol_is_h2(pool->endpoint->protocol))
        return backend_h2_lend(&pool->h2, pool->endpoint, fresh, conn_out, err);
    return lend_h1(pool, fresh, conn_out, err);
}

void backend_pool_return(struct backend_pool *pool, struct backend_h1 *h1, bool reusable)
{
    assert(pool->lent_count > 0);
    pool->lent_count--;
    if (!reusable || pool->idle_count >= SURPLUS_MOST || !pool->endpoint->pooled ||
        pool->endpoint->draining) {
        backend_h1_free(h1);
        return;
    }
    TAILQ_INSERT_HEAD(&pool->idle, h1, link);
    backend_h1_rest(h1, pool->idle_count < IDLE_MOST ? IDLE_MS : SURPLUS_IDLE_MS);
    pool->idle_count++;
}

void backend_pool_drop(struct backend_pool *pool, struct backend_h1 *h1)
{
    TAILQ_REMOVE(&pool->idle, h1, link);
    pool->idle_count--;
    backend_h1_free(h1);
}
