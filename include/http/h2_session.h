#ifndef SWARMWARD_HTTP_H2_SESSION_H
#define SWARMWARD_HTTP_H2_SESSION_H

#include "base/buffer.h"
#include "http/forwarding.h"
#include "http/framing.h"
#include "http/h2_handler.h"
#include "http/head.h"

/*
 * HTTP/2 on one connection (RFC 9113), in either role: bytes in, callbacks out; calls in, bytes
 * out. Around libnghttp2, which has the frames, HPACK and the windows; what a message may say is
 * checked here, in the words of HTTP/1.1. Counts what a peer may do too often. Reads no clock: the
 * time comes with the bytes.
 */

struct h2_session;

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

/* The same, but large pieces stay where they are: each belongs into `bytes` at `at`. */
#define H2_CUTS_MOST 7
struct h2_packed {
    struct buffer *bytes;
    struct h2_cut {
        size_t at;
        struct text piece;
    } cuts[H2_CUTS_MOST];
    unsigned count;
};
void h2_session_pack_pieces(struct h2_session *session, struct h2_packed *packed, int64_t now_ms);

/* Would pack have bytes? */
bool h2_session_has_output(const struct h2_session *session);

/* The reason for which the connection ends with an error: a word of model/reasons.h; or NULL. */
const char *h2_session_failure(const struct h2_session *session);
/* After GOAWAY: all streams are over and all is packed. */
bool h2_session_is_over(const struct h2_session *session);
/* 0, or the number of the head (the peer's preface is the first) that is not complete yet. */
uint64_t h2_session_open_head(const struct h2_session *session);
size_t h2_session_streams(const struct h2_session *session);
/* Memory of bytes that wait for windows or for pack. */
size_t h2_session_kept(const struct h2_session *session);
/* All that it holds from the heap: what is kept, heads that arrive and that leave, HPACK's tables.
 */
size_t h2_session_memory(const struct h2_session *session);
/* A stream that is owed bytes, or its end, and has made no progress for `idle_ms`; or NULL. */
struct h2_stream *h2_session_stalled(struct h2_session *session, int64_t now_ms, int64_t idle_ms);

/* End it with an error: GOAWAY, and nothing that comes is looked at. `reason` is static. */
void h2_session_fail(struct h2_session *session, uint32_t code, const char *reason);
/* RFC 9113 section 6.8, a graceful end in two steps: what comes in between is still served. A PING
 * follows the notice: on_pong() says that the peer has seen it. */
void h2_session_shutdown_notice(struct h2_session *session);
void h2_session_goaway(struct h2_session *session);
void h2_session_ping(struct h2_session *session);

/* Client: NULL when the peer's limit of streams is reached or it takes none any more. `ended`: no
 * body follows, which with forwarding.upgrade it must not be. */
struct h2_stream *h2_session_request(struct h2_session *session, const struct request_head *head,
                                     const struct forwarding *forwarding, bool ended, void *user);
/* Client: how many more requests the peer takes now. */
size_t h2_session_room(const struct h2_session *session);
/* Client: the peer takes extended CONNECT (RFC 8441 section 3). */
bool h2_session_takes_websocket(const struct h2_session *session);

void h2_stream_set_user(struct h2_stream *stream, void *user);
void *h2_stream_user(const struct h2_stream *stream);
/* What is kept for it alone. */
size_t h2_stream_memory(const struct h2_stream *stream);

/* Server. `ended`: there is no body. */
void h2_stream_respond(struct h2_stream *stream, const struct response_head *head,
                       const struct response_forwarding *forwarding, bool ended);
void h2_stream_interim(struct h2_stream *stream, const struct response_head *head);
/* `piece` is borrowed until the next h2_session_pack(). */
void h2_stream_send(struct h2_stream *stream, struct text piece);
/* `trailers` (NULL: none) are copied, those that may be sent behind a body. */
void h2_stream_end(struct h2_stream *stream, const struct field_list *trailers);
/* Nothing waits for the peer, and the windows have room. */
bool h2_stream_takes_more(struct h2_stream *stream);
/* Bytes of on_data() that were used: their room is the peer's again. */
void h2_stream_consume(struct h2_stream *stream, size_t bytes);
/* So much may be on its way to us beyond what is not consumed. Of a request that has not left: once
 * it has. */
void h2_stream_set_window(struct h2_stream *stream, uint32_t bytes);
/* At once. `user` hears no more of it. */
void h2_stream_reset(struct h2_stream *stream, uint32_t code);
/*
 * `user` has done with it: what was given still leaves, then the stream is reset with `code`; with
 * H2_NO_ERROR only if the peer has not ended by h2_session_reset_lingering(). Without an end it is
 * reset at once.
 */
void h2_stream_abandon(struct h2_stream *stream, uint32_t code);
/* Those that sent on for `linger_ms` after all was said (some clients lose an answer that a reset
 * follows while they send). True: others do still. */
bool h2_session_reset_lingering(struct h2_session *session, int64_t now_ms, int64_t linger_ms);

#endif
