/*
 * An HTTP/2 client as a connection: bytes to its session and from it, limits in time, the graceful
 * end. Its requests are in h2_streams.c, their responses in h2_output.c.
 */

#include "client_h2.h"

#include <stdlib.h>
#include <string.h>

#include "../admission.h"
#include "../exchange/exchange.h"
#include "base/memory.h"
#include "client_memory.h"

/* A client that sends much is served a few times in a row, then others are. */
#define ROUNDS_A_TURN 4
/* Between the two GOAWAYs, when no PONG comes. */
#define GOODBYE_MS 1000
/* After the answer to a request that has not ended, as for a connection of HTTP/1.1. */
#define LINGER_MS 2000
/* Opening a connection costs most of what HTTP/2 saves, so an idle one is kept for longer than one
 * of HTTP/1.1: 180 s where that is 75 s. */
#define IDLE_PERCENT 240

static int64_t now_ms(const struct client *client)
{
    return io_now_ms(client->worker->io);
}

static const struct limit_settings *limits_of(const struct client *client)
{
    return &client->worker->serving->snapshot->limits;
}

static bool is_idle(const struct client *client)
{
    return h2_session_streams(client->h2->session) == 0;
}

/* The deadline is then, or sooner. */
static void look_by(struct client *client, int64_t at_ms)
{
    if (!client->deadline.at_ms || at_ms < client->deadline.at_ms)
        deadline_set(&client->deadline, at_ms);
}

/* --- writing -------------------------------------------------------------------------------------
 */

/* Those that waited and whose windows have room again. */
static void wake(struct client *client)
{
    struct client_stream *next;

    for (struct client_stream *stream = TAILQ_FIRST(&client->h2->waiting); stream; stream = next) {
        next = TAILQ_NEXT(stream, waiting_link);
        if (!stream->h2 || !h2_stream_takes_more(stream->h2))
            continue;
        TAILQ_REMOVE(&client->h2->waiting, stream, waiting_link);
        stream->waiting = false;
        exchange_client_drained(stream->exchange);
    }
}

static void end_exchanges(struct client *client, const char *reason)
{
    struct client_stream *stream;

    while ((stream = TAILQ_FIRST(&client->h2->streams)))
        exchange_client_gone(stream->exchange, reason); /* frees the stream */
}

static struct iovec piece_of(const char *at, size_t len)
{
    struct iovec piece = { .iov_len = len };

    memcpy(&piece.iov_base, &at, sizeof(at)); /* iovec is not const-correct */
    return piece;
}

void client_h2_write_pieces(struct client *client)
{
    struct client_h2 *h2 = client->h2;
    struct h2_packed packed = { .bytes = &h2->output };
    struct iovec pieces[2 * H2_CUTS_MOST + 1];
    const char *bytes;
    size_t from = 0;
    int count = 0;

    turn_lend(client->worker->turn, &h2->output);
    h2_session_pack_pieces(h2->session, &packed, now_ms(client));
    bytes = buffer_text(&h2->output).at;
    for (unsigned i = 0; i < packed.count; i++) {
        pieces[count++] = piece_of(bytes + from, packed.cuts[i].at - from);
        pieces[count++] = piece_of(packed.cuts[i].piece.at, packed.cuts[i].piece.len);
        from = packed.cuts[i].at;
    }
    if (buffer_len(&h2->output) > from)
        pieces[count++] = piece_of(bytes + from, buffer_len(&h2->output) - from);
    if (count)
        stream_writev(client->stream, pieces, count);
    turn_take_back(client->worker->turn, &h2->output);
}

static void send_output(struct client *client)
{
    struct client_h2 *h2 = client->h2;
    size_t len;

    turn_lend(client->worker->turn, &h2->output);
    do {
        bool open = !stream_is_backed_up(client->stream);

        h2_session_pack(h2->session, open ? &h2->output : NULL, now_ms(client));
        len = buffer_len(&h2->output);
        if (len)
            stream_write(client->stream, buffer_text(&h2->output).at, len);
        buffer_clear(&h2->output);
    } while (len);
    turn_take_back(client->worker->turn, &h2->output);
}

/* The peer broke the rules, or is too much: one log line, GOAWAY, and no more of it. */
static void fail(struct client *client)
{
    const char *reason = h2_session_failure(client->h2->session);

    client_note_refusal(client, reason);
    client->phase = CLIENT_CLOSING; /* whoever writes now is not looked at again */
    end_exchanges(client, reason);
    send_output(client);
    client_linger(client);
}

void client_h2_write(struct client *client)
{
    struct client_h2 *h2 = client->h2;

    if (!client->stream || client->phase == CLIENT_CLOSING)
        return;
    send_output(client);
    if (h2_session_failure(h2->session))
        fail(client);
    else if (h2->goodbye == GOODBYE_LAST && is_idle(client) && !stream_is_backed_up(client->stream))
        client_linger(client);
    else if (!stream_is_backed_up(client->stream))
        wake(client);
}

void client_h2_write_later(struct client *client)
{
    if (client->stream)
        turn_end(client->worker->turn, &client->h2->write);
}

/* --- the end -------------------------------------------------------------------------------------
 */

static void last_goodbye(struct client *client)
{
    client->h2->goodbye = GOODBYE_LAST;
    h2_session_goaway(client->h2->session);
    client_h2_write_later(client);
}

static void goodbye(struct client *client)
{
    struct client_h2 *h2 = client->h2;

    if (h2->goodbye != GOODBYE_NOT || client->phase == CLIENT_CLOSING)
        return;
    h2->goodbye = GOODBYE_NOTICE;
    h2->goodbye_since_ms = now_ms(client);
    admission_is_busy(client->worker->admission, client); /* it goes by itself */
    h2_session_shutdown_notice(h2->session);
    look_by(client, now_ms(client) + GOODBYE_MS);
    client_h2_write_later(client);
}

void client_h2_pong(struct client *client)
{
    if (client->h2->goodbye == GOODBYE_NOTICE)
        last_goodbye(client);
}

void client_h2_count_request(struct client *client)
{
    const struct limit_settings *limits = limits_of(client);

    client->requests++;
    look_by(client, now_ms(client) + client_watch_interval_ms(client));
    admission_is_busy(client->worker->admission, client);
    if (client->requests >= limits->keepalive_requests || client->worker->draining ||
        now_ms(client) - client->accepted_us / 1000 >= limits->keepalive_max_age_ms)
        goodbye(client);
}

static void rest(struct client *client)
{
    client->idle_until_ms =
        now_ms(client) + limits_of(client)->keepalive_idle_ms * IDLE_PERCENT / 100;
    if (client->h2->goodbye == GOODBYE_NOT)
        admission_is_idle(client->worker->admission, client);
    look_by(client, client->idle_until_ms);
}

void client_h2_stream_is_over(struct client *client)
{
    if (!client->stream)
        return;
    client_h2_write_later(client);
    if (h2_session_reset_lingering(client->h2->session, now_ms(client), LINGER_MS))
        look_by(client, now_ms(client) + LINGER_MS);
    if (TAILQ_EMPTY(&client->h2->streams) && client->phase != CLIENT_CLOSING)
        rest(client);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static void watch_head(struct client *client)
{
    struct client_h2 *h2 = client->h2;
    uint64_t head = h2_session_open_head(h2->session);

    if (head == h2->head)
        return;
    h2->head = head;
    h2->head_since_ms = now_ms(client);
    if (head)
        look_by(client, now_ms(client) + limits_of(client)->header_timeout_ms);
}

static void take(struct client *client, struct text bytes)
{
    struct client_h2 *h2 = client->h2;

    h2_session_set_limits(h2->session, &client->worker->serving->limits);
    if (h2_session_receive(h2->session, bytes, now_ms(client)) < 0) {
        fail(client);
        return;
    }
    if (client_is_over_memory(client)) {
        h2_session_fail(h2->session, H2_ENHANCE_YOUR_CALM, "connection_memory");
        fail(client);
        return;
    }
    watch_head(client);
    client_h2_start_requests(client);
    if (!client->stream || client->phase == CLIENT_CLOSING)
        return;
    if (h2_session_has_output(h2->session))
        client_h2_write_later(client);
}

static void on_readable(void *owner)
{
    struct client *client = owner;
    char *scratch = io_scratch(client->worker->io);

    for (int round = 0; round < ROUNDS_A_TURN; round++) {
        size_t got = 0;
        enum io_status status = stream_read(client->stream, scratch, IO_PIECE_BYTES, &got);

        if (status == IO_CLOSED)
            client_close(client);
        if (status != IO_OK)
            return;
        take(client, text_make(scratch, got));
        if (!client->stream || client->phase == CLIENT_CLOSING ||
            !stream_may_have_more(client->stream))
            return;
    }
}

static void on_drained(void *owner)
{
    struct client *client = owner;

    client->write_progress_ms = now_ms(client);
    client_h2_write(client);
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

static const struct stream_handler stream_handler = {
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
    .on_peer_closed = on_peer_closed,
};

static void write_turn(void *owner)
{
    client_h2_write(owner);
}

static void start_turn(void *owner)
{
    client_h2_start_requests(owner);
}

static void begin(struct client *client)
{
    const struct limit_settings *limits = limits_of(client);
    struct client_h2 *h2 = memory_new(sizeof(*h2));
    const struct h2_grants grants = {
        .streams = (uint32_t)limits->http2_streams,
        .stream_bytes = (uint32_t)limits->http2_stream_window,
        .connection_bytes = client_connection_window(client),
        .table_bytes = (uint32_t)limits->http2_header_table,
        .kept_bytes = client_kept_most(client),
        .continuations = (unsigned)limits->http2_continuations,
        .resets = (unsigned)limits->http2_resets.count,
        .resets_ms = limits->http2_resets.period_ms,
        .extended_connect = true,
    };

    client->h2 = h2;
    h2->client = client;
    h2->write = (struct turn_call){ .run = write_turn, .owner = client };
    h2->start_more = (struct turn_call){ .run = start_turn, .owner = client };
    TAILQ_INIT(&h2->streams);
    TAILQ_INIT(&h2->waiting);
    TAILQ_INIT(&h2->starting);
    h2->session = h2_session_new(H2_SERVER, &grants, &client->worker->serving->limits,
                                 &client_h2_handler, client);
    client->phase = CLIENT_HEAD;
    deadline_clear(&client->deadline); /* of the handshake */
    rest(client);
    watch_head(client); /* the preface */
    stream_set_handler(client->stream, &stream_handler, client);
    stream_resume_reading(client->stream);
    client_h2_write_later(client);
    if (client->worker->draining)
        goodbye(client);
}

/* --- limits in time ------------------------------------------------------------------------------
 */

/* Responses whose client grants no window. */
static void reset_stalled(struct client *client)
{
    int64_t idle_ms = limits_of(client)->write_idle_ms;
    struct h2_stream *h2;

    while ((h2 = h2_session_stalled(client->h2->session, now_ms(client), idle_ms))) {
        struct client_stream *stream = h2_stream_user(h2);

        h2_stream_reset(h2, H2_CANCEL);
        if (stream) {
            stream->h2 = NULL;
            exchange_client_gone(stream->exchange, "write_timeout");
        } else {
            client_note_refusal(client, "write_timeout"); /* its exchange was over */
        }
        client_h2_write_later(client);
    }
}

static void refuse_slow_bodies(struct client *client)
{
    struct client_stream *next;

    for (struct client_stream *stream = TAILQ_FIRST(&client->h2->streams); stream; stream = next) {
        const char *reason = NULL;

        next = TAILQ_NEXT(stream, link);
        if (stream->body_open && !stream->peer_ended)
            reason = body_watch_verdict(&stream->body, limits_of(client), now_ms(client));
        if (reason)
            exchange_fail(stream->exchange, 408, reason);
    }
}

static bool head_is_late(const struct client *client)
{
    const struct client_h2 *h2 = client->h2;

    return h2->head && now_ms(client) - h2->head_since_ms >= limits_of(client)->header_timeout_ms;
}

/* True: it goes on being looked at. */
static bool look(struct client *client)
{
    struct client_h2 *h2 = client->h2;
    bool backed_up = stream_is_backed_up(client->stream);

    if (head_is_late(client)) {
        h2_session_fail(h2->session, H2_ENHANCE_YOUR_CALM, "header_timeout");
        fail(client);
        return false;
    }
    if (client_write_is_stuck(client)) {
        end_exchanges(client, "write_timeout");
        client_close_reset(client);
        return false;
    }
    if (!backed_up)
        reset_stalled(client);
    refuse_slow_bodies(client);
    if (h2_session_reset_lingering(h2->session, now_ms(client), LINGER_MS))
        look_by(client, now_ms(client) + LINGER_MS);
    if (h2_session_has_output(h2->session))
        client_h2_write_later(client);
    if (h2->goodbye == GOODBYE_NOTICE && now_ms(client) - h2->goodbye_since_ms >= GOODBYE_MS)
        last_goodbye(client);
    if (is_idle(client) && !backed_up && h2->goodbye == GOODBYE_NOT &&
        now_ms(client) >= client->idle_until_ms)
        last_goodbye(client);
    return true;
}

static void deadline(struct client *client)
{
    int64_t next = now_ms(client) + client_watch_interval_ms(client);

    if (client->phase == CLIENT_CLOSING) {
        client_closing_deadline(client);
        return;
    }
    if (!look(client))
        return;
    if (client->h2->head)
        next = client->h2->head_since_ms + limits_of(client)->header_timeout_ms;
    else if (is_idle(client) && client->h2->goodbye == GOODBYE_NOT &&
             !stream_is_backed_up(client->stream))
        next = client->idle_until_ms;
    look_by(client, next);
}

/* --- for client.c --------------------------------------------------------------------------------
 */

static void gone(struct client *client)
{
    bool is_open = client->phase != CLIENT_CLOSING && !stream_is_broken(client->stream);

    client->phase = CLIENT_CLOSING;
    end_exchanges(client, "client_closed");
    if (is_open && client->h2->goodbye != GOODBYE_LAST) {
        h2_session_goaway(client->h2->session);
        send_output(client);
    }
}

static void free_h2(void *memory)
{
    struct client_h2 *h2 = memory;

    h2_session_free(h2->session);
    buffer_done(&h2->output);
    free(h2);
}

static void release(struct client *client)
{
    turn_forget(&client->h2->write);
    turn_forget(&client->h2->start_more);
    io_free_later(client->worker->io, client->h2, free_h2);
}

const struct client_protocol client_h2_protocol = {
    .begin = begin,
    .deadline = deadline,
    .drain = goodbye,
    .gone = gone,
    .release = release,
};
