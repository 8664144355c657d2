/*
 * The sending half of HTTP/1.1 towards clients: what an exchange says, as bytes. Pieces of one turn
 * are collected and written with one call, so that head and body share records and sends.
 */

#include <assert.h>
#include <string.h>
#include <time.h>

#include "../exchange/exchange.h"
#include "../worker.h"
#include "base/clock.h"
#include "client.h"
#include "http/forwarding.h"
#include "net/socket.h"

#define PIECES_MOST 16

/* What was said since the last write. One a process: turns do not overlap. */
static struct {
    struct client *client; /* NULL: nothing */
    struct iovec pieces[PIECES_MOST];
    char chunk_lines[PIECES_MOST][CHUNK_LINE_BYTES];
    int count;
    struct buffer head; /* a piece points into it */
} said;

static void write_said(void)
{
    struct client *client = said.client;

    said.client = NULL;
    if (client && client->stream)
        stream_writev(client->stream, said.pieces, said.count);
    said.count = 0;
    buffer_clear(&said.head);
}

/* Room for `pieces` more of this client. */
static void begin_saying(struct client *client, int pieces)
{
    if (said.client && (said.client != client || said.count + pieces > PIECES_MOST))
        write_said();
    said.client = client;
}

static void say(struct text text)
{
    struct iovec *piece = &said.pieces[said.count++];

    memcpy(&piece->iov_base, &text.at, sizeof(text.at)); /* iovec is not const-correct */
    piece->iov_len = text.len;
}

static void say_head(struct exchange *exchange)
{
    exchange->bytes_out += buffer_len(&said.head);
    say(buffer_text(&said.head));
}

/* A fresh head buffer: an older head in it is written first. */
static struct buffer *begin_head(struct client *client)
{
    begin_saying(client, 1);
    if (buffer_len(&said.head)) {
        write_said();
        said.client = client;
    }
    return &said.head;
}

static void flush(struct exchange *exchange)
{
    if (said.client == exchange->client)
        write_said();
}

/* --- heads ---------------------------------------------------------------------------------------
 */

static void interim(struct exchange *exchange, const struct response_head *head)
{
    struct client *client = exchange->client;

    if (exchange->request.minor_version < 1)
        return; /* RFC 9110 section 15.2: not to HTTP/1.0 */
    h1_write_interim(begin_head(client), head);
    say_head(exchange);
    write_said();
}

static bool may_stay(const struct exchange *exchange)
{
    const struct client *client = exchange->client;
    const struct limit_settings *limits = &exchange->serving->snapshot->limits;
    int64_t age_ms = io_now_ms(client->worker->io) - client->accepted_us / 1000;

    if (client->kind == LISTENER_HTTP && !client->h1.sent_ahead)
        return false; /* who was redirected has nothing more to do here */
    if (exchange->status == 400 && exchange->reason)
        return false; /* refused by us: nothing that follows is read in the light of it */
    return client->h1.keep && exchange->request_ended && !client->worker->draining &&
           client->requests < limits->keepalive_requests && age_ms < limits->keepalive_max_age_ms;
}

/* HTTP/2 says so of any response; HTTP/1.1 must be told of those that could have a body. */
static bool ends_with_its_head(const struct exchange *exchange)
{
    return exchange->request.method != METHOD_HEAD && exchange->status != 204 &&
           exchange->status != 304;
}

static void describe(struct exchange *exchange, const struct framing *framing,
                     struct response_forwarding *out)
{
    struct client *client = exchange->client;
    bool old = exchange->request.minor_version < 1;

    *out = (struct response_forwarding){
        .minor_version = exchange->request.minor_version,
        .hsts = exchange->https ? buffer_text(&exchange->serving->hsts) : TEXT_NONE,
        .set_cookie = exchange->set_cookie,
    };
    switch (framing->kind) {
    case BODY_NONE:
        client->h1.bodiless = true;
        out->counted = framing->has_length || ends_with_its_head(exchange);
        out->length = framing->length;
        break;
    case BODY_COUNTED:
        out->counted = true;
        out->length = framing->length;
        break;
    case BODY_CHUNKED:
    case BODY_UNTIL_CLOSE:
        client->h1.chunked = !old;
        client->h1.until_close = old;
        out->chunked = !old;
        break;
    case BODY_TUNNEL:
        out->upgrade = true;
        break;
    }
    client->h1.keep = !client->h1.until_close && may_stay(exchange);
    out->close = !client->h1.keep && framing->kind != BODY_TUNNEL;
    out->keep_alive_for_1_0 = old && client->h1.keep;
}

static void send_head(struct exchange *exchange, const struct response_head *head,
                      const struct framing *framing)
{
    struct response_forwarding forwarding;

    describe(exchange, framing, &forwarding);
    h1_write_response(begin_head(exchange->client), head, &forwarding);
    say_head(exchange);
}

static void tunnel(struct exchange *exchange, const struct response_head *head)
{
    struct client *client = exchange->client;

    send_head(exchange, head, &(struct framing){ .kind = BODY_TUNNEL });
    write_said();
    client->phase = CLIENT_TUNNEL;
    socket_keepalive(stream_fd(client->stream));
    client_h1_continue(client);
}

/* --- bodies --------------------------------------------------------------------------------------
 */

static void body(struct exchange *exchange, struct text piece)
{
    struct client *client = exchange->client;

    exchange->bytes_out += piece.len;
    begin_saying(client, 3);
    if (client->h1.chunked) {
        char *line = said.chunk_lines[said.count];

        say(text_make(line, chunk_line(piece.len, line)));
        say(piece);
        say(TEXT("\r\n"));
    } else {
        say(piece);
    }
}

static void end(struct exchange *exchange, const struct field_list *trailers)
{
    struct client *client = exchange->client;

    if (!client->h1.chunked)
        return;
    if (trailers->count == 0 || !exchange->request_framing.accepts_trailers) {
        begin_saying(client, 1);
        say(TEXT("0\r\n\r\n"));
        return;
    }
    h1_write_last_chunk(begin_head(client), trailers);
    say_head(exchange);
}

static void tunnel_end(struct exchange *exchange)
{
    stream_shutdown(exchange->client->stream);
}

static bool takes_more(const struct exchange *exchange)
{
    return !stream_is_backed_up(exchange->client->stream);
}

static void cut(struct exchange *exchange)
{
    exchange->client->h1.cut = true;
}

static void want_body(struct exchange *exchange)
{
    client_h1_continue(exchange->client);
}

static void done(struct exchange *exchange)
{
    client_h1_next(exchange->client);
}

/* --- responses of our own ------------------------------------------------------------------------
 */

struct text client_date_now(void)
{
    static char date[64];
    static time_t made;
    time_t now = (time_t)clock_wall_s();
    struct tm utc;

    if (now != made) {
        gmtime_r(&now, &utc);
        strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
        made = now;
    }
    return text_of(date);
}

static void write_reply_fields(struct buffer *out, const struct reply *reply)
{
    for (size_t i = 0; i < reply->field_count; i++)
        buffer_format(out, "%.*s: %.*s\r\n", TEXT_ARGS(reply->fields[i].name),
                      TEXT_ARGS(reply->fields[i].value));
    buffer_format(out, "Content-Type: %.*s\r\nContent-Length: %zu\r\n",
                  TEXT_ARGS(reply->content_type), reply->body.len);
}

static void write_reply(struct exchange *exchange, const struct reply *reply)
{
    struct client *client = exchange->client;
    struct buffer *out;
    struct text hsts = exchange->https ? buffer_text(&exchange->serving->hsts) : TEXT_NONE;
    bool old = exchange->request.minor_version < 1;

    client->h1.bodiless = exchange->request.method == METHOD_HEAD;
    client->h1.keep = may_stay(exchange);
    out = begin_head(client);
    buffer_format(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", reply->status, http_reason(reply->status),
                  client_date_now().at);
    if (hsts.len)
        buffer_format(out, "Strict-Transport-Security: %.*s\r\n", TEXT_ARGS(hsts));
    write_reply_fields(out, reply);
    if (!client->h1.keep)
        buffer_append_text(out, TEXT("Connection: close\r\n"));
    else if (old)
        buffer_append_text(out, TEXT("Connection: keep-alive\r\n"));
    buffer_append_text(out, TEXT("\r\n"));
    if (!client->h1.bodiless)
        buffer_append_text(out, reply->body);
    say_head(exchange);
    write_said();
}

const struct client_codec client_h1_codec = {
    .interim = interim,
    .head = send_head,
    .body = body,
    .end = end,
    .flush = flush,
    .reply = write_reply,
    .cut = cut,
    .takes_more = takes_more,
    .want_body = want_body,
    .tunnel = tunnel,
    .tunnel_end = tunnel_end,
    .done = done,
};
