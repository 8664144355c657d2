#ifndef SWARMWARD_WORKER_CLIENT_H
#define SWARMWARD_WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../worker.h"
#include "body_watch.h"
#include "http/body.h"
#include "ipc/messages.h"
#include "net/address.h"
#include "net/deadline.h"
#include "net/stream.h"

struct client;
struct client_h2;
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

/* What differs between the protocols in a client's life; one table each. */
struct client_protocol {
    void (*begin)(struct client *client);    /* what came before the protocol is done */
    void (*deadline)(struct client *client); /* was reached: act, or set the next */
    void (*drain)(struct client *client);    /* say goodbye when it suits; NULL: not before idle */
    void (*gone)(struct client *client);     /* it is being closed: what runs ends */
    void (*release)(struct client *client);
};

/* HTTP/1.1: one exchange at a time. */
struct client_h1 {
    /* owned */
    struct exchange *exchange; /* NULL between requests */
    struct body_reader body;
    bool keep;        /* the connection may carry another request */
    bool cut;         /* the response ended before its end */
    bool sent_ahead;  /* bytes came behind the request */
    bool body_open;   /* `body` needs body_reader_done() */
    bool chunked;     /* the response goes chunked */
    bool until_close; /* the response ends with the connection */
    bool bodiless;    /* the response has no body, whatever its length field says */
    struct h1_scan scan;
    int64_t head_since_ms; /* first byte of the head that is arriving; 0: none */
    struct body_watch watch;
};

/* One accepted connection. Owned by the worker. */
struct client {
    TAILQ_ENTRY(client) link;      /* all of the worker */
    TAILQ_ENTRY(client) idle_link; /* those that are idle */
    /* owned */
    struct stream *stream;
    struct buffer input;      /* received in the clear and not used yet */
    struct deadline deadline; /* of whatever the phase waits for */
    struct client_h1 h1;
    struct client_h2 *h2; /* NULL: it speaks HTTP/1.1, or nothing yet */
    /* borrowed */
    struct worker *worker;
    const struct client_protocol *protocol; /* NULL before it is known */
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
    bool shared_source; /* the routing mesh: many clients come from this address */
    unsigned requests;
    size_t encoder_bytes; /* of what compression may hold, taken for its responses */
    int64_t accepted_us;
    int64_t handshake_us;
    int64_t idle_since_ms;
    int64_t idle_until_ms; /* the end of keep-alive */
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

/* --- for both protocols --------------------------------------------------------------------------
 */

/* One log line and a counter for what ends the connection, or a stream without an exchange. */
void client_note_refusal(struct client *client, const char *reason);
/* The worker drains. */
void client_drain(struct client *client);
/* How often a running exchange is looked at for its limits. */
int64_t client_watch_interval_ms(const struct client *client);
/* True: what was written makes no way to the peer. */
bool client_write_is_stuck(struct client *client);
/* The deadline of CLIENT_CLOSING. */
void client_closing_deadline(struct client *client);
/* For the field Date of answers of our own (RFC 9110 section 6.6.1); made once a second. */
struct text client_date_now(void);

extern const struct client_protocol client_h1_protocol;
extern const struct client_protocol client_h2_protocol;

extern const struct client_codec client_h1_codec;

/* --- between client_h1.c and h1_output.c ------------------------------------------------------ */

/* Go on with what is in `input`. */
void client_h1_continue(struct client *client);
/* The exchange is over: next request, or goodbye. */
void client_h1_next(struct client *client);

#endif
