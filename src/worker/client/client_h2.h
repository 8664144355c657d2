#ifndef SWARMWARD_WORKER_CLIENT_H2_H
#define SWARMWARD_WORKER_CLIENT_H2_H

#include "../turn.h"
#include "body_watch.h"
#include "client.h"
#include "http/h2_session.h"

/* HTTP/2 towards one client: what client_h2.c, h2_streams.c and h2_output.c share. */

TAILQ_HEAD(client_stream_list, client_stream);

/* One request of the client. Owned by it, as long as its exchange runs. */
struct client_stream {
    TAILQ_ENTRY(client_stream) link;
    TAILQ_ENTRY(client_stream) waiting_link;  /* takes no more for now */
    TAILQ_ENTRY(client_stream) starting_link; /* begins soon */
    /* owned */
    struct exchange *exchange;
    struct buffer input; /* of the body, not taken yet; the windows bound it */
    size_t taken;        /* by a backend that has not sent it on yet: in the windows still */
    /* borrowed */
    struct client *client;
    struct h2_stream *h2;       /* NULL: it is gone, or reset */
    struct field_list trailers; /* in the exchange's arena */
    struct body_watch body;
    bool body_open;    /* the request body is arriving */
    bool peer_ended;   /* all of it came, but not all was taken */
    bool bodiless;     /* the response has no body */
    bool waiting;      /* in the list of those that wait */
    bool starting;     /* in the list of those that begin soon */
    size_t said_bytes; /* of the body, in this turn */
    uint32_t code;     /* to reset with, when the client has not ended */
};

enum client_goodbye {
    GOODBYE_NOT,
    GOODBYE_NOTICE, /* told that there will be an end; what comes meanwhile is served */
    GOODBYE_LAST,   /* told which stream is the last */
};

struct client_h2 {
    /* owned */
    struct h2_session *session;
    struct client_stream_list streams;
    struct turn_call write;      /* at the end of the turn */
    struct turn_call start_more; /* in the next one */
    struct buffer output;        /* packed in this turn */
    /* borrowed */
    struct client *client;
    struct client_stream_list waiting;
    struct client_stream_list starting;
    enum client_goodbye goodbye;
    uint64_t head; /* that is open; 0: none */
    int64_t head_since_ms;
    int64_t goodbye_since_ms;
};

extern const struct h2_handler client_h2_handler; /* h2_streams.c; `owner` is the client */
extern const struct client_codec client_h2_codec; /* h2_output.c */

/* What the session has leaves at the end of the turn. */
void client_h2_write_later(struct client *client);
/* The same now, with large body pieces where they lie. */
void client_h2_write_pieces(struct client *client);
/* It leaves now. May close the client. */
void client_h2_write(struct client *client);
/* After client_goodbye: the round trip is over. */
void client_h2_pong(struct client *client);
/* There is one request more, or less. */
void client_h2_count_request(struct client *client);
void client_h2_stream_is_over(struct client *client);

/* Requests that came begin, as many as are fair to the other clients. */
void client_h2_start_requests(struct client *client);
/* The exchange may take what came of its body. */
void client_stream_feed(struct client_stream *stream);
void client_stream_free(struct client_stream *stream);

#endif
