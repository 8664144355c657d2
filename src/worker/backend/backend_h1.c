/*
 * HTTP/1.1 towards one endpoint: writes the request as the exchange hands it over, reads the
 * response and reports its parts.
 */

#include "backend_h1.h"

#include <stdlib.h>

#include "../exchange/exchange.h"
#include "../worker.h"
#include "backend_pool.h"
#include "base/memory.h"
#include "endpoint.h"
#include "http/forwarding.h"
#include "net/socket.h"
#include "tls/tls_backend.h"

/* Interim responses before the final one; more is a flood. */
#define INTERIM_MOST 16

static const struct stream_handler backend_handler;
static const struct backend_codec codec;

static struct backend_h1 *h1_of(struct backend_conn *conn)
{
    return (struct backend_h1 *)conn;
}

static const struct backend_h1 *h1_of_const(const struct backend_conn *conn)
{
    return (const struct backend_h1 *)conn;
}

static struct worker *worker_of(const struct backend_h1 *h1)
{
    return h1->base.endpoint->worker;
}

struct backend_h1 *backend_h1_new(struct endpoint *endpoint, struct err *err)
{
    struct backend_h1 *h1 = memory_new(sizeof(*h1));

    h1->stream = backend_stream_new(endpoint, "http/1.1", &backend_handler, h1, err);
    if (!h1->stream) {
        free(h1);
        return NULL;
    }
    backend_conn_init(&h1->base, &codec, endpoint);
    return h1;
}

static void end_body(struct backend_h1 *h1)
{
    if (h1->body_open)
        body_reader_done(&h1->body);
    h1->body_open = false;
}

void backend_h1_free(struct backend_h1 *h1)
{
    end_body(h1);
    buffer_done(&h1->input);
    backend_conn_done(&h1->base);
    stream_free(h1->stream);
    h1->stream = NULL;
    io_free_later(worker_of(h1)->io, h1, free);
}

void backend_h1_rest(struct backend_h1 *h1, int64_t idle_ms)
{
    end_body(h1);
    buffer_done(&h1->input);
    h1->base.exchange = NULL;
    h1->base.state = BACKEND_IDLE;
    stream_resume_reading(h1->stream); /* to notice its end */
    deadline_set(&h1->base.deadline, backend_conn_now_ms(&h1->base) + idle_ms);
}

void backend_h1_wake(struct backend_h1 *h1)
{
    h1->base.state = BACKEND_READY;
    h1->base.reused = true;
    h1->persistent = false;
    h1->interim_count = 0;
    h1->scan = (struct h1_scan){ 0 };
}

static void expired(struct backend_conn *conn)
{
    backend_pool_drop(conn->endpoint->pool, h1_of(conn));
}

static const char *refusal_of(const struct backend_conn *conn)
{
    const struct stream_layer *layer = stream_get_layer(h1_of_const(conn)->stream);

    return layer ? tls_peer_refusal(layer) : "";
}

static bool is_unanswered(const struct backend_conn *conn, int64_t for_ms)
{
    return socket_is_unanswered(stream_fd(h1_of_const(conn)->stream), for_ms);
}

static uint64_t sent(const struct backend_conn *conn)
{
    return stream_sent(h1_of_const(conn)->stream);
}

static bool has_pending(const struct backend_conn *conn)
{
    return stream_pending(h1_of_const(conn)->stream) > 0;
}

static size_t memory(const struct backend_conn *conn)
{
    const struct backend_h1 *h1 = h1_of_const(conn);

    return h1->input.capacity + (h1->body_open ? h1->body.trailer_bytes.capacity : 0) +
           stream_pending(h1->stream);
}

static void give_back(struct backend_conn *conn, bool keep)
{
    struct backend_h1 *h1 = h1_of(conn);
    bool reusable = conn->state == BACKEND_ENDED && conn->request_ended && h1->persistent &&
                    !stream_is_broken(h1->stream) && stream_pending(h1->stream) == 0;

    backend_pool_return(conn->endpoint->pool, h1, keep && reusable);
}

/* --- the request ---------------------------------------------------------------------------------
 */

static bool send_head(struct backend_conn *conn, const struct request_head *head,
                      const struct forwarding *forwarding, bool ended)
{
    struct backend_h1 *h1 = h1_of(conn);
    struct buffer *out = &worker_of(h1)->head_out;

    buffer_clear(out);
    h1_write_request(out, head, forwarding);
    conn->state = BACKEND_HEAD;
    conn->request_ended = ended;
    h1->chunked = forwarding->chunked;
    stream_write(h1->stream, buffer_text(out).at, buffer_len(out));
    stream_resume_reading(h1->stream);
    backend_conn_progressed(conn);
    return true;
}

static struct iovec piece_of(struct text text)
{
    struct iovec piece = { .iov_len = text.len };

    memcpy(&piece.iov_base, &text.at, sizeof(text.at)); /* iovec is not const-correct */
    return piece;
}

static void send_body(struct backend_conn *conn, struct text piece)
{
    struct backend_h1 *h1 = h1_of(conn);
    char line[CHUNK_LINE_BYTES];
    struct iovec pieces[3];

    if (!piece.len)
        return;
    if (h1->chunked) {
        pieces[0] = piece_of(text_make(line, chunk_line(piece.len, line)));
        pieces[1] = piece_of(piece);
        pieces[2] = piece_of(TEXT("\r\n"));
        stream_writev(h1->stream, pieces, 3);
    } else {
        stream_write(h1->stream, piece.at, piece.len);
    }
    backend_conn_progressed(conn);
}

static void send_end(struct backend_conn *conn, const struct field_list *trailers)
{
    struct backend_h1 *h1 = h1_of(conn);

    if (h1->chunked) {
        struct buffer last = { 0 };

        h1_write_last_chunk(&last, trailers);
        stream_write(h1->stream, buffer_text(&last).at, buffer_len(&last));
        buffer_done(&last);
    }
    conn->request_ended = true;
    backend_conn_progressed(conn);
}

static bool takes_upgrade(const struct backend_conn *conn)
{
    (void)conn; /* it may still decline */
    return true;
}

static void send_close(struct backend_conn *conn)
{
    stream_shutdown(h1_of(conn)->stream);
}

static bool takes_more(const struct backend_conn *conn)
{
    return conn->state != BACKEND_CONNECTING && !stream_is_backed_up(h1_of_const(conn)->stream);
}

static void resume(struct backend_conn *conn)
{
    if (conn->state == BACKEND_HEAD || conn->state == BACKEND_BODY || conn->state == BACKEND_TUNNEL)
        stream_resume_reading(h1_of(conn)->stream);
}

static const struct backend_codec codec = {
    .send_head = send_head,
    .send_body = send_body,
    .send_end = send_end,
    .takes_upgrade = takes_upgrade,
    .send_close = send_close,
    .takes_more = takes_more,
    .resume = resume,
    .give_back = give_back,
    .refusal = refusal_of,
    .is_unanswered = is_unanswered,
    .sent = sent,
    .has_pending = has_pending,
    .memory = memory,
    .expired = expired,
};

/* --- the response --------------------------------------------------------------------------------
 */

static void refuse(struct backend_h1 *h1, const struct h1_refusal *refusal)
{
    exchange_backend_failed(h1->base.exchange, BACKEND_FAILED_INVALID, refusal->reason);
}

static void begin_body(struct backend_h1 *h1, const struct response_head *head,
                       const struct framing *framing)
{
    struct exchange *exchange = h1->base.exchange;

    h1->persistent = framing->persistent;
    h1->base.state = framing->kind == BODY_TUNNEL ? BACKEND_TUNNEL : BACKEND_BODY;
    if (h1->base.state == BACKEND_TUNNEL)
        socket_keepalive(stream_fd(h1->stream));
    body_reader_init(&h1->body, framing, &exchange->serving->limits, &exchange->arena);
    h1->body_open = true;
    backend_conn_progressed(&h1->base); /* the body's patience may be shorter than the head's */
    exchange_backend_head(exchange, head, framing);
}

static void interim(struct backend_h1 *h1, const struct response_head *head)
{
    if (++h1->interim_count > INTERIM_MOST)
        exchange_backend_failed(h1->base.exchange, BACKEND_FAILED_INVALID, "interim_flood");
    else
        exchange_backend_interim(h1->base.exchange, head);
}

/* True: go on with what is left of `*input`. */
static bool eat_head(struct backend_h1 *h1, struct text *input)
{
    struct exchange *exchange = h1->base.exchange;
    struct response_head head = { 0 };
    struct framing framing;
    struct h1_refusal refusal;
    size_t used = 0;

    switch (h1_parse_response(*input, &exchange->serving->limits, &h1->scan, worker_of(h1)->lines,
                              &head, &used, &refusal)) {
    case PARSE_MORE:
        return false;
    case PARSE_BAD:
        refuse(h1, &refusal);
        return false;
    case PARSE_DONE:
        break;
    }
    h1->scan = (struct h1_scan){ 0 };
    *input = text_from(*input, used);
    if (framing_of_response(&head, exchange->request.method, exchange->upgrades, &framing,
                            &refusal) < 0) {
        refuse(h1, &refusal);
        return false;
    }
    if (head.status < 200 && framing.kind != BODY_TUNNEL)
        interim(h1, &head);
    else
        begin_body(h1, &head, &framing);
    return h1->base.exchange != NULL;
}

static bool eat_body(struct backend_h1 *h1, struct text *input)
{
    struct h1_refusal refusal;
    struct text piece = TEXT_NONE;

    switch (body_reader_next(&h1->body, input, &piece, &refusal)) {
    case PARSE_BAD:
        refuse(h1, &refusal);
        return false;
    case PARSE_MORE:
        if (piece.len)
            exchange_backend_body(h1->base.exchange, piece);
        return h1->base.exchange && input->len;
    case PARSE_DONE:
        if (piece.len)
            exchange_backend_body(h1->base.exchange, piece);
        if (!h1->base.exchange)
            return false;
        h1->base.state = BACKEND_ENDED;
        if (input->len)
            h1->persistent = false; /* bytes nobody asked for */
        exchange_backend_end(h1->base.exchange, &h1->body.trailers);
        return false;
    }
    return false;
}

static bool eat(struct backend_h1 *h1, struct text *input)
{
    switch (h1->base.state) {
    case BACKEND_HEAD:
        return input->len && eat_head(h1, input);
    case BACKEND_BODY:
        return eat_body(h1, input);
    case BACKEND_TUNNEL:
        if (input->len)
            exchange_backend_body(h1->base.exchange, *input);
        *input = TEXT_NONE;
        return false;
    case BACKEND_CONNECTING:
    case BACKEND_READY:
    case BACKEND_ENDED:
    case BACKEND_IDLE:
        break;
    }
    return false;
}

/* `bytes` lie in the scratch buffer; an incomplete head is kept. */
static void eat_all(struct backend_h1 *h1, struct text bytes)
{
    struct text input = bytes;
    bool kept = buffer_len(&h1->input) > 0;

    if (kept) {
        buffer_append_text(&h1->input, bytes);
        input = buffer_text(&h1->input);
    }
    while (h1->base.exchange && eat(h1, &input))
        continue;
    if (!h1->base.exchange)
        return; /* given back or freed meanwhile */
    exchange_backend_flush(h1->base.exchange);
    if (!h1->base.exchange)
        return;
    if (kept)
        buffer_consume(&h1->input, buffer_len(&h1->input) - input.len);
    else if (input.len && h1->base.state == BACKEND_HEAD)
        buffer_append_text(&h1->input, input);
    if (!buffer_len(&h1->input))
        buffer_done(&h1->input);
}

static void on_end(struct backend_h1 *h1)
{
    struct exchange *exchange = h1->base.exchange;

    switch (h1->base.state) {
    case BACKEND_TUNNEL:
        exchange_backend_tunnel_end(exchange);
        return;
    case BACKEND_BODY:
        if (body_reader_end_is_clean(&h1->body)) {
            h1->base.state = BACKEND_ENDED;
            h1->persistent = false;
            exchange_backend_end(exchange, &h1->body.trailers);
        } else {
            exchange_backend_failed(exchange, BACKEND_FAILED_CUT, "closed within the response");
        }
        return;
    case BACKEND_HEAD:
        exchange_backend_failed(exchange,
                                h1->base.answered ? BACKEND_FAILED_CUT : BACKEND_FAILED_CLOSED,
                                "closed before the response");
        return;
    case BACKEND_CONNECTING:
    case BACKEND_READY:
    case BACKEND_ENDED:
    case BACKEND_IDLE:
        break;
    }
    h1->persistent = false;
}

static void on_readable(void *owner)
{
    struct backend_h1 *h1 = owner;
    char *scratch = io_scratch(worker_of(h1)->io);
    size_t got = 0;

    if (h1->base.state == BACKEND_IDLE) { /* its end, or bytes that nobody asked for */
        backend_pool_drop(h1->base.endpoint->pool, h1);
        return;
    }
    if (!h1->base.exchange)
        return;
    if (!exchange_client_takes_more(h1->base.exchange)) {
        stream_pause_reading(h1->stream);
        return;
    }
    switch (stream_read(h1->stream, scratch, IO_PIECE_BYTES, &got)) {
    case IO_OK:
        h1->base.answered = true;
        backend_conn_progressed(&h1->base);
        eat_all(h1, text_make(scratch, got));
        break;
    case IO_CLOSED:
        on_end(h1);
        break;
    case IO_AGAIN:
    case IO_FAILED: /* on_broken follows */
        break;
    }
}

static void on_ready(void *owner)
{
    struct backend_h1 *h1 = owner;

    h1->base.state = BACKEND_READY;
    if (h1->base.exchange)
        exchange_backend_ready(h1->base.exchange);
}

static void on_drained(void *owner)
{
    struct backend_h1 *h1 = owner;

    if (!h1->base.exchange)
        return;
    backend_conn_progressed(&h1->base);
    exchange_backend_drained(h1->base.exchange);
}

static void on_broken(void *owner)
{
    struct backend_h1 *h1 = owner;
    enum backend_failure failure = BACKEND_FAILED_CUT;

    if (h1->base.state == BACKEND_IDLE) {
        backend_pool_drop(h1->base.endpoint->pool, h1);
        return;
    }
    if (!h1->base.exchange)
        return;
    if (!h1->base.answered && refusal_of(&h1->base)[0])
        failure = BACKEND_FAILED_HANDSHAKE;
    else if (h1->base.state == BACKEND_CONNECTING)
        failure = BACKEND_FAILED_CONNECT;
    else if (h1->base.state <= BACKEND_HEAD && !h1->base.answered)
        failure = BACKEND_FAILED_CLOSED;
    exchange_backend_failed(h1->base.exchange, failure, stream_error(h1->stream));
}

static const struct stream_handler backend_handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
};
