#ifndef SWARMWARD_HTTP_H2_HANDLER_H
#define SWARMWARD_HTTP_H2_HANDLER_H

#include "http/framing.h"
#include "http/head.h"

/* What an HTTP/2 session (h2_session.h) is made with, and what it reports. */

enum h2_role {
    H2_SERVER,
    H2_CLIENT,
};

/* RFC 9113 section 7, as the wire has them. */
enum h2_error {
    H2_NO_ERROR = 0,
    H2_PROTOCOL_ERROR = 1,
    H2_INTERNAL_ERROR = 2,
    H2_FLOW_CONTROL_ERROR = 3,
    H2_STREAM_CLOSED = 5,
    H2_FRAME_SIZE_ERROR = 6,
    H2_REFUSED_STREAM = 7,
    H2_CANCEL = 8,
    H2_COMPRESSION_ERROR = 9,
    H2_ENHANCE_YOUR_CALM = 11,
};

struct h2_stream; /* owned by the session; gone with on_closed() or h2_stream_abandon() */

/* What the peer is granted. */
struct h2_grants {
    uint32_t streams;          /* it may have open; towards a server: pushes are never allowed */
    uint32_t stream_bytes;     /* windows */
    uint32_t connection_bytes; /* at least 65535 */
    uint32_t table_bytes;      /* HPACK, in both directions */
    size_t kept_bytes;         /* of bodies towards it that wait, before no stream takes more */
    unsigned continuations;    /* a head */
    unsigned resets;           /* in `resets_ms`, sent by it or provoked by it */
    int64_t resets_ms;
    bool extended_connect; /* server: RFC 8441 */
};

/*
 * All of them from within h2_session_receive() and h2_session_pack(), and every function here but
 * those two and h2_session_free() may be called. Views last until the callback returns.
 */
struct h2_handler {
    /*
     * Server: a request that may be passed on. Its views point into `bytes`, or at literals
     * (request_head_rebase()). BODY_CHUNKED: a body of unknown length. An extended CONNECT for
     * "websocket" has framing.wants_upgrade and head.protocol.
     */
    void (*on_request)(void *owner, struct h2_stream *stream, const struct request_head *head,
                       const struct framing *framing, struct text bytes);
    /* Client: interim responses (below 200, without a framing), then the final one. */
    void (*on_response)(void *owner, struct h2_stream *stream, const struct response_head *head,
                        const struct framing *framing);
    /*
     * The message is malformed, or beyond a limit; nothing more of it comes. `head` (server): what
     * of it was good, for the log; NULL when it had been given before. Answer or reset.
     */
    void (*on_refused)(void *owner, struct h2_stream *stream, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal);
    /* Body bytes. They count against the windows until h2_stream_consume(). */
    void (*on_data)(void *owner, struct h2_stream *stream, struct text piece);
    /* The peer's message is complete, with these trailers. */
    void (*on_end)(void *owner, struct h2_stream *stream, const struct field_list *trailers);
    /* The stream is gone: H2_NO_ERROR when both sides have ended. NULL user: not called. */
    void (*on_closed)(void *owner, struct h2_stream *stream, uint32_t code, bool by_peer);
    /* The peer says goodbye; NULL: not wanted. */
    void (*on_goaway)(void *owner, uint32_t code);
    /* The answer to a PING of ours; NULL: not wanted. */
    void (*on_pong)(void *owner);
};

#endif
