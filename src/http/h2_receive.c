/*
 * What nghttp2 reports of the peer's frames, as messages: heads through h2_head.c and framing.c,
 * bodies counted against their length; and the counting of frames. Called from within
 * h2_session_receive(). What leaves is in h2_send.c.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "h2_private.h"

struct h2_stream *h2_stream_new(struct h2_session *session, int32_t id)
{
    struct h2_stream *stream = memory_new(sizeof(*stream));

    stream->session = session;
    stream->id = id;
    TAILQ_INSERT_TAIL(&session->streams, stream, link);
    session->stream_count++;
    nghttp2_session_set_stream_user_data(session->nghttp2, id, stream);
    return stream;
}

void h2_stream_free(struct h2_stream *stream)
{
    struct h2_session *session = stream->session;

    if (stream->view_count)
        TAILQ_REMOVE(&session->dirty, stream, dirty_link);
    TAILQ_REMOVE(&session->streams, stream, link);
    session->stream_count--;
    session->kept -= stream->kept.capacity;
    buffer_done(&stream->kept);
    free(stream->last.lines);
    free(stream);
}

struct h2_stream *h2_stream_find(struct h2_session *session, int32_t id)
{
    return id ? nghttp2_session_get_stream_user_data(session->nghttp2, id) : NULL;
}

/* The session ends within this frame. */
static int fail(struct h2_session *session, uint32_t code, const char *reason)
{
    h2_session_fail(session, code, reason);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* --- frames --------------------------------------------------------------------------------------
 */

/* Before nghttp2 looks at it. NULL, or why it is one too many. */
static const char *count_frame(struct h2_session *session, const struct h2_seen_frame *frame)
{
    switch (frame->type) {
    case NGHTTP2_HEADERS:
        return NULL;
    case NGHTTP2_CONTINUATION:
        return session->scan.continuations > session->grants.continuations ? "continuation_flood"
                                                                           : NULL;
    case NGHTTP2_DATA:
        if (!frame->empty) {
            h2_budget_earn(&session->budget, 1);
            return NULL;
        }
        break;
    case NGHTTP2_RST_STREAM:
        return h2_bucket_take(&session->budget.resets, session->grants.resets,
                              session->grants.resets_ms, session->now_ms)
                   ? NULL
                   : "rapid_reset";
    default:
        break;
    }
    return h2_budget_frame(&session->budget, frame->type, session->now_ms);
}

int h2_count_frames(struct h2_session *session, struct text bytes)
{
    struct h2_seen_frame frame;

    while (h2_scan_next(&session->scan, &bytes, &frame)) {
        const char *reason = count_frame(session, &frame);

        if (reason) {
            h2_session_fail(session, H2_ENHANCE_YOUR_CALM, reason);
            return -1;
        }
    }
    return 0;
}

static void refused(struct h2_stream *stream, const struct request_head *head,
                    const struct h1_refusal *refusal)
{
    struct h2_session *session = stream->session;

    stream->broken = true;
    if (stream->user || head || session->role == H2_CLIENT)
        session->handler->on_refused(session->owner, stream, head,
                                     buffer_text(&session->builder.bytes), refusal);
}

static void peer_ended(struct h2_stream *stream, const struct field_list *trailers)
{
    static const struct field_list none = { 0 };
    struct h2_session *session = stream->session;
    int status = session->role == H2_SERVER ? 400 : 502;

    stream->peer_ended = true;
    if (stream->broken)
        return;
    if (stream->counted && stream->length_left)
        refused(stream, NULL, &(struct h1_refusal){ status, "length_differs_from_data" });
    else if (stream->user)
        session->handler->on_end(session->owner, stream, trailers ? trailers : &none);
}

/* --- heads ---------------------------------------------------------------------------------------
 */

static int on_begin_headers(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = h2_stream_find(session, frame->hd.stream_id);
    enum h2_head_kind kind = H2_HEAD_TRAILERS;

    (void)nghttp2;
    if (!stream && session->role == H2_SERVER)
        stream = h2_stream_new(session, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (!stream->head_seen)
        kind = session->role == H2_SERVER ? H2_HEAD_REQUEST : H2_HEAD_RESPONSE;
    h2_head_begin(&session->builder, kind);
    return 0;
}

static struct text rcbuf_text(nghttp2_rcbuf *rcbuf)
{
    nghttp2_vec bytes = nghttp2_rcbuf_get_buf(rcbuf);

    return text_make((const char *)bytes.base, bytes.len);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
static int on_header(nghttp2_session *nghttp2, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *owner)
{
    struct h2_session *session = owner;

    (void)nghttp2;
    (void)frame;
    (void)flags;
    if (session->failure)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (h2_head_add(&session->builder, rcbuf_text(name), rcbuf_text(value)))
        return 0;
    return fail(session, H2_ENHANCE_YOUR_CALM, "header_flood");
}

static void take_request(struct h2_stream *stream, bool ended)
{
    struct h2_session *session = stream->session;
    struct h2_head_builder *builder = &session->builder;
    struct request_head head;
    struct framing framing;

    stream->head_seen = true;
    h2_budget_earn(&session->budget, 4);
    if (h2_head_finish_request(builder, &head) < 0 ||
        framing_of_h2_request(&head, ended, &framing, &builder->refusal) < 0) {
        stream->peer_ended = ended;
        refused(stream, &head, &builder->refusal);
        return;
    }
    stream->method = head.method;
    stream->counted = framing.has_length;
    stream->length_left = framing.length;
    stream->peer_ended = ended;
    session->handler->on_request(session->owner, stream, &head, &framing,
                                 buffer_text(&builder->bytes));
}

static void refuse_response(struct h2_stream *stream)
{
    struct h1_refusal refusal = stream->session->builder.refusal;

    refusal.status = 502;
    refused(stream, NULL, &refusal);
}

static void take_response(struct h2_stream *stream, bool ended)
{
    struct h2_session *session = stream->session;
    struct h2_head_builder *builder = &session->builder;
    struct response_head head;
    struct framing framing;

    if (h2_head_finish_response(builder, &head) < 0) {
        refuse_response(stream);
        return;
    }
    if (head.status < 200) {
        builder->refusal.reason = "interim_with_end"; /* RFC 9113 section 8.1 */
        if (ended)
            refuse_response(stream);
        else if (stream->user)
            session->handler->on_response(session->owner, stream, &head, NULL);
        return;
    }
    stream->head_seen = true;
    if (framing_of_h2_response(&head, stream->method, ended, &framing, &builder->refusal) < 0) {
        refuse_response(stream);
        return;
    }
    stream->counted = framing.kind != BODY_CHUNKED && framing.kind != BODY_TUNNEL;
    stream->length_left = framing.kind == BODY_COUNTED ? framing.length : 0;
    if (stream->user)
        session->handler->on_response(session->owner, stream, &head, &framing);
    if (ended)
        peer_ended(stream, NULL);
}

static void take_trailers(struct h2_stream *stream, bool ended)
{
    struct h2_session *session = stream->session;
    struct field_list trailers;

    if (h2_head_finish_trailers(&session->builder, &trailers) == 0 && ended) {
        peer_ended(stream, &trailers);
        return;
    }
    stream->peer_ended = ended;
    if (!session->builder.refusal.status) /* RFC 9113 section 8.1 */
        session->builder.refusal =
            (struct h1_refusal){ .status = 400, .reason = "trailers_without_end" };
    if (session->role == H2_CLIENT)
        session->builder.refusal.status = 502;
    refused(stream, NULL, &session->builder.refusal);
}

static void take_head(struct h2_session *session, struct h2_stream *stream, bool ended)
{
    if (stream->broken)
        stream->peer_ended = stream->peer_ended || ended;
    else if (stream->head_seen)
        take_trailers(stream, ended);
    else if (session->role == H2_SERVER)
        take_request(stream, ended);
    else
        take_response(stream, ended);
    h2_head_end(&session->builder);
}

/* --- bodies --------------------------------------------------------------------------------------
 */

static void take_data(struct h2_stream *stream, struct text piece)
{
    struct h2_session *session = stream->session;

    if (stream->counted && piece.len > stream->length_left) {
        int status = session->role == H2_SERVER ? 400 : 502;

        refused(stream, NULL, &(struct h1_refusal){ status, "length_differs_from_data" });
        nghttp2_session_consume(session->nghttp2, stream->id, piece.len);
        return;
    }
    stream->length_left -= stream->counted ? piece.len : 0;
    stream->unconsumed += piece.len;
    session->handler->on_data(session->owner, stream, piece);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
static int on_data_chunk(nghttp2_session *nghttp2, uint8_t flags, int32_t id, const uint8_t *bytes,
                         size_t len, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = h2_stream_find(session, id);

    (void)flags;
    if (stream && session->role == H2_CLIENT && !stream->head_seen && !stream->broken)
        refused(stream, NULL, &(struct h1_refusal){ 502, "data_before_head" });
    if (stream && stream->user && !stream->broken)
        take_data(stream, text_make((const char *)bytes, len));
    else
        nghttp2_session_consume(nghttp2, id, len);
    return 0;
}

/* --- the rest ------------------------------------------------------------------------------------
 */

static int on_frame_recv(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = h2_stream_find(session, frame->hd.stream_id);

    (void)nghttp2;
    switch (frame->hd.type) {
    case NGHTTP2_DATA:
        if (stream && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            peer_ended(stream, NULL);
        return 0;
    case NGHTTP2_HEADERS:
        if (stream)
            take_head(session, stream, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
        return 0;
    case NGHTTP2_RST_STREAM:
        if (stream)
            stream->reset_by_peer = true;
        return 0;
    case NGHTTP2_SETTINGS:
        session->preface_seen = true;
        return 0;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK && session->handler->on_pong)
            session->handler->on_pong(session->owner);
        return 0;
    case NGHTTP2_GOAWAY:
        session->peer_goes_away = true;
        if (session->handler->on_goaway)
            session->handler->on_goaway(session->owner, frame->goaway.error_code);
        return 0;
    default:
        return 0;
    }
}

static int on_stream_close(nghttp2_session *nghttp2, int32_t id, uint32_t code, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = h2_stream_find(session, id);

    (void)nghttp2;
    if (!stream)
        return 0;
    if (stream->user)
        session->handler->on_closed(session->owner, stream, code, stream->reset_by_peer);
    if (stream->unconsumed)
        nghttp2_session_consume_connection(nghttp2, stream->unconsumed);
    h2_stream_free(stream);
    return 0;
}

void h2_receive_install(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
}
