/*
 * The receiving half of HTTP/1.1 towards clients: heads, bodies, tunnels, one exchange at a time.
 * What has no taker yet stays in `input`, bounded by one turn's receive. Writing is in h1_output.c.
 */

#include <assert.h>

#include "../access_log.h"
#include "../admission.h"
#include "../exchange/exchange.h"
#include "../worker.h"
#include "client.h"
#include "client_memory.h"
#include "http/framing.h"
#include "http/h1_parser.h"

/* Pipelined requests are read ahead up to this, and by one more receive. */
#define SENT_AHEAD_BYTES ((size_t)16 * 1024)

/* A client that sends much is served a few times in a row while its bytes are near, then others
 * are. */
#define ROUNDS_A_TURN 4

static int64_t now_ms(const struct client *client)
{
    return io_now_ms(client->worker->io);
}

static const struct limit_settings *limits_of(const struct client *client)
{
    return &client->worker->serving->snapshot->limits;
}

static void end_body(struct client *client)
{
    if (client->h1.body_open)
        body_reader_done(&client->h1.body);
    client->h1.body_open = false;
}

/* --- a request head ------------------------------------------------------------------------------
 */

static void head_begins(struct client *client)
{
    if (client->h1.head_since_ms)
        return;
    client->h1.head_since_ms = now_ms(client);
    admission_is_busy(client->worker->admission, client);
    deadline_set(&client->deadline,
                 client->h1.head_since_ms + limits_of(client)->header_timeout_ms);
}

/* The parser works in a buffer that is about to be used again: the head moves to the arena. */
static void keep_head(struct exchange *exchange, const struct request_head *head, struct text bytes)
{
    char *copy = arena_cstr(&exchange->arena, bytes);

    exchange->request = *head;
    request_head_rebase(&exchange->request, bytes.at, bytes.len, copy, &exchange->arena);
}

static struct exchange *new_exchange(struct client *client)
{
    client->h1.exchange = exchange_new(client, &client_h1_codec);
    client->requests++;
    client->h1.scan = (struct h1_scan){ 0 };
    client->h1.head_since_ms = 0;
    client->h1.cut = client->h1.chunked = client->h1.until_close = client->h1.bodiless = false;
    client->phase = CLIENT_WAIT;
    return client->h1.exchange;
}

static void refuse_head(struct client *client, const struct h1_refusal *refusal)
{
    struct exchange *exchange = new_exchange(client);

    client->h1.keep = false; /* where the next message would begin is unknown */
    client->h1.sent_ahead = true;
    exchange_fail(exchange, refusal->status, refusal->reason);
}

static void begin_body(struct client *client, struct exchange *exchange)
{
    client->phase = CLIENT_BODY;
    body_watch_begin(&client->h1.watch, now_ms(client));
    body_reader_init(&client->h1.body, &exchange->request_framing, &exchange->serving->limits,
                     &exchange->arena);
    client->h1.body_open = true;
}

static void start_exchange(struct client *client, const struct request_head *head,
                           struct text bytes)
{
    struct exchange *exchange = new_exchange(client);
    const struct framing *framing = &exchange->request_framing;
    struct h1_refusal refusal;

    keep_head(exchange, head, bytes);
    exchange->bytes_in = bytes.len;
    client->write_progress_ms = now_ms(client);
    client->sent_seen = stream_sent(client->stream);
    deadline_set(&client->deadline, now_ms(client) + client_watch_interval_ms(client));
    if (framing_of_request(&exchange->request, &exchange->request_framing, &refusal) < 0) {
        client->h1.keep = false;
        exchange_fail(exchange, refusal.status, refusal.reason);
        return;
    }
    client->h1.keep = framing->persistent;
    exchange->request_ended =
        framing->kind == BODY_NONE || (framing->kind == BODY_COUNTED && framing->length == 0);
    if (!exchange->request_ended)
        begin_body(client, exchange);
    exchange_start(exchange);
}

/* True: something was used of `*input`. */
static bool eat_head(struct client *client, struct text *input)
{
    struct request_head head = { 0 };
    struct h1_refusal refusal = { 0 };
    struct text bytes = *input;
    size_t used = 0;

    if (!input->len)
        return false;
    head_begins(client);
    switch (h1_parse_request(bytes, &client->worker->serving->limits, &client->h1.scan,
                             client->worker->lines, &head, &used, &refusal)) {
    case PARSE_MORE:
        return false;
    case PARSE_BAD:
        *input = TEXT_NONE;
        refuse_head(client, &refusal);
        return true;
    case PARSE_DONE:
        break;
    }
    *input = text_from(bytes, used);
    client->h1.sent_ahead = input->len > 0;
    start_exchange(client, &head, text_first(bytes, used));
    return true;
}

/* --- a request body ------------------------------------------------------------------------------
 */

static void body_is_malformed(struct client *client, const struct h1_refusal *refusal)
{
    client->h1.keep = false;
    exchange_fail(client->h1.exchange, refusal->status ? refusal->status : 400, refusal->reason);
}

static void body_ended(struct client *client)
{
    struct exchange *exchange = client->h1.exchange;

    client->phase = CLIENT_WAIT;
    exchange_body_end(exchange, &client->h1.body.trailers);
    end_body(client);
}

static bool eat_body(struct client *client, struct text *input)
{
    struct exchange *exchange = client->h1.exchange;
    struct text piece = TEXT_NONE;
    struct h1_refusal refusal = { 0 };
    enum parse_result result;
    size_t before = input->len;

    if (!exchange_takes_body(exchange)) {
        body_watch_pause(&client->h1.watch, true, now_ms(client));
        return false;
    }
    body_watch_pause(&client->h1.watch, false, now_ms(client));
    if (!input->len)
        return false;
    result = body_reader_next(&client->h1.body, input, &piece, &refusal);
    body_watch_count(&client->h1.watch, before - input->len, now_ms(client));
    exchange->bytes_in += before - input->len;
    if (result == PARSE_BAD) {
        body_is_malformed(client, &refusal);
        return true;
    }
    if (piece.len)
        exchange_body(exchange, piece);
    if (result == PARSE_DONE && client->h1.exchange == exchange && client->phase == CLIENT_BODY)
        body_ended(client);
    return true;
}

static bool eat_tunnel(struct client *client, struct text *input)
{
    struct exchange *exchange = client->h1.exchange;

    if (!input->len || !exchange_takes_body(exchange))
        return false;
    exchange->bytes_in += input->len;
    exchange_body(exchange, *input);
    *input = TEXT_NONE;
    return true;
}

/* --- the loop ------------------------------------------------------------------------------------
 */

/* True: go on with what is left of `*input`. */
static bool eat(struct client *client, struct text *input)
{
    switch (client->phase) {
    case CLIENT_HEAD:
        return eat_head(client, input);
    case CLIENT_BODY:
        return eat_body(client, input);
    case CLIENT_TUNNEL:
        return eat_tunnel(client, input);
    case CLIENT_WAIT: /* a pipelined request waits for its turn */
        return false;
    case CLIENT_PROXY:
    case CLIENT_HANDSHAKE:
    case CLIENT_CLOSING:
        break;
    }
    *input = TEXT_NONE;
    return false;
}

/* True: it held too much, and was ended. */
static bool settle_memory(struct client *client)
{
    if (!client_is_over_memory(client))
        return false;
    if (!client->h1.exchange) {
        client_refuse(client, "connection_memory");
        return true;
    }
    client->h1.cut = client->h1.until_close = true; /* closed with a reset by client_h1_next() */
    exchange_client_gone(client->h1.exchange, "connection_memory");
    return true;
}

/* `fresh` lies in the scratch buffer, or is empty to go on with what is kept. */
static void eat_all(struct client *client, struct text fresh)
{
    struct text input = fresh;
    bool kept = buffer_len(&client->input) > 0;

    if (kept) {
        buffer_append_text(&client->input, fresh);
        input = buffer_text(&client->input);
    }
    while (client->stream && eat(client, &input))
        continue;
    if (!client->stream)
        return; /* closed meanwhile */
    if (kept)
        buffer_consume(&client->input, buffer_len(&client->input) - input.len);
    else
        buffer_append_text(&client->input, input);
    if (!buffer_len(&client->input))
        buffer_done(&client->input); /* an idle connection holds no buffer */
    else
        settle_memory(client);
}

/* Does the phase have use for more bytes than are kept? */
static bool wants_bytes(const struct client *client)
{
    switch (client->phase) {
    case CLIENT_HEAD:
        return true;
    case CLIENT_BODY:
    case CLIENT_TUNNEL:
        return !buffer_len(&client->input) && exchange_takes_body(client->h1.exchange);
    case CLIENT_WAIT: /* to notice a client that goes away; what it sends ahead is bounded */
        return buffer_len(&client->input) < SENT_AHEAD_BYTES;
    case CLIENT_PROXY:
    case CLIENT_HANDSHAKE:
    case CLIENT_CLOSING:
        break;
    }
    return false;
}

static void peer_ended(struct client *client)
{
    switch (client->phase) {
    case CLIENT_TUNNEL:
        stream_pause_reading(client->stream);
        exchange_client_tunnel_end(client->h1.exchange);
        break;
    case CLIENT_PROXY:
    case CLIENT_HANDSHAKE:
    case CLIENT_HEAD:
    case CLIENT_BODY:
    case CLIENT_WAIT:
    case CLIENT_CLOSING:
        client_close(client);
        break;
    }
}

/* As much as one turn gave, so that it leaves in one piece on the other side. */
static enum io_status fill(struct client *client, char *scratch, size_t *filled)
{
    enum io_status status = IO_AGAIN;

    *filled = 0;
    do {
        size_t got = 0;

        status = stream_read(client->stream, scratch + *filled, IO_PIECE_BYTES - *filled, &got);
        if (status != IO_OK)
            break;
        *filled += got;
    } while (*filled < IO_PIECE_BYTES && stream_may_have_more(client->stream));
    return status;
}

static void on_readable(void *owner)
{
    struct client *client = owner;
    char *scratch = io_scratch(client->worker->io);
    enum io_status status;
    size_t filled;

    if (buffer_len(&client->input))
        eat_all(client, TEXT_NONE);
    if (!client->stream)
        return;
    if (!wants_bytes(client)) {
        stream_pause_reading(client->stream);
        return;
    }
    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        status = fill(client, scratch, &filled);
        if (filled)
            eat_all(client, text_make(scratch, filled));
        if (!client->stream)
            return;
        if (status == IO_CLOSED)
            peer_ended(client);
        if (status != IO_OK || filled < IO_PIECE_BYTES || !wants_bytes(client))
            return;
    }
}

static void on_drained(void *owner)
{
    struct client *client = owner;

    client->write_progress_ms = now_ms(client);
    if (client->h1.exchange)
        exchange_client_drained(client->h1.exchange);
}

static void on_broken(void *owner)
{
    client_close(owner);
}

/* While lingering. */
static void on_peer_closed(void *owner)
{
    client_close(owner);
}

static const struct stream_handler client_h1_handler = {
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
    .on_peer_closed = on_peer_closed,
};

static void begin(struct client *client)
{
    client->ready = true;
    client->phase = CLIENT_HEAD;
    client->h1.keep = true;
    deadline_set(&client->deadline, now_ms(client) + limits_of(client)->header_timeout_ms);
    admission_is_idle(client->worker->admission, client);
    stream_set_handler(client->stream, &client_h1_handler, client);
    stream_resume_reading(client->stream);
}

void client_h1_continue(struct client *client)
{
    stream_resume_reading(client->stream);
    if (buffer_len(&client->input))
        stream_kick(client->stream);
}

void client_h1_next(struct client *client)
{
    end_body(client);
    client->h1.exchange = NULL;
    if (!client->stream)
        return;
    if (client->h1.cut) {
        if (client->h1.until_close) /* a clean end would look complete */
            client_close_reset(client);
        else
            client_close(client);
        return;
    }
    if (client->kind == LISTENER_HTTP && client->phase == CLIENT_WAIT && !client->h1.sent_ahead &&
        !stream_is_backed_up(client->stream)) {
        client_close(client); /* it was answered in full and has sent nothing more */
        return;
    }
    if (!client->h1.keep || client->phase == CLIENT_BODY || client->phase == CLIENT_TUNNEL) {
        client_linger(client);
        return;
    }
    client->phase = CLIENT_HEAD;
    client->idle_until_ms = now_ms(client) + limits_of(client)->keepalive_idle_ms;
    if (stream_is_backed_up(client->stream)) /* the last response is still on its way */
        deadline_set(&client->deadline, now_ms(client) + client_watch_interval_ms(client));
    else
        deadline_set(&client->deadline, client->idle_until_ms);
    if (!buffer_len(&client->input))
        admission_is_idle(client->worker->admission, client);
    client_h1_continue(client);
}

/* --- limits in time ------------------------------------------------------------------------------
 */

/* Between requests, or within a head. */
static void head_deadline(struct client *client)
{
    int64_t now = now_ms(client);

    if (client->h1.head_since_ms) {
        refuse_head(client, &(struct h1_refusal){ .status = 408, .reason = "header_timeout" });
    } else if (stream_is_backed_up(client->stream) && client_write_is_stuck(client)) {
        client_close_reset(client);
    } else if (stream_is_backed_up(client->stream) || now < client->idle_until_ms) {
        int64_t next = now + client_watch_interval_ms(client);

        if (!stream_is_backed_up(client->stream))
            next = client->idle_until_ms;
        deadline_set(&client->deadline, next);
    } else {
        client_linger(client); /* idle: nothing was begun, nothing is answered */
    }
}

static void deadline(struct client *client)
{
    const char *reason;

    if (client->phase == CLIENT_CLOSING) {
        client_closing_deadline(client);
        return;
    }

    if (client->phase == CLIENT_HEAD) {
        head_deadline(client);
        return;
    }
    if (client_write_is_stuck(client)) {
        client->h1.cut = client->h1.until_close =
            true; /* closed with a reset by client_h1_next() */
        exchange_client_gone(client->h1.exchange, "write_timeout");
        return;
    }
    if (settle_memory(client))
        return;
    reason = client->phase == CLIENT_BODY
                 ? body_watch_verdict(&client->h1.watch, limits_of(client), now_ms(client))
                 : NULL;
    if (reason) {
        client->h1.keep = false;
        exchange_fail(client->h1.exchange, 408, reason);
        return;
    }
    deadline_set(&client->deadline, now_ms(client) + client_watch_interval_ms(client));
}

/* --- for client.c --------------------------------------------------------------------------------
 */

static void gone(struct client *client)
{
    if (!client->h1.exchange)
        return;
    client->h1.cut = true;
    exchange_client_gone(client->h1.exchange, "client_closed");
}

const struct client_protocol client_h1_protocol = {
    .begin = begin,
    .deadline = deadline,
    .gone = gone,
    .release = end_body,
};
