#ifndef SWARMWARD_WORKER_BACKEND_CONN_H
#define SWARMWARD_WORKER_BACKEND_CONN_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/err.h"
#include "http/body.h"
#include "http/framing.h"
#include "http/head.h"
#include "net/deadline.h"
#include "net/stream.h"

struct endpoint;
struct exchange;

enum backend_state {
    BACKEND_CONNECTING, /* lent; the connect is under way */
    BACKEND_READY,      /* lent; no request was sent yet */
    BACKEND_HEAD,       /* a request was sent, its response head is awaited */
    BACKEND_BODY,       /* the response head came, its body follows */
    BACKEND_TUNNEL,     /* bytes both ways */
    BACKEND_ENDED,      /* the response is complete */
    BACKEND_IDLE,       /* in the pool */
};

/* HTTP/1.1 on one connection to an endpoint. Owned by the pool, lent to one exchange at a time. */
struct backend_conn {
    TAILQ_ENTRY(backend_conn) link; /* in the pool */
    /* owned */
    struct stream *stream;
    struct buffer input; /* a response head that is not complete yet */
    struct body_reader body;
    struct deadline deadline;
    /* borrowed */
    struct endpoint *endpoint;
    struct exchange *exchange; /* NULL while idle */
    enum backend_state state;
    struct h1_scan scan;
    bool reused;        /* carried an exchange before this one */
    bool answered;      /* a byte of the response came */
    bool request_ended; /* the request was written in full */
    bool chunked;       /* the request body goes chunked */
    bool persistent;    /* the response allows another request */
    bool body_open;     /* `body` needs body_reader_done() */
    unsigned interim_count;
    int64_t progress_ms; /* when bytes last moved in either direction */
    uint64_t sent_seen;  /* stream_sent() then */
};

/* NULL: the connect failed at once. */
struct backend_conn *backend_conn_new(struct endpoint *endpoint, struct err *err);
void backend_conn_free(struct backend_conn *conn);

void backend_conn_rest(struct backend_conn *conn, int64_t idle_ms); /* goes idle, for so long */
void backend_conn_wake(struct backend_conn *conn);                  /* is lent again */

/* The exchange that borrows it; calls exchange_backend_ready() once connected (not when it is). */
void backend_conn_attach(struct backend_conn *conn, struct exchange *exchange);

/* The request: head, body pieces, end. `ended`: there is no body. */
void backend_conn_send_head(struct backend_conn *conn, struct text head, bool chunked, bool ended);
void backend_conn_send_body(struct backend_conn *conn, struct text piece);
void backend_conn_send_end(struct backend_conn *conn, const struct field_list *trailers);
/* In a tunnel: no more bytes from the client. */
void backend_conn_send_close(struct backend_conn *conn);

/* May more be sent now? (Else exchange_backend_drained() says when.) */
bool backend_conn_takes_more(const struct backend_conn *conn);

/* The client takes bytes again. */
void backend_conn_resume(struct backend_conn *conn);

/* Why its TLS could not be had, a word of model/reasons.h; "" = it could, or it is in clear. */
const char *backend_conn_refusal(const struct backend_conn *conn);

/* Ready for another request: the last one and its response are complete. */
bool backend_conn_is_reusable(const struct backend_conn *conn);

#endif
