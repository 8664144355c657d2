/*
 * Requests of an HTTP/2 client: what its session reports, as exchanges. A body goes to the backend
 * from where it was received; what that does not take is kept, and the windows bound it.
 */

#include <stdlib.h>

#include "../exchange/exchange.h"
#include "../exchange/websocket.h"
#include "base/memory.h"
#include "base/random.h"
#include "client_h2.h"

/*
 * Requests begin when all that was received at once has been looked at, so that one which is taken
 * back at once costs no backend anything (CVE-2023-44487); and not more of one client in a row.
 */
#define STARTS_A_TURN 16

static int64_t now_ms(const struct client *client)
{
    return io_now_ms(client->worker->io);
}

static struct client_stream *stream_new_for(struct client *client, struct h2_stream *h2)
{
    struct client_stream *stream = memory_new(sizeof(*stream));

    stream->client = client;
    stream->h2 = h2;
    h2_stream_set_user(h2, stream);
    TAILQ_INSERT_TAIL(&client->h2->streams, stream, link);
    stream->exchange = exchange_new(client, &client_h2_codec);
    stream->exchange->stream = stream;
    client_h2_count_request(client);
    return stream;
}

void client_stream_free(struct client_stream *stream)
{
    struct client *client = stream->client;

    if (stream->waiting)
        TAILQ_REMOVE(&client->h2->waiting, stream, waiting_link);
    if (stream->starting)
        TAILQ_REMOVE(&client->h2->starting, stream, starting_link);
    TAILQ_REMOVE(&client->h2->streams, stream, link);
    if (stream->h2)
        h2_stream_abandon(stream->h2, stream->code);
    stream->h2 = NULL;
    stream->exchange = NULL;
    buffer_done(&stream->input);
    io_free_later(client->worker->io, stream, free);
}

/* The head was made in memory of the session. */
static void keep_head(struct exchange *exchange, const struct request_head *head, struct text bytes)
{
    char *copy = arena_cstr(&exchange->arena, bytes);

    exchange->request = *head;
    exchange->bytes_in = bytes.len;
    request_head_rebase(&exchange->request, bytes.at, bytes.len, copy, &exchange->arena);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the session's
static void on_request(void *owner, struct h2_stream *h2, const struct request_head *head,
                       const struct framing *framing, struct text bytes)
{
    struct client *client = owner;
    struct client_stream *stream = stream_new_for(client, h2);
    struct exchange *exchange = stream->exchange;

    keep_head(exchange, head, bytes);
    exchange->request_framing = *framing;
    if (framing->wants_upgrade)
        websocket_become_upgrade(exchange);
    exchange->request_ended =
        framing->kind == BODY_NONE || (framing->kind == BODY_COUNTED && framing->length == 0);
    if (!exchange->request_ended) {
        stream->body_open = true;
        body_watch_begin(&stream->body, now_ms(client));
    }
    stream->starting = true;
    TAILQ_INSERT_TAIL(&client->h2->starting, stream, starting_link);
}

void client_h2_start_requests(struct client *client)
{
    struct client_stream *stream;

    for (int room = STARTS_A_TURN; room && client->stream && client->phase != CLIENT_CLOSING;
         room--) {
        stream = TAILQ_FIRST(&client->h2->starting);
        if (!stream)
            return;
        TAILQ_REMOVE(&client->h2->starting, stream, starting_link);
        stream->starting = false;
        exchange_start(stream->exchange);
    }
    if (client->stream && !TAILQ_EMPTY(&client->h2->starting))
        turn_next(client->worker->turn, &client->h2->start_more);
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the session's
static void on_refused(void *owner, struct h2_stream *h2, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal)
{
    struct client *client = owner;
    struct client_stream *stream = h2_stream_user(h2);

    if (head) {
        stream = stream_new_for(client, h2);
        keep_head(stream->exchange, head, bytes);
    }
    if (refusal->status == 400) /* RFC 9113 section 8.1.1: malformed */
        stream->code = H2_PROTOCOL_ERROR;
    exchange_fail(stream->exchange, refusal->status, refusal->reason);
}

/* --- bodies --------------------------------------------------------------------------------------
 */

/* Is there somebody who takes bytes of the client now? */
static bool takes(const struct client_stream *stream)
{
    const struct exchange *exchange = stream->exchange;

    return exchange && (stream->body_open || exchange->tunnelling) && exchange_takes_body(exchange);
}

/* What waits on its way to the backend is not the client's room again. */
static void open_windows(struct client_stream *stream)
{
    if (!stream->taken || !takes(stream))
        return;
    if (stream->h2)
        h2_stream_consume(stream->h2, stream->taken);
    stream->taken = 0;
}

/* The exchange may end with it, and the stream then is as good as gone. */
static void give(struct client_stream *stream, struct text piece)
{
    stream->taken += piece.len;
    exchange_body(stream->exchange, piece);
    open_windows(stream);
}

static void give_end(struct client_stream *stream)
{
    struct exchange *exchange = stream->exchange;

    stream->peer_ended = false;
    if (exchange->tunnelling) {
        exchange_client_tunnel_end(exchange);
    } else {
        stream->body_open = false;
        exchange_body_end(exchange, &stream->trailers);
    }
}

void client_stream_feed(struct client_stream *stream)
{
    if (!takes(stream)) {
        body_watch_pause(&stream->body, true, now_ms(stream->client));
        return;
    }
    body_watch_pause(&stream->body, false, now_ms(stream->client));
    open_windows(stream);
    if (buffer_len(&stream->input)) {
        struct buffer input = stream->input;

        stream->input = (struct buffer){ 0 };
        give(stream, buffer_text(&input));
        buffer_done(&input);
    }
    if (stream->peer_ended && takes(stream))
        give_end(stream);
    client_h2_write_later(stream->client); /* windows may have grown */
}

static void on_data(void *owner, struct h2_stream *h2, struct text piece)
{
    struct client *client = owner;
    struct client_stream *stream = h2_stream_user(h2);

    stream->exchange->bytes_in += piece.len;
    body_watch_count(&stream->body, piece.len, now_ms(client));
    if (!buffer_len(&stream->input) && takes(stream)) {
        body_watch_pause(&stream->body, false, now_ms(client));
        give(stream, piece);
    } else {
        body_watch_pause(&stream->body, true, now_ms(client));
        buffer_append_text(&stream->input, piece);
    }
}

static void keep_trailers(struct client_stream *stream, const struct field_list *trailers)
{
    struct arena *arena = &stream->exchange->arena;

    for (size_t i = 0; i < trailers->count; i++)
        field_list_add(&stream->trailers, arena, arena_text(arena, trailers->lines[i].name),
                       arena_text(arena, trailers->lines[i].value));
}

static void on_end(void *owner, struct h2_stream *h2, const struct field_list *trailers)
{
    struct client_stream *stream = h2_stream_user(h2);

    (void)owner;
    if (!stream->body_open && !stream->exchange->request_framing.wants_upgrade)
        return; /* it was known to be empty */
    stream->peer_ended = true;
    keep_trailers(stream, trailers);
    client_stream_feed(stream);
}

static void on_closed(void *owner, struct h2_stream *h2, uint32_t code, bool by_peer)
{
    struct client_stream *stream = h2_stream_user(h2);

    (void)owner;
    (void)code;
    stream->h2 = NULL;
    exchange_client_gone(stream->exchange, by_peer ? "client_closed" : "h2_protocol");
}

static void on_pong(void *owner)
{
    client_h2_pong(owner);
}

const struct h2_handler client_h2_handler = {
    .on_request = on_request,
    .on_refused = on_refused,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
    .on_pong = on_pong,
};
