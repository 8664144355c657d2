/* The peer of tests of HTTP/2: frames by hand, and a session whose callbacks are written down. */

#include "h2_peer.h"

#include <stdlib.h>

#include "base/memory.h"

const struct h2_grants usual_grants = {
    .streams = 10,
    .stream_bytes = 65535,
    .connection_bytes = 1024 * 1024,
    .table_bytes = 4096,
    .kept_bytes = (size_t)512 * 1024,
    .continuations = 4,
    .resets = 10,
    .resets_ms = 10000,
    .extended_connect = true,
};

const struct h1_limits usual_limits = { .head_bytes = 2048, .fields = 16, .target_bytes = 64 };

/* --- what the session reports --------------------------------------------------------------------
 */

static void say_fields(struct h2_peer *peer, const struct field_list *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        buffer_format(&peer->said, " %.*s=%.*s", TEXT_ARGS(fields->lines[i].name),
                      TEXT_ARGS(fields->lines[i].value));
}

static const char *kind_of(const struct framing *framing)
{
    switch (framing->kind) {
    case BODY_NONE:
        return "none";
    case BODY_COUNTED:
        return "counted";
    case BODY_CHUNKED:
        return "open";
    case BODY_TUNNEL:
        return "tunnel";
    case BODY_UNTIL_CLOSE:
        break;
    }
    return "?";
}

static void answer(struct h2_stream *stream, int status)
{
    struct response_head head = { .status = status };
    struct response_forwarding forwarding = { 0 };

    h2_stream_respond(stream, &head, &forwarding, true);
}

static void know(struct h2_peer *peer, struct h2_stream *stream)
{
    h2_stream_set_user(stream, peer);
    peer->last = stream;
}

static void on_request(void *owner, struct h2_stream *stream, const struct request_head *head,
                       const struct framing *framing, struct text bytes)
{
    struct h2_peer *peer = owner;

    assert_true(bytes.len > 0);
    know(peer, stream);
    buffer_format(&peer->said, "request %.*s %.*s %.*s", TEXT_ARGS(head->method_text),
                  TEXT_ARGS(head->authority), TEXT_ARGS(head->path));
    if (head->has_query)
        buffer_format(&peer->said, "?%.*s", TEXT_ARGS(head->query));
    buffer_format(&peer->said, " %s", kind_of(framing));
    if (framing->wants_upgrade)
        buffer_format(&peer->said, " upgrade");
    say_fields(peer, &head->fields);
    buffer_format(&peer->said, "\n");
    if (peer->resets)
        h2_stream_reset(stream, H2_CANCEL);
}

static void on_response(void *owner, struct h2_stream *stream, const struct response_head *head,
                        const struct framing *framing)
{
    struct h2_peer *peer = owner;

    (void)stream;
    buffer_format(&peer->said, "response %d %s", head->status,
                  framing ? kind_of(framing) : "interim");
    say_fields(peer, &head->fields);
    buffer_format(&peer->said, "\n");
}

static void on_refused(void *owner, struct h2_stream *stream, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal)
{
    struct h2_peer *peer = owner;

    (void)bytes;
    know(peer, stream);
    buffer_format(&peer->said, "refused %d %s%s\n", refusal->status, refusal->reason,
                  head ? "" : " late");
    if (peer->answers) {
        answer(stream, refusal->status);
        h2_stream_abandon(stream, peer->code);
    }
}

static void on_data(void *owner, struct h2_stream *stream, struct text piece)
{
    struct h2_peer *peer = owner;

    buffer_format(&peer->said, "data %zu\n", piece.len);
    if (!peer->holds)
        h2_stream_consume(stream, piece.len);
}

static void on_end(void *owner, struct h2_stream *stream, const struct field_list *trailers)
{
    struct h2_peer *peer = owner;

    buffer_format(&peer->said, "end");
    say_fields(peer, trailers);
    buffer_format(&peer->said, "\n");
    if (peer->answers)
        answer(stream, 204);
}

static void on_closed(void *owner, struct h2_stream *stream, uint32_t code, bool by_peer)
{
    struct h2_peer *peer = owner;

    assert_ptr_equal(h2_stream_user(stream), peer);
    buffer_format(&peer->said, "closed %u%s\n", code, by_peer ? " by peer" : "");
    if (peer->last == stream)
        peer->last = NULL;
}

static void on_goaway(void *owner, uint32_t code)
{
    struct h2_peer *peer = owner;

    buffer_format(&peer->said, "goaway %u\n", code);
}

static void on_pong(void *owner)
{
    struct h2_peer *peer = owner;

    buffer_format(&peer->said, "pong\n");
}

static const struct h2_handler handler = {
    .on_request = on_request,
    .on_response = on_response,
    .on_refused = on_refused,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
    .on_goaway = on_goaway,
    .on_pong = on_pong,
};

struct h2_peer *peer_new_granting(enum h2_role role, const struct h2_grants *grants)
{
    struct h2_peer *peer = memory_new(sizeof(*peer));

    peer->now_ms = 1000000;
    peer->session = h2_session_new(role, grants, &usual_limits, &handler, peer);
    assert_int_equal(nghttp2_hd_deflate_new(&peer->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&peer->inflater), 0);
    return peer;
}

struct h2_peer *peer_new(enum h2_role role)
{
    struct h2_peer *peer = peer_new_granting(role, &usual_grants);

    if (role == H2_SERVER) {
        peer_preface(peer);
        assert_int_equal(peer_feed(peer), 0);
    }
    peer_drop_frames(peer);
    return peer;
}

void peer_free(struct h2_peer *peer)
{
    h2_session_free(peer->session);
    nghttp2_hd_deflate_del(peer->deflater);
    nghttp2_hd_inflate_del(peer->inflater);
    buffer_done(&peer->frames);
    buffer_done(&peer->out);
    buffer_done(&peer->said);
    free(peer);
}

/* --- frames --------------------------------------------------------------------------------------
 */

void peer_frame(struct h2_peer *peer, uint8_t type, uint8_t flags, uint32_t stream,
                struct text payload)
{
    char head[9] = {
        (char)(payload.len >> 16),
        (char)(payload.len >> 8),
        (char)payload.len,
        (char)type,
        (char)flags,
        (char)(stream >> 24),
        (char)(stream >> 16),
        (char)(stream >> 8),
        (char)stream,
    };

    buffer_append(&peer->frames, head, sizeof(head));
    buffer_append_text(&peer->frames, payload);
}

void peer_u32(struct h2_peer *peer, uint8_t type, uint8_t flags, uint32_t stream, uint32_t number)
{
    char payload[4] = { (char)(number >> 24), (char)(number >> 16), (char)(number >> 8),
                        (char)number };

    peer_frame(peer, type, flags, stream, text_make(payload, 4));
}

void peer_field(struct h2_peer *peer, struct text name, struct text value, struct buffer *block)
{
    nghttp2_nv field = {
        .name = (uint8_t *)text_to_heap(name),
        .namelen = name.len,
        .value = (uint8_t *)text_to_heap(value),
        .valuelen = value.len,
    };
    size_t room = nghttp2_hd_deflate_bound(peer->deflater, &field, 1);
    ssize_t len = nghttp2_hd_deflate_hd(peer->deflater, (uint8_t *)buffer_reserve(block, room),
                                        room, &field, 1);

    assert_true(len >= 0);
    buffer_grew(block, (size_t)len);
    free(field.name);
    free(field.value);
}

void peer_block(struct h2_peer *peer, const char *lines, struct buffer *block)
{
    struct text rest = text_of(lines);

    while (rest.len) {
        struct text line;
        size_t colon;

        text_split(rest, '\n', &line, &rest);
        colon = 1 + text_find(text_from(line, 1), ':');
        if (line.at[0] == ':' || colon > line.len)
            assert_true(colon <= line.len);
        peer_field(peer, text_first(line, colon), text_from(line, colon + 2), block);
    }
}

void peer_headers(struct h2_peer *peer, uint8_t flags, uint32_t stream, const char *lines)
{
    struct buffer block = { 0 };

    peer_block(peer, lines, &block);
    peer_frame(peer, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | flags, stream,
               buffer_text(&block));
    buffer_done(&block);
}

void peer_preface(struct h2_peer *peer)
{
    if (peer->session)
        buffer_append_text(&peer->frames, TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT_NONE);
}

void peer_get(struct h2_peer *peer, uint32_t stream)
{
    peer_headers(peer, NGHTTP2_FLAG_END_STREAM, stream,
                 ":method: GET\n:scheme: https\n:authority: a.test\n:path: /");
}

static void pack(struct h2_peer *peer)
{
    size_t before;

    do {
        before = buffer_len(&peer->out);
        struct buffer part = { 0 };

        h2_session_pack(peer->session, &part, peer->now_ms);
        buffer_append_text(&peer->out, buffer_text(&part));
        buffer_done(&part);
    } while (buffer_len(&peer->out) > before);
}

int peer_feed(struct h2_peer *peer)
{
    int status = h2_session_receive(peer->session, buffer_text(&peer->frames), peer->now_ms);

    buffer_clear(&peer->frames);
    pack(peer);
    return status;
}

int peer_feed_bytes(struct h2_peer *peer)
{
    struct text rest = buffer_text(&peer->frames);
    int status = 0;

    for (; rest.len && status == 0; rest = text_from(rest, 1)) {
        char *byte = memory_copy(rest.at, 1); /* a read behind it is found by ASan */

        status = h2_session_receive(peer->session, text_make(byte, 1), peer->now_ms);
        free(byte);
    }
    buffer_clear(&peer->frames);
    pack(peer);
    return status;
}

/* --- looking -------------------------------------------------------------------------------------
 */

/* The first frame of `*rest`, which moves on: its head of nine bytes, or NULL. */
static const uint8_t *next_frame(struct text *rest, struct text *payload)
{
    const uint8_t *head = (const uint8_t *)rest->at;
    size_t len;

    if (!head || rest->len < 9)
        return NULL;
    len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    assert_true(rest->len >= 9 + len);
    *payload = text_make(rest->at + 9, len);
    *rest = text_from(*rest, 9 + len);
    return head;
}

static void expect_equal(const char *name, struct buffer *got, const char *want)
{
    struct text said = buffer_text(got);

    if (!text_equal(said, text_of(want)))
        fail_msg("%s:\n%.*s-- and not --\n%s", name, TEXT_ARGS(said), want);
    buffer_clear(got);
}

void peer_expect(struct h2_peer *peer, const char *name, const char *said)
{
    expect_equal(name, &peer->said, said);
}

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void describe_headers(struct h2_peer *peer, struct buffer *text, struct text block)
{
    const uint8_t *at = (const uint8_t *)block.at;
    size_t left = block.len;

    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(peer->inflater, &field, &flags, at, left, 1);

        assert_true(used >= 0);
        at += used;
        left -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            buffer_format(text, " %.*s=%.*s", (int)field.namelen, (const char *)field.name,
                          (int)field.valuelen, (const char *)field.value);
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    nghttp2_hd_inflate_end_headers(peer->inflater);
}

static void describe(struct h2_peer *peer, struct buffer *text, const uint8_t *head,
                     struct text payload)
{
    uint32_t stream = u32_at(head + 5);
    const char *end = head[4] & NGHTTP2_FLAG_END_STREAM ? " end" : "";

    switch (head[3]) {
    case NGHTTP2_DATA:
        buffer_format(text, "DATA %u %zu%s\n", stream, payload.len, end);
        break;
    case NGHTTP2_HEADERS:
        buffer_format(text, "HEADERS %u", stream);
        describe_headers(peer, text, payload);
        buffer_format(text, "%s\n", end);
        break;
    case NGHTTP2_RST_STREAM:
        buffer_format(text, "RST %u %u\n", stream, u32_at((const uint8_t *)payload.at));
        break;
    case NGHTTP2_GOAWAY:
        buffer_format(text, "GOAWAY %u %u\n", u32_at((const uint8_t *)payload.at),
                      u32_at((const uint8_t *)payload.at + 4));
        break;
    case NGHTTP2_WINDOW_UPDATE:
        buffer_format(text, "WINDOW %u %u\n", stream, u32_at((const uint8_t *)payload.at));
        break;
    case NGHTTP2_PING:
        buffer_format(text, "PING%s\n", head[4] & NGHTTP2_FLAG_ACK ? " ack" : "");
        break;
    default: /* SETTINGS are looked at where they matter */
        break;
    }
}

void peer_expect_frames(struct h2_peer *peer, const char *name, const char *frames)
{
    struct text rest = buffer_text(&peer->out);
    struct buffer said = { 0 };
    struct text payload;
    const uint8_t *head;

    while ((head = next_frame(&rest, &payload)))
        describe(peer, &said, head, payload);
    assert_int_equal(rest.len, 0);
    buffer_clear(&peer->out);
    expect_equal(name, &said, frames);
    buffer_done(&said);
}

uint32_t peer_goaway_code(struct h2_peer *peer)
{
    struct text rest = buffer_text(&peer->out);
    uint32_t code = UINT32_MAX;
    struct text payload;
    const uint8_t *head;

    while ((head = next_frame(&rest, &payload)))
        if (head[3] == NGHTTP2_GOAWAY)
            code = u32_at(head + 13);
    return code;
}

void peer_drop_frames(struct h2_peer *peer)
{
    buffer_clear(&peer->out);
}
