#ifndef SWARMWARD_HTTP_H2_SESSION_H
#define SWARMWARD_HTTP_H2_SESSION_H

#include "base/buffer.h"
#include "http/forwarding.h"
#include "http/framing.h"
#include "http/head.h"

/*
 * HTTP/2 on one connection (RFC 9113), in either role: bytes in, callbacks out; calls in, bytes
 * out. Around libnghttp2, which has the frames, HPACK and the windows; what a message may say is
 * checked here, in the words of HTTP/1.1. Counts what a peer may do too often. Reads no clock: the
 * time comes with the bytes.
 */

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

struct h2_session;
struct h2_stream; /* owned by the session; gone with on_closed() or h2_stream_abandon() */

/* What the peer is granted. */
struct h2_grants {
    uint32_t streams;          /* it may have open; towards a server: pushes are never allowed */
    uint32_t stream_bytes;     /* windows */
    uint32_t connection_bytes; /* at least 65535 */
    uint32_t table_bytes;      /* HPACK, in both directions */
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
    /* The answer to h2_session_ping(); NULL: not wanted. */
    void (*on_pong)(void *owner);
};

/* `limits` are copied. The first bytes (preface, SETTINGS) wait for h2_session_pack(). */
struct h2_session *h2_session_new(enum h2_role role, const struct h2_grants *grants,
                                  const struct h1_limits *limits, const struct h2_handler *handler,
                                  void *owner);
/* No callbacks. NULL is fine. */
void h2_session_free(struct h2_session *session);
/* For heads from now on. */
void h2_session_set_limits(struct h2_session *session, const struct h1_limits *limits);

/* -1: the connection is at its end; h2_session_failure() says why, pack for the GOAWAY. */
int h2_session_receive(struct h2_session *session, struct text bytes, int64_t now_ms);

/* Append what may leave now to `out`, about 64 KiB at most; NULL: nothing may, borrowed pieces are
 * copied. */
void h2_session_pack(struct h2_session *session, struct buffer *out, int64_t now_ms);
/* Would pack have bytes? */
bool h2_session_has_output(const struct h2_session *session);

/* The reason for which the connection ends with an error: a word of model/reasons.h; or NULL. */
const char *h2_session_failure(const struct h2_session *session);
/* After GOAWAY: all streams are over and all is packed. */
bool h2_session_is_over(const struct h2_session *session);
/* A head has begun and is not complete, or the peer's preface is. */
bool h2_session_awaits_head(const struct h2_session *session);
size_t h2_session_streams(const struct h2_session *session);
/* Bytes that wait for windows or for pack. */
size_t h2_session_kept(const struct h2_session *session);
/* A stream that is owed bytes, or its end, and has made no progress for `idle_ms`; or NULL. */
struct h2_stream *h2_session_stalled(struct h2_session *session, int64_t now_ms, int64_t idle_ms);

/* End it with an error: GOAWAY, and nothing that comes is looked at. `reason` is static. */
void h2_session_fail(struct h2_session *session, uint32_t code, const char *reason);
/* RFC 9113 section 6.8, a graceful end in two steps: what comes in between is still served. */
void h2_session_shutdown_notice(struct h2_session *session);
void h2_session_goaway(struct h2_session *session);
void h2_session_ping(struct h2_session *session);

/* Client: NULL when the peer's limit of streams is reached or it takes none any more. */
struct h2_stream *h2_session_request(struct h2_session *session, const struct request_head *head,
                                     const struct forwarding *forwarding, bool ended, void *user);
/* Client: how many more requests the peer takes now. */
size_t h2_session_room(const struct h2_session *session);

void h2_stream_set_user(struct h2_stream *stream, void *user);
void *h2_stream_user(const struct h2_stream *stream);

/* Server. `ended`: there is no body. */
void h2_stream_respond(struct h2_stream *stream, const struct response_head *head,
                       const struct response_forwarding *forwarding, bool ended);
void h2_stream_interim(struct h2_stream *stream, const struct response_head *head);
/* `piece` is borrowed until the next h2_session_pack(). */
void h2_stream_send(struct h2_stream *stream, struct text piece);
/* `trailers` (NULL: none) are copied, those that may be sent behind a body. */
void h2_stream_end(struct h2_stream *stream, const struct field_list *trailers);
/* Nothing waits for the peer, and the windows have room. */
bool h2_stream_takes_more(const struct h2_stream *stream);
/* Bytes of on_data() that were used: their room is the peer's again. */
void h2_stream_consume(struct h2_stream *stream, size_t bytes);
/* At once. `user` hears no more of it. */
void h2_stream_reset(struct h2_stream *stream, uint32_t code);
/*
 * `user` has done with it: what was given still leaves. If the peer has not ended by then, it is
 * told by a reset with `code`. An end is still owed: a stream without becomes a reset at once.
 */
void h2_stream_abandon(struct h2_stream *stream, uint32_t code);

#endif
