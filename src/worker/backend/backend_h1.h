#ifndef SWARMWARD_WORKER_BACKEND_H1_H
#define SWARMWARD_WORKER_BACKEND_H1_H

#include <sys/queue.h>

#include "backend_conn.h"
#include "base/buffer.h"
#include "http/body.h"
#include "http/framing.h"

/* HTTP/1.1 on one connection to an endpoint. Owned by the pool, lent to one exchange at a time. */
struct backend_h1 {
    struct backend_conn base;     /* first */
    TAILQ_ENTRY(backend_h1) link; /* in the pool */
    /* owned */
    struct stream *stream;
    struct buffer input; /* a response head that is not complete yet */
    struct body_reader body;
    struct h1_scan scan;
    bool chunked;    /* the request body goes chunked */
    bool persistent; /* the response allows another request */
    bool body_open;  /* `body` needs body_reader_done() */
    unsigned interim_count;
};

/* NULL: the connect failed at once. */
struct backend_h1 *backend_h1_new(struct endpoint *endpoint, struct err *err);
void backend_h1_free(struct backend_h1 *h1);

void backend_h1_rest(struct backend_h1 *h1, int64_t idle_ms); /* goes idle, for so long */
void backend_h1_wake(struct backend_h1 *h1);                  /* is lent again */

#endif
