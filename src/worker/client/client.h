#ifndef SWARMWARD_WORKER_CLIENT_H
#define SWARMWARD_WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../worker.h"
#include "http/body.h"
#include "ipc/messages.h"
#include "net/address.h"
#include "net/deadline.h"
#include "net/stream.h"

struct exchange;
struct stream_layer;

enum client_phase {
    CLIENT_PROXY,     /* a PROXY header is awaited, or seen that there is none */
    CLIENT_HANDSHAKE, /* TLS is being set up */
    CLIENT_HEAD,      /* between requests, or a head is arriving */
    CLIENT_BODY,      /* the exchange runs and its request body is still arriving */
    CLIENT_WAIT,      /* the request is complete, its response is under way */
    CLIENT_TUNNEL,    /* bytes both ways */
    CLIENT_CLOSING,   /* said all there is to say; waiting for the peer's end */
};

/* One accepted connection and, in HTTP/1.1, its one exchange. Owned by the worker. */
struct client {
    TAILQ_ENTRY(client) link;      /* all of the worker */
    TAILQ_ENTRY(client) idle_link; /* those that are idle */
    /* owned */
    struct stream *stream;
    struct exchange *exchange; /* NULL between requests */
    struct buffer input;       /* received in the clear and not used yet */
    struct body_reader body;
    struct deadline deadline; /* of whatever the phase waits for */
    /* borrowed */
    struct worker *worker;
    enum listener_kind kind;
    enum client_phase phase;
    struct address address; /* of the client itself, as far as its proxy said */
    char address_text[ADDRESS_TEXT_BYTES];
    struct address peer;     /* of the other end of the connection */
    unsigned proxy_versions; /* that `peer` must begin with, or, no proxy of ours, must not */
    bool by_proxy;           /* `peer` is a trusted proxy */
    bool ready;              /* the handshake is done */
    bool idle;               /* in the idle list */
    bool counted_by_address;
    bool keep;        /* the connection may carry another request */
    bool cut;         /* the response ended before its end */
    bool sent_ahead;  /* bytes came behind the request */
    bool body_open;   /* `body` needs body_reader_done() */
    bool chunked;     /* the response goes chunked */
    bool until_close; /* the response ends with the connection */
    bool bodiless;    /* the response has no body, whatever its length field says */
    struct h1_scan scan;
    unsigned requests;
    int64_t accepted_us;
    int64_t handshake_us;
    int64_t idle_since_ms;
    int64_t idle_until_ms;   /* the end of keep-alive */
    int64_t head_since_ms;   /* first byte of the head that is arriving; 0: none */
    int64_t body_since_ms;   /* when the body began */
    int64_t body_last_ms;    /* its last byte */
    int64_t paused_since_ms; /* the backend takes no more: not the client's fault; 0: it does */
    int64_t paused_ms;       /* altogether, in this body */
    uint64_t body_bytes;
    int64_t write_progress_ms;
    uint64_t sent_seen; /* stream_sent() then */
};

/* A connection was accepted: takes the descriptor. */
void client_new(struct worker *worker, enum listener_kind kind, int fd,
                const struct address *address);

/* End now; a running exchange ends with it. */
void client_close(struct client *client);
/* The same, and the peer sees a reset. */
void client_close_reset(struct client *client);
/* Say goodbye and wait for the peer's, for a bounded time. */
void client_linger(struct client *client);

/* NULL for a client in the clear. */
struct stream_layer *client_tls(const struct client *client);

/* Its own address, or what a trusted proxy said of it. */
void client_set_address(struct client *client, const struct address *address);
/* What came before the client's own bytes is read; `rest`, behind it, was received already. */
void client_begin_protocol(struct client *client, struct text rest);
/* Refused before there was an exchange: one log line, and the end. */
void client_refuse(struct client *client, const char *reason);

/* --- the PROXY protocol, client_proxy.c --------------------------------------------------------
 */

extern const struct stream_handler client_proxy_handler;

/* --- the HTTP/1.1 half, client_h1.c --------------------------------------------------------------
 */

void client_h1_begin(struct client *client);
extern const struct stream_handler client_h1_handler;
/* A deadline in a phase of HTTP/1.1 was reached: act, or set the next. */
void client_h1_deadline(struct client *client);

extern const struct client_codec client_h1_codec;

/* --- between client_h1.c and h1_output.c ------------------------------------------------------ */

/* Go on with what is in `input`. */
void client_h1_continue(struct client *client);
/* The exchange is over: next request, or goodbye. */
void client_h1_next(struct client *client);

#endif
