/*
 * What an exchange borrows of an HTTP/2 connection to its endpoint: one stream. What the session
 * reports of it goes to the exchange, and what the exchange says goes to the session; windows are
 * opened as the client takes what came.
 */

#include <stdlib.h>

#include "../client/client_memory.h"
#include "../exchange/exchange.h"
#include "../exchange/websocket.h"
#include "../worker.h"
#include "backend_h2_private.h"
#include "endpoint.h"
#include "net/socket.h"

/* Interim responses before the final one; more is a flood. */
#define INTERIM_MOST 16

/* --- what the session reports --------------------------------------------------------------------
 */

static void hear(struct backend_h2_stream *lent)
{
    lent->base.answered = true;
    backend_conn_progressed(&lent->base);
    if (lent->is_heard)
        return;
    lent->is_heard = true;
    TAILQ_INSERT_TAIL(&lent->conn->heard, lent, heard);
}

/* What is 200 here is the 101 that everybody else knows. */
static void begin_tunnel(struct backend_h2_stream *lent, const struct response_head *head,
                         const struct framing *framing)
{
    struct exchange *exchange = lent->base.exchange;
    struct response_head switched;

    lent->base.state = BACKEND_TUNNEL;
    lent->base.request_ended = false; /* more than its head follows */
    hear(lent);
    websocket_switched(exchange, head, &switched);
    exchange_backend_head(exchange, &switched, framing);
}

static void on_response(void *owner, struct h2_stream *stream, const struct response_head *head,
                        const struct framing *framing)
{
    struct backend_h2_stream *lent = h2_stream_user(stream);
    struct exchange *exchange = lent->base.exchange;

    (void)owner;
    if (framing && framing->kind == BODY_TUNNEL) {
        begin_tunnel(lent, head, framing);
        return;
    }
    if (framing)
        lent->base.state = BACKEND_BODY; /* whose patience is another one */
    hear(lent);
    if (framing)
        exchange_backend_head(exchange, head, framing);
    else if (++lent->interim_count > INTERIM_MOST)
        exchange_backend_failed(exchange, BACKEND_FAILED_INVALID, "interim_flood");
    else
        exchange_backend_interim(exchange, head);
}

static void on_refused(void *owner, struct h2_stream *stream, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal)
{
    struct backend_h2_stream *lent = h2_stream_user(stream);

    (void)owner;
    (void)head;
    (void)bytes;
    if (lent) /* else the exchange has left meanwhile */
        exchange_backend_failed(lent->base.exchange, BACKEND_FAILED_INVALID, refusal->reason);
}

static void on_data(void *owner, struct h2_stream *stream, struct text piece)
{
    struct backend_h2_stream *lent = h2_stream_user(stream);

    (void)owner;
    lent->held += piece.len;
    hear(lent);
    exchange_backend_body(lent->base.exchange, piece);
}

static void on_end(void *owner, struct h2_stream *stream, const struct field_list *trailers)
{
    struct backend_h2_stream *lent = h2_stream_user(stream);

    (void)owner;
    if (lent->base.state == BACKEND_TUNNEL) {
        lent->heard_end = true;
        if (lent->said_end)
            lent->base.state = BACKEND_ENDED;
        exchange_backend_tunnel_end(lent->base.exchange);
        return;
    }
    lent->base.state = BACKEND_ENDED;
    exchange_backend_end(lent->base.exchange, trailers);
}

/* RFC 9113 section 8.7: what was refused was not acted on; for the rest nobody knows. */
static void on_closed(void *owner, struct h2_stream *stream, uint32_t code, bool by_peer)
{
    struct backend_h2_stream *lent = h2_stream_user(stream);
    enum backend_failure failure = BACKEND_FAILED_RESET;

    (void)owner;
    lent->stream = NULL;
    if (code == H2_REFUSED_STREAM) /* it says so, or GOAWAY does of all above its last one */
        failure = by_peer ? BACKEND_FAILED_REFUSED : BACKEND_FAILED_LEFT;
    else if (lent->base.answered)
        failure = BACKEND_FAILED_CUT;
    exchange_backend_failed(lent->base.exchange, failure, "the backend reset the stream");
}

static void on_goaway(void *owner, uint32_t code)
{
    struct backend_h2 *conn = owner;

    (void)code;
    conn->leaving = true;
}

const struct h2_handler backend_h2_events = {
    .on_response = on_response,
    .on_refused = on_refused,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
    .on_goaway = on_goaway,
};

/* --- what an exchange says -----------------------------------------------------------------------
 */

static struct backend_h2_stream *lent_of(struct backend_conn *base)
{
    return (struct backend_h2_stream *)base;
}

static const struct backend_h2_stream *lent_of_const(const struct backend_conn *base)
{
    return (const struct backend_h2_stream *)base;
}

static bool takes_more(const struct backend_conn *base)
{
    const struct backend_h2_stream *lent = lent_of_const(base);

    return lent->stream && h2_stream_takes_more(lent->stream) && backend_h2_takes_more(lent->conn);
}

/* It leaves, and the windows and the socket say whether more may follow. */
static void said(struct backend_h2_stream *lent)
{
    backend_h2_say(lent->conn);
    backend_conn_progressed(&lent->base);
    lent->is_starved = !lent->base.request_ended && !takes_more(&lent->base);
}

/* As far as its client has room: little by little, since there may be a hundred of them. */
static void open_window(struct backend_h2_stream *lent)
{
    h2_stream_set_window(lent->stream, client_body_window(lent->base.exchange->client));
}

static bool send_head(struct backend_conn *base, const struct request_head *head,
                      const struct forwarding *forwarding, bool ended)
{
    struct backend_h2_stream *lent = lent_of(base);
    struct backend_h2 *conn = lent->conn;

    if (conn->leaving && !conn->is_single)
        return false;
    lent->stream =
        h2_session_request(conn->session, head, forwarding, ended && !forwarding->upgrade, lent);
    if (!lent->stream)
        return false;
    base->state = BACKEND_HEAD;
    base->request_ended = ended;
    if (!base->exchange
             ->is_grpc) /* whose messages are short: they have the window they begin with */
        open_window(lent);
    said(lent);
    return true;
}

static void send_body(struct backend_conn *base, struct text piece)
{
    struct backend_h2_stream *lent = lent_of(base);

    if (!piece.len || !lent->stream)
        return;
    h2_stream_send(lent->stream, piece);
    backend_h2_say_pieces(lent->conn);
    said(lent);
}

static void send_end(struct backend_conn *base, const struct field_list *trailers)
{
    struct backend_h2_stream *lent = lent_of(base);

    base->request_ended = true;
    if (lent->stream)
        h2_stream_end(lent->stream, trailers);
    said(lent);
}

static bool takes_upgrade(const struct backend_conn *base)
{
    return h2_session_takes_websocket(lent_of_const(base)->conn->session);
}

/* Both ends: it is given back within this call, and leaves then. */
static void send_close(struct backend_conn *base)
{
    struct backend_h2_stream *lent = lent_of(base);

    lent->said_end = base->request_ended = true;
    if (lent->stream)
        h2_stream_end(lent->stream, NULL);
    if (lent->heard_end)
        base->state = BACKEND_ENDED;
    else
        said(lent);
}

static void resume(struct backend_conn *base)
{
    struct backend_h2_stream *lent = lent_of(base);

    if (!lent->held || !lent->stream)
        return;
    if (lent->held >= CLIENT_WINDOW_LEAST / 2)
        open_window(lent);
    h2_stream_consume(lent->stream, lent->held);
    lent->held = 0;
    backend_h2_say(lent->conn);
}

static void give_back(struct backend_conn *base, bool keep)
{
    struct backend_h2_stream *lent = lent_of(base);
    struct backend_h2 *conn = lent->conn;
    bool ended = base->state == BACKEND_ENDED;

    (void)keep; /* a stream that failed says nothing of its connection */
    if (lent->is_heard)
        TAILQ_REMOVE(&conn->heard, lent, heard);
    TAILQ_REMOVE(&conn->lent, lent, link);
    conn->lent_count--;
    if (lent->stream && ended && base->request_ended)
        h2_stream_abandon(lent->stream, H2_NO_ERROR);
    else if (lent->stream)
        h2_stream_reset(lent->stream, ended ? H2_NO_ERROR : H2_CANCEL);
    lent->stream = NULL;
    backend_conn_done(base);
    io_free_later(conn->endpoint->worker->io, lent, free);
    backend_h2_say(conn);
    backend_h2_settle(conn);
}

static const char *codec_refusal(const struct backend_conn *base)
{
    return backend_h2_refusal(lent_of_const(base)->conn);
}

static bool is_unanswered(const struct backend_conn *base, int64_t for_ms)
{
    return socket_is_unanswered(stream_fd(lent_of_const(base)->conn->stream), for_ms);
}

/* Of all streams: while any of them makes way, the connection is well. */
static uint64_t sent(const struct backend_conn *base)
{
    return stream_sent(lent_of_const(base)->conn->stream);
}

static bool has_pending(const struct backend_conn *base)
{
    return stream_pending(lent_of_const(base)->conn->stream) > 0 ||
           (lent_of_const(base)->stream && !h2_stream_takes_more(lent_of_const(base)->stream));
}

/* Of the request's body. What comes goes on to the client at once. */
static size_t memory(const struct backend_conn *base)
{
    const struct backend_h2_stream *lent = lent_of_const(base);

    return lent->stream ? h2_stream_memory(lent->stream) : 0;
}

static void expired(struct backend_conn *base)
{
    (void)base; /* a stream is never idle */
}

const struct backend_codec backend_h2_codec = {
    .send_head = send_head,
    .send_body = send_body,
    .send_end = send_end,
    .takes_upgrade = takes_upgrade,
    .send_close = send_close,
    .takes_more = takes_more,
    .resume = resume,
    .give_back = give_back,
    .refusal = codec_refusal,
    .is_unanswered = is_unanswered,
    .sent = sent,
    .has_pending = has_pending,
    .memory = memory,
    .expired = expired,
};
