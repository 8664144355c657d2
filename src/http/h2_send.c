/*
 * What leaves: heads to nghttp2's queue at once, bodies as nghttp2 asks for them while packing.
 * A piece goes from where it lies into the frame; only what the windows do not take is kept.
 * Called by the user of the session and, for the frames, by nghttp2.
 */

#include <assert.h>
#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "field_names.h"
#include "h2_private.h"

/* One turn leaves with one write: four TLS records of the largest kind, and the heads. */
#define PACK_BYTES ((size_t)64 * 1024)
/* A smaller piece is copied sooner than it is pointed at. */
#define PIECE_BYTES 2048
/* A frame that a window cuts shorter than this costs more than it moves. */
#define SMALL_FRAME_BYTES 256

size_t h2_stream_waiting(const struct h2_stream *stream)
{
    size_t waiting = buffer_len(&stream->kept);

    for (unsigned i = 0; i < stream->view_count; i++)
        waiting += stream->views[i].len;
    return waiting;
}

static void resume(struct h2_stream *stream)
{
    if (stream->deferred)
        nghttp2_session_resume_data(stream->session->nghttp2, stream->id);
    stream->deferred = false;
}

/* --- frames, as nghttp2 asks for them ------------------------------------------------------------
 */

static void submit_trailers(struct h2_stream *stream)
{
    NOT_INITIALISED nghttp2_nv fields[H2_FIELDS_MOST];
    size_t count = h2_fields_of_trailers(&stream->last, fields);

    nghttp2_submit_trailer(stream->session->nghttp2, stream->id, fields, count);
}

// NOLINTNEXTLINE(readability-function-size,readability-non-const-parameter): they are nghttp2's
static ssize_t on_read(nghttp2_session *nghttp2, int32_t id, uint8_t *bytes, size_t room,
                       uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    struct h2_stream *stream = source->ptr;
    size_t waiting = h2_stream_waiting(stream);
    size_t len = waiting < room ? waiting : room;

    (void)nghttp2;
    (void)id;
    (void)bytes;
    (void)owner;
    if (!len && !stream->ended) {
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    stream->window_cut = len < waiting && len < SMALL_FRAME_BYTES;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (len == waiting && stream->ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (stream->last.count) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(stream);
        }
    }
    return (ssize_t)len;
}

/* The first `len` bytes that wait. */
static void take(struct h2_stream *stream, size_t len, struct buffer *out)
{
    struct h2_session *session = stream->session;
    size_t part = buffer_len(&stream->kept) < len ? buffer_len(&stream->kept) : len;

    if (part) {
        buffer_append_text(out, text_first(buffer_text(&stream->kept), part));
        buffer_consume(&stream->kept, part);
        len -= part;
        if (!buffer_len(&stream->kept)) {
            session->kept -= stream->kept.capacity;
            buffer_done(&stream->kept);
        }
    }
    for (unsigned i = 0; i < stream->view_count && len; i++) {
        struct text *view = &stream->views[i];

        part = view->len < len ? view->len : len;
        buffer_append_text(out, text_first(*view, part));
        *view = text_from(*view, part);
        len -= part;
    }
    assert(len == 0);
}

static bool is_full(const struct h2_session *session)
{
    return buffer_len(session->out) + session->packed_bytes >= PACK_BYTES;
}

/* True: all `len` bytes are of one piece, which is pointed at. */
static bool point(struct h2_stream *stream, size_t len)
{
    struct h2_session *session = stream->session;
    struct h2_packed *packed = session->packed;
    struct text *view = &stream->views[0];

    if (!packed || packed->count == H2_CUTS_MOST || len < PIECE_BYTES ||
        buffer_len(&stream->kept) || !stream->view_count)
        return false;
    for (unsigned i = 1; !view->len && i < stream->view_count; i++)
        view = &stream->views[i];
    if (view->len < len)
        return false;
    packed->cuts[packed->count++] =
        (struct h2_cut){ .at = buffer_len(session->out), .piece = text_first(*view, len) };
    session->packed_bytes += len;
    *view = text_from(*view, len);
    return true;
}

// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
static int on_send_data(nghttp2_session *nghttp2, nghttp2_frame *frame, const uint8_t *head,
                        size_t len, nghttp2_data_source *source, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = source->ptr;

    (void)nghttp2;
    (void)frame;
    if (is_full(session))
        return NGHTTP2_ERR_WOULDBLOCK;
    buffer_append(session->out, head, 9);
    if (!point(stream, len))
        take(stream, len, session->out);
    stream->owed_since_ms = 0;
    if (!stream->window_cut)
        h2_budget_earn(&session->budget, 3);
    return 0;
}

// NOLINTNEXTLINE(readability-function-size): the parameters are nghttp2's
static ssize_t on_send(nghttp2_session *nghttp2, const uint8_t *bytes, size_t len, int flags,
                       void *owner)
{
    struct h2_session *session = owner;

    (void)nghttp2;
    (void)flags;
    if (is_full(session))
        return NGHTTP2_ERR_WOULDBLOCK;
    buffer_append(session->out, bytes, len);
    return (ssize_t)len;
}

/* Did the peer do something that no peer should? */
static bool is_provoked(uint32_t code)
{
    return code == H2_PROTOCOL_ERROR || code == H2_FLOW_CONTROL_ERROR || code == H2_STREAM_CLOSED ||
           code == H2_FRAME_SIZE_ERROR || code == H2_REFUSED_STREAM || code == H2_ENHANCE_YOUR_CALM;
}

static const char *reason_of_error(uint32_t code)
{
    switch (code) {
    case H2_INTERNAL_ERROR:
        return "h2_internal";
    case H2_FLOW_CONTROL_ERROR:
        return "h2_flow_control";
    case H2_STREAM_CLOSED:
        return "h2_stream_closed";
    case H2_FRAME_SIZE_ERROR:
        return "h2_frame_size";
    case H2_COMPRESSION_ERROR:
        return "h2_compression";
    default:
        return "h2_protocol";
    }
}

/* Our side of the stream is over. */
static void end_has_left(struct h2_stream *stream)
{
    stream->end_sent = true;
    if (stream->abandoned && stream->abandon_code != H2_NO_ERROR)
        h2_stream_reset(stream, stream->abandon_code);
}

/* RFC 9113 section 8.1: who has not ended its side is told that nobody listens. */
bool h2_session_reset_lingering(struct h2_session *session, int64_t now_ms, int64_t linger_ms)
{
    struct h2_stream *stream;
    bool others = false;

    TAILQ_FOREACH(stream, &session->streams, link) {
        if (!stream->abandoned || !stream->end_sent || stream->peer_ended || stream->resetting)
            continue;
        if (!stream->lingers_since_ms)
            stream->lingers_since_ms = now_ms;
        if (now_ms - stream->lingers_since_ms >= linger_ms)
            h2_stream_reset(stream, H2_NO_ERROR);
        else
            others = true;
    }
    return others;
}

static int on_frame_send(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *owner)
{
    struct h2_session *session = owner;
    struct h2_stream *stream = h2_stream_find(session, frame->hd.stream_id);

    switch (frame->hd.type) {
    case NGHTTP2_DATA:
    case NGHTTP2_HEADERS:
        if (stream && stream->window)
            h2_stream_set_window(stream, stream->window);
        if (stream && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            end_has_left(stream);
        break;
    case NGHTTP2_RST_STREAM:
        if (is_provoked(frame->rst_stream.error_code) && !session->failure &&
            !h2_bucket_take(&session->budget.resets, session->grants.resets,
                            session->grants.resets_ms, session->now_ms))
            h2_session_fail(session, H2_ENHANCE_YOUR_CALM, "rapid_reset");
        break;
    case NGHTTP2_GOAWAY: /* also those that nghttp2 has its own reasons for */
        if (frame->goaway.last_stream_id == INT32_MAX)
            nghttp2_submit_ping(nghttp2, NGHTTP2_FLAG_NONE, NULL);
        if (frame->goaway.error_code != H2_NO_ERROR && !session->failure)
            session->failure = reason_of_error(frame->goaway.error_code);
        break;
    default:
        break;
    }
    return 0;
}

/* A head that can not be sent: larger than what nghttp2 takes. */
static int on_frame_not_send(nghttp2_session *nghttp2, const nghttp2_frame *frame, int why,
                             void *owner)
{
    struct h2_stream *stream = h2_stream_find(owner, frame->hd.stream_id);

    (void)nghttp2;
    (void)why;
    if (stream && frame->hd.type == NGHTTP2_HEADERS && !stream->resetting)
        h2_stream_reset(stream, H2_INTERNAL_ERROR);
    return 0;
}

void h2_send_install(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
}

/* --- packing -------------------------------------------------------------------------------------
 */

static void keep(struct h2_stream *stream, struct text piece)
{
    size_t before = stream->kept.capacity;

    buffer_append_text(&stream->kept, piece);
    stream->session->kept += stream->kept.capacity - before;
}

/* What is left of the borrowed pieces becomes ours. */
static void keep_views(struct h2_session *session)
{
    struct h2_stream *stream;

    while ((stream = TAILQ_FIRST(&session->dirty))) {
        TAILQ_REMOVE(&session->dirty, stream, dirty_link);
        for (unsigned i = 0; i < stream->view_count; i++)
            keep(stream, stream->views[i]);
        stream->view_count = 0;
    }
}

void h2_session_pack(struct h2_session *session, struct buffer *out, int64_t now_ms)
{
    if (session->busy)
        return; /* within a callback: whoever called receive or pack goes on */
    session->now_ms = now_ms;
    if (out) {
        session->busy = true;
        session->out = out;
        if (nghttp2_session_send(session->nghttp2) < 0 && !session->failure)
            session->failure = "h2_internal";
        session->out = NULL;
        session->packed = NULL;
        session->packed_bytes = 0;
        session->busy = false;
    }
    keep_views(session);
}

void h2_session_pack_pieces(struct h2_session *session, struct h2_packed *packed, int64_t now_ms)
{
    packed->count = 0;
    if (session->busy)
        return;
    session->packed = packed;
    h2_session_pack(session, packed->bytes, now_ms);
}

bool h2_session_has_output(const struct h2_session *session)
{
    return nghttp2_session_want_write(session->nghttp2);
}

/* --- streams -------------------------------------------------------------------------------------
 */

void h2_stream_respond(struct h2_stream *stream, const struct response_head *head,
                       const struct response_forwarding *forwarding, bool ended)
{
    struct h2_session *session = stream->session;
    nghttp2_data_provider body = { .source = { .ptr = stream }, .read_callback = on_read };
    NOT_INITIALISED nghttp2_nv fields[H2_FIELDS_MOST];
    size_t count = h2_fields_of_response(&session->text, head, forwarding, fields);

    stream->head_given = true;
    stream->ended = stream->ended || ended;
    nghttp2_submit_response(session->nghttp2, stream->id, fields, count, ended ? NULL : &body);
}

void h2_stream_interim(struct h2_stream *stream, const struct response_head *head)
{
    struct h2_session *session = stream->session;
    NOT_INITIALISED nghttp2_nv fields[H2_FIELDS_MOST];
    size_t count = h2_fields_of_interim(&session->text, head, fields);

    nghttp2_submit_headers(session->nghttp2, NGHTTP2_FLAG_NONE, stream->id, NULL, fields, count,
                           NULL);
}

struct h2_stream *h2_session_request(struct h2_session *session, const struct request_head *head,
                                     const struct forwarding *forwarding, bool ended, void *user)
{
    nghttp2_data_provider source = { .read_callback = on_read };
    NOT_INITIALISED nghttp2_nv fields[H2_FIELDS_MOST];
    struct h2_stream *stream;
    size_t count;
    int32_t id;

    if (!h2_session_room(session))
        return NULL;
    count = h2_fields_of_request(&session->text, head, forwarding, fields);
    stream = h2_stream_new(session, 0);
    source.source.ptr = stream;
    id = nghttp2_submit_request(session->nghttp2, NULL, fields, count, ended ? NULL : &source,
                                stream);
    if (id < 0) {
        h2_stream_free(stream);
        return NULL;
    }
    stream->id = id;
    stream->user = user;
    stream->method = forwarding->upgrade ? METHOD_CONNECT : head->method;
    stream->head_given = true;
    stream->ended = ended;
    return stream;
}

void h2_stream_send(struct h2_stream *stream, struct text piece)
{
    struct h2_session *session = stream->session;

    if (!piece.len || stream->ended || stream->resetting)
        return;
    resume(stream);
    if (session->busy) { /* the piece may be gone before this is packed */
        keep(stream, piece);
        return;
    }
    if (stream->view_count == H2_VIEWS_MOST) {
        for (unsigned i = 0; i < stream->view_count; i++)
            keep(stream, stream->views[i]);
        stream->views[0] = piece;
        stream->view_count = 1;
        return;
    }
    if (!stream->view_count)
        TAILQ_INSERT_TAIL(&session->dirty, stream, dirty_link);
    stream->views[stream->view_count++] = piece;
}

static bool is_sent(const struct field_line *line)
{
    return !line->dropped && field_may_be_trailer(line);
}

/* nghttp2 wants them when the last of the body leaves. */
static void keep_trailers(struct h2_stream *stream, const struct field_list *trailers)
{
    struct field_line *lines;
    size_t bytes = 0;
    size_t count = 0;
    char *at;

    for (size_t i = 0; i < trailers->count; i++) {
        const struct field_line *line = &trailers->lines[i];

        if (is_sent(line)) {
            count++;
            bytes += line->name.len + line->value.len;
        }
    }
    if (!count)
        return;
    stream->last_bytes = count * sizeof(*lines) + bytes;
    lines = memory_new(stream->last_bytes);
    at = (char *)(lines + count);
    for (size_t i = 0; i < trailers->count; i++) {
        const struct field_line *line = &trailers->lines[i];
        struct field_line *kept = &lines[stream->last.count];

        if (!is_sent(line))
            continue;
        *kept = *line;
        kept->name.at = at;
        at = mempcpy(at, line->name.at, line->name.len);
        kept->value.at = at;
        at = mempcpy(at, line->value.at, line->value.len);
        stream->last.count++;
    }
    stream->last.lines = lines;
}

void h2_stream_end(struct h2_stream *stream, const struct field_list *trailers)
{
    if (stream->ended || stream->resetting)
        return;
    if (trailers)
        keep_trailers(stream, trailers);
    stream->ended = true;
    resume(stream);
}

static bool has_window(const struct h2_stream *stream)
{
    nghttp2_session *nghttp2 = stream->session->nghttp2;

    return nghttp2_session_get_remote_window_size(nghttp2) > 0 &&
           (!nghttp2_session_find_stream(nghttp2, stream->id) || /* a request that did not leave */
            nghttp2_session_get_stream_remote_window_size(nghttp2, stream->id) > 0);
}

bool h2_stream_takes_more(struct h2_stream *stream)
{
    stream->blocked = stream->view_count || buffer_len(&stream->kept) ||
                      stream->session->kept >= stream->session->grants.kept_bytes ||
                      (stream->head_given && !has_window(stream)); /* a head needs no window */
    return !stream->blocked;
}

void h2_stream_reset(struct h2_stream *stream, uint32_t code)
{
    stream->user = NULL;
    if (stream->resetting)
        return;
    stream->resetting = true;
    nghttp2_submit_rst_stream(stream->session->nghttp2, NGHTTP2_FLAG_NONE, stream->id, code);
}

void h2_stream_abandon(struct h2_stream *stream, uint32_t code)
{
    stream->user = NULL;
    stream->abandoned = true;
    stream->abandon_code = code;
    if (!stream->ended)
        h2_stream_reset(stream, code);
    else if (stream->end_sent)
        end_has_left(stream);
    if (stream->unconsumed) /* what nobody took */
        nghttp2_session_consume(stream->session->nghttp2, stream->id, stream->unconsumed);
    stream->unconsumed = 0;
}
