/*
 * The sending half of HTTP/2 towards clients: what an exchange says, to its stream. Frames are
 * packed when the exchange has said all of a turn, and leave with those of the others.
 */

#include "../exchange/exchange.h"
#include "client_h2.h"
#include "http/forwarding.h"
#include "net/socket.h"

/* A body piece of this size fills a record alone: it is sent from where it lies. */
#define LARGE_BYTES ((size_t)12 * 1024)

/* What was said becomes frames, or is copied: its memory is about to be used again. */
static void flush(struct exchange *exchange)
{
    struct client *client = exchange->client;
    struct client_h2 *h2 = client->h2;
    bool open = client->stream && client->phase != CLIENT_CLOSING &&
                !stream_is_backed_up(client->stream) && buffer_len(&h2->output) < TURN_OUTPUT_BYTES;

    if (open)
        turn_lend(client->worker->turn, &h2->output);
    if (open && exchange->stream && exchange->stream->said_bytes >= LARGE_BYTES)
        client_h2_write_pieces(client);
    else
        h2_session_pack(h2->session, open ? &h2->output : NULL, io_now_ms(client->worker->io));
    if (exchange->stream)
        exchange->stream->said_bytes = 0;
    client_h2_write_later(client);
}

static void count_head(struct exchange *exchange, const struct field_list *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        if (!fields->lines[i].dropped)
            exchange->bytes_out += fields->lines[i].name.len + fields->lines[i].value.len;
}

static void interim(struct exchange *exchange, const struct response_head *head)
{
    if (!exchange->stream->h2)
        return;
    h2_stream_interim(exchange->stream->h2, head);
    flush(exchange);
}

static struct response_forwarding describe(const struct exchange *exchange)
{
    return (struct response_forwarding){
        .minor_version = 1,
        .hsts = exchange->https ? buffer_text(&exchange->serving->hsts) : TEXT_NONE,
        .set_cookie = exchange->set_cookie,
    };
}

static void send_head(struct exchange *exchange, const struct response_head *head,
                      const struct framing *framing)
{
    struct response_forwarding forwarding = describe(exchange);
    struct client_stream *stream = exchange->stream;

    forwarding.counted = framing->has_length;
    forwarding.length = framing->length;
    stream->bodiless =
        framing->kind == BODY_NONE || (framing->kind == BODY_COUNTED && framing->length == 0);
    count_head(exchange, &head->fields);
    if (stream->h2)
        h2_stream_respond(stream->h2, head, &forwarding, stream->bodiless);
}

static void body(struct exchange *exchange, struct text piece)
{
    exchange->bytes_out += piece.len;
    exchange->stream->said_bytes += piece.len;
    if (exchange->stream->h2)
        h2_stream_send(exchange->stream->h2, piece);
}

static void end(struct exchange *exchange, const struct field_list *trailers)
{
    struct client_stream *stream = exchange->stream;

    if (stream->h2 && !stream->bodiless)
        h2_stream_end(stream->h2, trailers);
}

static void cut(struct exchange *exchange)
{
    struct client_stream *stream = exchange->stream;

    if (stream->h2)
        h2_stream_reset(stream->h2, H2_INTERNAL_ERROR);
    stream->h2 = NULL;
}

static bool takes_more(const struct exchange *exchange)
{
    struct client_stream *stream = exchange->stream;
    struct client_h2 *h2 = exchange->client->h2;

    if (!stream->h2)
        return true; /* it ends soon, and nothing is kept */
    if (!stream_is_backed_up(exchange->client->stream) &&
        buffer_len(&h2->output) < TURN_OUTPUT_BYTES && h2_stream_takes_more(stream->h2))
        return true;
    if (!stream->waiting)
        TAILQ_INSERT_TAIL(&h2->waiting, stream, waiting_link);
    stream->waiting = true;
    return false;
}

static void want_body(struct exchange *exchange)
{
    client_stream_feed(exchange->stream);
}

/* RFC 8441 section 5: 200 is what 101 is, and the keys are of HTTP/1.1 only. */
static void tunnel(struct exchange *exchange, const struct response_head *head)
{
    struct client_stream *stream = exchange->stream;
    struct response_head cleaned = *head; /* its lines are marked in place */
    struct response_forwarding forwarding = describe(exchange);

    exchange->status = 200;
    cleaned.status = 200;
    for (size_t i = 0; i < cleaned.fields.count; i++)
        if (text_equal_nocase(cleaned.fields.lines[i].name, TEXT("Sec-WebSocket-Accept")))
            cleaned.fields.lines[i].dropped = true;
    count_head(exchange, &cleaned.fields);
    if (stream->h2)
        h2_stream_respond(stream->h2, &cleaned, &forwarding, false);
    flush(exchange);
    socket_keepalive(stream_fd(exchange->client->stream));
    client_stream_feed(stream);
}

static void tunnel_end(struct exchange *exchange)
{
    if (exchange->stream->h2)
        h2_stream_end(exchange->stream->h2, NULL);
    flush(exchange);
}

static void done(struct exchange *exchange)
{
    struct client *client = exchange->client;

    if (exchange->tunnelling && exchange->response_ended)
        end(exchange, NULL); /* the client ended first */
    client_stream_free(exchange->stream);
    exchange->stream = NULL;
    client_h2_stream_is_over(client);
}

/* --- responses of our own ------------------------------------------------------------------------
 */

static void add(struct exchange *exchange, struct response_head *head, struct text name,
                struct text value)
{
    if (value.len)
        field_list_add(&head->fields, &exchange->arena, name, value);
}

static void reply(struct exchange *exchange, const struct reply *reply)
{
    struct response_forwarding forwarding = describe(exchange);
    struct client_stream *stream = exchange->stream;
    struct response_head head = { .status = reply->status };

    stream->bodiless = exchange->request.method == METHOD_HEAD;
    forwarding.set_cookie = TEXT_NONE;
    forwarding.counted = true;
    forwarding.length = reply->body.len;
    add(exchange, &head, TEXT("date"), client_date_now());
    for (size_t i = 0; i < reply->field_count; i++)
        add(exchange, &head, reply->fields[i].name, reply->fields[i].value);
    add(exchange, &head, TEXT("content-type"), reply->content_type);
    count_head(exchange, &head.fields);
    if (!stream->h2)
        return;
    h2_stream_respond(stream->h2, &head, &forwarding, stream->bodiless);
    if (stream->bodiless)
        return;
    exchange->bytes_out += reply->body.len;
    h2_stream_send(stream->h2, reply->body);
    h2_stream_end(stream->h2, NULL);
}

const struct client_codec client_h2_codec = {
    .interim = interim,
    .head = send_head,
    .body = body,
    .end = end,
    .flush = flush,
    .reply = reply,
    .cut = cut,
    .takes_more = takes_more,
    .want_body = want_body,
    .tunnel = tunnel,
    .tunnel_end = tunnel_end,
    .done = done,
};
