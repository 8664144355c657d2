#ifndef SWARMWARD_WORKER_EXCHANGE_H
#define SWARMWARD_WORKER_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "../backend/backend_conn.h"
#include "../worker.h"
#include "backend_events.h"
#include "base/arena.h"
#include "client_codec.h"
#include "http/forwarding.h"
#include "http/framing.h"
#include "http/head.h"

struct client;
struct client_stream;
struct endpoint;
struct service;
struct compression;
struct forward_auth;
struct verification;

enum exchange_state {
    EXCHANGE_ROUTING,    /* request head is complete, no endpoint chosen yet */
    EXCHANGE_CONNECTING, /* waiting for an endpoint with room, or for its connection */
    EXCHANGE_RELAYING,   /* the request head left; bodies may flow both ways */
    EXCHANGE_DONE,       /* response sent in full or cut; the only state that may be freed */
};

#define EXCHANGE_TRIED_MOST 8
#define EXCHANGE_ID_BYTES   32

/* One request and its response. Owned by its client. */
struct exchange {
    TAILQ_ENTRY(exchange) queue_link;    /* in its service's queue, or of a password's check */
    TAILQ_ENTRY(exchange) endpoint_link; /* among those that run at its endpoint */
    /* owned */
    struct arena arena; /* both heads and what is made of them */
    struct serving *serving;
    struct forward_auth *auth;       /* in the arena; NULL: nobody was asked */
    struct compression *compression; /* NULL: the body goes as it is */
    /* borrowed: outlives the exchange */
    struct worker *worker;
    struct client *client;
    struct client_stream *stream; /* HTTP/2; NULL: the client has no other exchange */
    const struct client_codec *codec;
    struct exchange *parent; /* that waits for this one, a question of ours; NULL: a client's */
    /* who asks: the client's own, or (in the arena) what a trusted proxy's X-Forwarded-For says */
    const struct address *client_address;
    struct text client_address_text;
    /* borrowed from the snapshot; NULL before they are found */
    const struct snapshot_domain *domain;
    const struct snapshot_route *route;
    struct service *service;
    struct endpoint *endpoint;
    /* of the worker's verifier, while it waits for one */
    struct verification *verification;
    /* lent by the endpoint's pool, NULL before EXCHANGE_CONNECTING */
    struct backend_conn *backend;

    enum exchange_state state;
    bool queued;
    bool responding;     /* a final response head was given to the codec */
    bool request_ended;  /* the client's request is complete */
    bool response_ended; /* the backend's response is complete */
    bool tunnelling;
    bool client_done;      /* tunnel: no more from the client */
    bool upgrades;         /* asks for a tunnel, and may */
    bool is_grpc;          /* a call: both sides may stream, and be silent for long */
    bool fresh_connection; /* the retry after a stale pooled connection */
    bool https;
    bool desperate; /* no endpoint is left but those that are better avoided */

    struct request_head request;
    struct framing request_framing;
    uint64_t request_body_bytes;         /* given to a backend */
    unsigned retries;                    /* on other endpoints, as logged */
    unsigned resends;                    /* those that had reached one before */
    unsigned moves;                      /* to another connection, because one took no more */
    uint64_t tried[EXCHANGE_TRIED_MOST]; /* identities */
    unsigned tried_count;

    struct text request_id; /* of `request_id_hex` */
    char request_id_hex[EXCHANGE_ID_BYTES];
    struct text host;             /* lower case, no port */
    struct text path;             /* as routes see it: no query, no dot segments */
    struct text set_cookie;       /* sticky: for the response */
    struct text websocket_accept; /* of the 101 for HTTP/2; "": the client looks itself */
    struct text user;             /* whose password it has; "": nobody was asked, or not yet */

    int status;         /* of the response, as logged */
    const char *reason; /* why it was refused or cut; NULL = it was not */
    uint64_t bytes_in;
    uint64_t bytes_out;
    int64_t started_us;
    int64_t queued_ms; /* since when it waits in a queue; 0: it does not */
    int64_t queue_us;
    int64_t connect_started_us;
    int64_t connect_us;
    int64_t first_byte_us; /* since started_us; -1: none came */
};

/* --- for the codecs */

struct exchange *exchange_new(struct client *client, const struct client_codec *codec);

/* At the end of the process. */
void exchange_free_spares(struct worker *worker);

/* `request` and `request_framing` are set. May end, but never free, the exchange. */
void exchange_start(struct exchange *exchange);

/* A response of our own, and the end. Once a response has begun it is cut instead. `reason` NULL:
 * it is no refusal. Body and type of `reply` are filled in where it has none. */
void exchange_answer(struct exchange *exchange, struct reply *reply, const char *reason);

/* Refuse before or after the start: the one way every failure goes. */
void exchange_fail(struct exchange *exchange, int status, const char *reason);

bool exchange_takes_body(const struct exchange *exchange);
void exchange_body(struct exchange *exchange, struct text piece);
void exchange_body_end(struct exchange *exchange, const struct field_list *trailers);

/* The client took all that was pending. */
void exchange_client_drained(struct exchange *exchange);
/* The client went away, or was sent away; the exchange ends without another word to the codec but
 * done. */
void exchange_client_gone(struct exchange *exchange, const char *reason);
/* Tunnel: the client has no more bytes. */
void exchange_client_tunnel_end(struct exchange *exchange);

/* --- for the service's queue */

/* True: it found an endpoint (or failed) and left the queue. */
bool exchange_try_again(struct exchange *exchange);
void exchange_queue_timeout(struct exchange *exchange);
/* It was taken out of a queue, because another snapshot is in force. */
void exchange_requeued(struct exchange *exchange);

/* --- for the endpoint */

/* The endpoint has drained for as long as it may. */
void exchange_drained_out(struct exchange *exchange);

/* The domain's policy has nothing against it (policy/). */
void exchange_go_on(struct exchange *exchange);

#endif
