#ifndef SWARMWARD_WORKER_BACKEND_H2_PRIVATE_H
#define SWARMWARD_WORKER_BACKEND_H2_PRIVATE_H

#include "../turn.h"
#include "backend_h2.h"
#include "http/h2_session.h"

/* What backend_h2.c (connections) and backend_h2_stream.c (what exchanges borrow of them) share. */

struct backend_h2_stream {
    struct backend_conn base;             /* first */
    TAILQ_ENTRY(backend_h2_stream) link;  /* among those that are lent */
    TAILQ_ENTRY(backend_h2_stream) heard; /* among those that this turn brought something for */
    /* borrowed */
    struct backend_h2 *conn;
    struct h2_stream *stream; /* NULL before the head was sent, and when it is gone */
    size_t held;              /* bytes that came and that the client does not take yet */
    unsigned interim_count;
    bool is_heard;
    bool heard_end;  /* tunnel: the backend has no more bytes */
    bool said_end;   /* tunnel: the client has none */
    bool is_starved; /* more is to be sent once the windows and the socket take it */
};

TAILQ_HEAD(h2_streams, backend_h2_stream);

struct backend_h2 {
    TAILQ_ENTRY(backend_h2) link; /* in its pool */
    /* owned */
    struct stream *stream;
    struct h2_session *session;
    struct turn_call write;   /* at the end of the turn */
    struct buffer output;     /* packed in this turn */
    struct deadline deadline; /* idle: its end; else the next look at a quiet peer */
    /* borrowed */
    struct backend_h2_list *list;
    struct endpoint *endpoint;
    struct h2_streams lent;
    struct h2_streams heard;
    const char *refusal; /* why it could not be had; NULL: it could, or its TLS says */
    unsigned lent_count;
    bool connected;
    bool open;      /* the peer's preface came: requests may be sent */
    bool is_single; /* carries one exchange only: others answer behind the address */
    bool leaving;   /* takes no new stream, and ends with the last one */
    bool over;      /* nothing more is said on it */
    bool closed;
    bool inside; /* in a call of the session that calls back */
    bool asked;  /* for a sign of life */
    int64_t heard_ms;
};

/* The codec of what is lent, and what the session of a connection reports. */
extern const struct backend_codec backend_h2_codec;
extern const struct h2_handler backend_h2_events;

/* What the session has to say leaves at the end of the turn, as far as the socket takes it. */
void backend_h2_say(struct backend_h2 *conn);
/* The same; pieces of bodies that were given are not looked at any more. */
void backend_h2_say_pieces(struct backend_h2 *conn);
/* May more be said in this turn? */
bool backend_h2_takes_more(const struct backend_h2 *conn);
/* Ends what nobody needs: after whatever may have given a stream back. */
void backend_h2_settle(struct backend_h2 *conn);
/* Why it could not be had, a word of model/reasons.h; "" = it could. */
const char *backend_h2_refusal(const struct backend_h2 *conn);

#endif
