#ifndef SWARMWARD_WORKER_BACKEND_CONN_H
#define SWARMWARD_WORKER_BACKEND_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "http/forwarding.h"
#include "http/head.h"
#include "net/deadline.h"
#include "net/stream.h"

struct backend_conn;
struct endpoint;
struct exchange;

/* How a request is said to an endpoint, and its response heard: one table a protocol. What comes
 * back is reported by the functions of exchange/backend_events.h. */
struct backend_codec {
    /* False: it can not be said here after all, and nothing of it was. */
    bool (*send_head)(struct backend_conn *conn, const struct request_head *head,
                      const struct forwarding *forwarding, bool ended);
    void (*send_body)(struct backend_conn *conn, struct text piece);
    void (*send_end)(struct backend_conn *conn, const struct field_list *trailers);
    /* Can a tunnel be asked for here? Once connected. */
    bool (*takes_upgrade)(const struct backend_conn *conn);
    /* In a tunnel: no more bytes from the client. */
    void (*send_close)(struct backend_conn *conn);
    /* May more be sent now? (Else exchange_backend_drained() says when.) */
    bool (*takes_more)(const struct backend_conn *conn);
    /* The client takes bytes again. */
    void (*resume)(struct backend_conn *conn);
    /* The exchange has done with it. `keep`: the connection may serve others. */
    void (*give_back)(struct backend_conn *conn, bool keep);
    /* Why nobody could be spoken with, a word of model/reasons.h; "" = it can, or no connect. */
    const char *(*refusal)(const struct backend_conn *conn);
    /* Has nothing of what was sent been acknowledged by the endpoint's kernel for so long? */
    bool (*is_unanswered)(const struct backend_conn *conn, int64_t for_ms);
    /* Bytes that have left, ever; and whether some of the request wait to leave. */
    uint64_t (*sent)(const struct backend_conn *conn);
    bool (*has_pending)(const struct backend_conn *conn);
    /* Bytes that are kept for this exchange alone, between turns. */
    size_t (*memory)(const struct backend_conn *conn);
    /* Its time in BACKEND_IDLE is over. */
    void (*expired)(struct backend_conn *conn);
};

enum backend_state {
    BACKEND_CONNECTING, /* lent; the connect is under way */
    BACKEND_READY,      /* lent; no request was sent yet */
    BACKEND_HEAD,       /* a request was sent, its response head is awaited */
    BACKEND_BODY,       /* the response head came, its body follows */
    BACKEND_TUNNEL,     /* bytes both ways */
    BACKEND_ENDED,      /* the response is complete */
    BACKEND_IDLE,       /* in the pool */
};

/*
 * What an exchange borrows of an endpoint for one request: a connection that speaks HTTP/1.1
 * (backend_h1.h), or a stream of one that speaks HTTP/2 (backend_h2.h). The first member of both.
 */
struct backend_conn {
    const struct backend_codec *codec;
    /* owned */
    struct deadline deadline;
    /* borrowed */
    struct endpoint *endpoint;
    struct exchange *exchange; /* NULL while idle */
    enum backend_state state;
    bool reused;         /* the connection was there before */
    bool answered;       /* a byte of the response came */
    bool request_ended;  /* the request was written in full */
    int64_t progress_ms; /* when bytes last moved in either direction */
    uint64_t sent_seen;  /* codec->sent() then */
};

/* --- for both ------------------------------------------------------------------------------------
 */

void backend_conn_init(struct backend_conn *conn, const struct backend_codec *codec,
                       struct endpoint *endpoint);
void backend_conn_done(struct backend_conn *conn);

/* A byte of its request or response moved. */
void backend_conn_progressed(struct backend_conn *conn);

int64_t backend_conn_now_ms(const struct backend_conn *conn);

/* Begin to connect, over TLS where the endpoint has it, asking for `protocol` by ALPN. NULL: it
 * failed at once. */
struct stream *backend_stream_new(struct endpoint *endpoint, const char *protocol,
                                  const struct stream_handler *handler, void *owner,
                                  struct err *err);

/* --- for the exchange ----------------------------------------------------------------------------
 */

/* The exchange that borrows it; calls exchange_backend_ready() once connected (not when it is). */
void backend_conn_attach(struct backend_conn *conn, struct exchange *exchange);

#endif
