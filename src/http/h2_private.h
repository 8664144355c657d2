#ifndef SWARMWARD_HTTP_H2_PRIVATE_H
#define SWARMWARD_HTTP_H2_PRIVATE_H

#include <sys/queue.h>

#include <nghttp2/nghttp2.h>

#include "h2_budget.h"
#include "h2_head.h"
#include "h2_scan.h"
#include "http/h2_session.h"

/* What h2_session.c (life, what comes), h2_receive.c and h2_send.c (what leaves) share. */

#define H2_VIEWS_MOST 8

TAILQ_HEAD(h2_stream_list, h2_stream);

struct h2_stream {
    TAILQ_ENTRY(h2_stream) link;       /* of the session */
    TAILQ_ENTRY(h2_stream) dirty_link; /* those with views */
    /* owned */
    struct buffer kept;     /* for the peer, waiting for windows */
    struct field_list last; /* the trailers: `lines` is one piece of memory with all they say */
    size_t last_bytes;      /* of that piece */
    /* borrowed */
    struct h2_session *session;
    void *user; /* NULL: nobody hears of it */
    struct text views[H2_VIEWS_MOST];
    unsigned view_count;
    int32_t id;
    /* of what comes */
    enum http_method method; /* of the request */
    bool head_seen;          /* the request, or the final response */
    bool broken;             /* malformed: what comes is thrown away */
    bool peer_ended;
    bool counted; /* `length_left` must come to nothing */
    uint64_t length_left;
    size_t unconsumed; /* given by on_data(), in the windows still */
    uint32_t window;   /* to be set once the request has left; 0: as it is */
    /* of what leaves */
    bool head_given; /* the response (client: the request) */
    bool deferred;   /* nghttp2 waits for more */
    bool ended;      /* no more comes from the user */
    bool end_sent;   /* and the end has left */
    bool resetting;  /* RST_STREAM is on its way */
    bool reset_by_peer;
    bool abandoned;
    bool blocked;    /* it could have more to send, but for the windows */
    bool window_cut; /* the frame that leaves ends where a window does */
    uint32_t abandon_code;
    int64_t lingers_since_ms;
    int64_t owed_since_ms; /* 0: nothing is owed, or it moved since it was looked at */
};

struct h2_session {
    /* owned */
    nghttp2_session *nghttp2;
    struct h2_stream_list streams;
    struct h2_stream_list dirty;
    struct h2_head_builder builder;
    struct buffer text; /* values that are composed */
    /* borrowed */
    const struct h2_handler *handler;
    void *owner;
    struct buffer *out;       /* while packing */
    struct h2_packed *packed; /* and pieces may stay where they are; else NULL */
    size_t packed_bytes;      /* of pieces, besides `out` */
    enum h2_role role;
    struct h2_grants grants;
    struct h2_budget budget;
    struct h2_scan scan;
    const char *failure;
    bool busy;         /* within nghttp2, which must not be entered again */
    bool preface_seen; /* the peer's SETTINGS came */
    bool going_away;   /* the last GOAWAY was submitted */
    bool peer_goes_away;
    size_t stream_count;
    size_t kept;
    size_t allocated; /* by nghttp2 */
    int64_t now_ms;
};

/* h2_receive.c */
/* -1: the session has failed by one of these. */
int h2_count_frames(struct h2_session *session, struct text bytes);
void h2_receive_install(nghttp2_session_callbacks *callbacks);
struct h2_stream *h2_stream_new(struct h2_session *session, int32_t id);
void h2_stream_free(struct h2_stream *stream);
struct h2_stream *h2_stream_find(struct h2_session *session, int32_t id);

/* h2_memory.c: how nghttp2 comes by its memory; counted in `session->allocated`. */
nghttp2_mem h2_memory_of(struct h2_session *session);

/* h2_send.c */
void h2_send_install(nghttp2_session_callbacks *callbacks);
size_t h2_stream_waiting(const struct h2_stream *stream);

/* h2_fields.c: heads and trailers as nghttp2 wants them. `fields` has room for H2_FIELDS_MOST. */
#define H2_FIELDS_MOST (FIELD_LINES_MAX + 128) /* what we add is far less */
size_t h2_fields_of_request(struct buffer *text, const struct request_head *head,
                            const struct forwarding *forwarding, nghttp2_nv *fields);
size_t h2_fields_of_response(struct buffer *text, const struct response_head *head,
                             const struct response_forwarding *forwarding, nghttp2_nv *fields);
size_t h2_fields_of_interim(struct buffer *text, const struct response_head *head,
                            nghttp2_nv *fields);
size_t h2_fields_of_trailers(const struct field_list *trailers, nghttp2_nv *fields);

#endif
