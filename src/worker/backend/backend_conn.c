/*
 * HTTP/1.1 towards one endpoint: writes the request as the exchange hands it over, reads the
 * response and reports its parts. Decides nothing: what a failure means is the exchange's business.
 */

#include "backend_conn.h"

#include <errno.h>
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

static void on_deadline(void *owner);

static struct worker *worker_of(const struct backend_conn *conn)
{
    return conn->endpoint->worker;
}

static int64_t now_ms(const struct backend_conn *conn)
{
    return io_now_ms(worker_of(conn)->io);
}

struct backend_conn *backend_conn_new(struct endpoint *endpoint, struct err *err)
{
    struct io *io = endpoint->worker->io;
    struct stream_layer *layer = NULL;
    struct backend_conn *conn;
    int fd;

    if (protocol_has_tls(endpoint->protocol) && !endpoint->peer) { /* never in clear instead */
        err_set(err, "connect to %s: there is nothing to verify it with", endpoint->name);
        return NULL;
    }
    fd = socket_connect(&endpoint->address);
    if (fd < 0) {
        err_set(err, "connect to %s: %s", endpoint->name, strerror(errno));
        return NULL;
    }
    conn = memory_new(sizeof(*conn));
    conn->endpoint = endpoint;
    conn->state = BACKEND_CONNECTING;
    deadline_init(&conn->deadline, io, on_deadline, conn);
    if (endpoint->peer)
        layer = tls_peer_session_new(endpoint->peer, "http/1.1");
    conn->stream = stream_new_connecting(io, fd, layer, &backend_handler, conn);
    return conn;
}

static void end_body(struct backend_conn *conn)
{
    if (conn->body_open)
        body_reader_done(&conn->body);
    conn->body_open = false;
}

void backend_conn_free(struct backend_conn *conn)
{
    end_body(conn);
    buffer_done(&conn->input);
    deadline_done(&conn->deadline);
    stream_free(conn->stream);
    conn->stream = NULL;
    io_free_later(worker_of(conn)->io, conn, free);
}

void backend_conn_rest(struct backend_conn *conn, int64_t idle_ms)
{
    end_body(conn);
    buffer_done(&conn->input);
    conn->exchange = NULL;
    conn->state = BACKEND_IDLE;
    stream_resume_reading(conn->stream); /* to notice its end */
    deadline_set(&conn->deadline, now_ms(conn) + idle_ms);
}

void backend_conn_wake(struct backend_conn *conn)
{
    conn->state = BACKEND_READY;
    conn->reused = true;
}

void backend_conn_attach(struct backend_conn *conn, struct exchange *exchange)
{
    conn->exchange = exchange;
    conn->answered = false;
    conn->request_ended = false;
    conn->persistent = false;
    conn->interim_count = 0;
    conn->scan = (struct h1_scan){ 0 };
    if (conn->state == BACKEND_CONNECTING)
        deadline_set(&conn->deadline, now_ms(conn) + exchange->route->policy->connect_timeout_ms);
}

const char *backend_conn_refusal(const struct backend_conn *conn)
{
    const struct stream_layer *layer = stream_get_layer(conn->stream);

    return layer ? tls_peer_refusal(layer) : "";
}

/* --- timing --------------------------------------------------------------------------------------
 */

/* How long the present state may last without a byte moving. */
static int64_t patience_ms(const struct backend_conn *conn)
{
    const struct route_policy *policy = conn->exchange->route->policy;

    switch (conn->state) {
    case BACKEND_CONNECTING:
    case BACKEND_READY:
        return policy->connect_timeout_ms;
    case BACKEND_HEAD:
        return conn->request_ended ? policy->response_timeout_ms : policy->idle_timeout_ms;
    case BACKEND_TUNNEL:
        return policy->tunnel_timeout_ms;
    case BACKEND_BODY:
    case BACKEND_ENDED:
    case BACKEND_IDLE:
        break;
    }
    return policy->idle_timeout_ms;
}

/*
 * While an answer is awaited, the endpoint's kernel is looked at now and then: an application may
 * think for a minute, but a machine that is gone must not be waited for.
 */
static void look_again(struct backend_conn *conn)
{
    int64_t end_ms = conn->progress_ms + patience_ms(conn);
    int64_t look_ms = now_ms(conn) + conn->exchange->route->policy->connect_timeout_ms;

    deadline_set(&conn->deadline,
                 conn->state == BACKEND_HEAD && look_ms < end_ms ? look_ms : end_ms);
}

static void progressed(struct backend_conn *conn)
{
    conn->progress_ms = now_ms(conn);
    look_again(conn);
}

/* True: it was too early, or too late already. */
static bool looked(struct backend_conn *conn)
{
    if (conn->state != BACKEND_HEAD || now_ms(conn) >= conn->progress_ms + patience_ms(conn))
        return false;
    if (socket_is_unanswered(stream_fd(conn->stream),
                             conn->exchange->route->policy->connect_timeout_ms))
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_SILENT,
                                "nothing of what was sent was acknowledged");
    else
        look_again(conn);
    return true;
}

/* Is it the endpoint that we wait for, and not the client? */
static bool waits_for_endpoint(const struct backend_conn *conn)
{
    if (stream_pending(conn->stream))
        return true;
    if (conn->state == BACKEND_TUNNEL)
        return true; /* either side's silence counts */
    if (!conn->request_ended && conn->state == BACKEND_HEAD)
        return false; /* the client owes us its body, its own limits watch it */
    return exchange_client_takes_more(conn->exchange);
}

static void on_deadline(void *owner)
{
    struct backend_conn *conn = owner;
    uint64_t sent = stream_sent(conn->stream);

    if (conn->state == BACKEND_IDLE) {
        backend_pool_drop(conn->endpoint->pool, conn);
        return;
    }
    if (!conn->exchange || conn->state == BACKEND_ENDED)
        return;
    if (conn->state == BACKEND_CONNECTING) {
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_CONNECT_TIMEOUT,
                                "connect timed out");
        return;
    }
    if (looked(conn))
        return;
    if (sent != conn->sent_seen || !waits_for_endpoint(conn)) {
        conn->sent_seen = sent;
        progressed(conn);
        return;
    }
    if (conn->state == BACKEND_HEAD && conn->request_ended)
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_TIMEOUT, "no response in time");
    else
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_STALLED, "no byte moved in time");
}

/* --- the request ---------------------------------------------------------------------------------
 */

void backend_conn_send_head(struct backend_conn *conn, struct text head, bool chunked, bool ended)
{
    conn->state = BACKEND_HEAD;
    conn->chunked = chunked;
    conn->request_ended = ended;
    stream_write(conn->stream, head.at, head.len);
    stream_resume_reading(conn->stream);
    progressed(conn);
}

static struct iovec piece_of(struct text text)
{
    struct iovec piece = { .iov_len = text.len };

    memcpy(&piece.iov_base, &text.at, sizeof(text.at)); /* iovec is not const-correct */
    return piece;
}

void backend_conn_send_body(struct backend_conn *conn, struct text piece)
{
    char line[CHUNK_LINE_BYTES];
    struct iovec pieces[3];

    if (!piece.len)
        return;
    if (conn->chunked) {
        pieces[0] = piece_of(text_make(line, chunk_line(piece.len, line)));
        pieces[1] = piece_of(piece);
        pieces[2] = piece_of(TEXT("\r\n"));
        stream_writev(conn->stream, pieces, 3);
    } else {
        stream_write(conn->stream, piece.at, piece.len);
    }
    progressed(conn);
}

void backend_conn_send_end(struct backend_conn *conn, const struct field_list *trailers)
{
    if (conn->chunked) {
        struct buffer last = { 0 };

        h1_write_last_chunk(&last, trailers);
        stream_write(conn->stream, buffer_text(&last).at, buffer_len(&last));
        buffer_done(&last);
    }
    conn->request_ended = true;
    progressed(conn);
}

void backend_conn_send_close(struct backend_conn *conn)
{
    stream_shutdown(conn->stream);
}

bool backend_conn_takes_more(const struct backend_conn *conn)
{
    return conn->state != BACKEND_CONNECTING && !stream_is_backed_up(conn->stream);
}

void backend_conn_resume(struct backend_conn *conn)
{
    if (conn->state == BACKEND_HEAD || conn->state == BACKEND_BODY || conn->state == BACKEND_TUNNEL)
        stream_resume_reading(conn->stream);
}

bool backend_conn_is_reusable(const struct backend_conn *conn)
{
    return conn->state == BACKEND_ENDED && conn->request_ended && conn->persistent &&
           !stream_is_broken(conn->stream) && stream_pending(conn->stream) == 0;
}

/* --- the response --------------------------------------------------------------------------------
 */

static void refuse(struct backend_conn *conn, const struct h1_refusal *refusal)
{
    exchange_backend_failed(conn->exchange, BACKEND_FAILED_INVALID, refusal->reason);
}

static void begin_body(struct backend_conn *conn, const struct response_head *head,
                       const struct framing *framing)
{
    struct exchange *exchange = conn->exchange;

    conn->persistent = framing->persistent;
    conn->state = framing->kind == BODY_TUNNEL ? BACKEND_TUNNEL : BACKEND_BODY;
    if (conn->state == BACKEND_TUNNEL)
        socket_keepalive(stream_fd(conn->stream));
    body_reader_init(&conn->body, framing, &exchange->serving->limits, &exchange->arena);
    conn->body_open = true;
    progressed(conn); /* the body's patience may be shorter than the head's */
    exchange_backend_head(exchange, head, framing);
}

static void interim(struct backend_conn *conn, const struct response_head *head)
{
    if (++conn->interim_count > INTERIM_MOST)
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_INVALID, "interim_flood");
    else
        exchange_backend_interim(conn->exchange, head);
}

/* True: go on with what is left of `*input`. */
static bool eat_head(struct backend_conn *conn, struct text *input)
{
    struct exchange *exchange = conn->exchange;
    struct response_head head = { 0 };
    struct framing framing;
    struct h1_refusal refusal;
    size_t used = 0;

    switch (h1_parse_response(*input, &exchange->serving->limits, &conn->scan,
                              worker_of(conn)->lines, &head, &used, &refusal)) {
    case PARSE_MORE:
        return false;
    case PARSE_BAD:
        refuse(conn, &refusal);
        return false;
    case PARSE_DONE:
        break;
    }
    conn->scan = (struct h1_scan){ 0 };
    *input = text_from(*input, used);
    if (framing_of_response(&head, exchange->request.method, exchange->upgrades, &framing,
                            &refusal) < 0) {
        refuse(conn, &refusal);
        return false;
    }
    if (head.status < 200 && framing.kind != BODY_TUNNEL)
        interim(conn, &head);
    else
        begin_body(conn, &head, &framing);
    return conn->exchange != NULL;
}

static bool eat_body(struct backend_conn *conn, struct text *input)
{
    struct h1_refusal refusal;
    struct text piece = TEXT_NONE;

    switch (body_reader_next(&conn->body, input, &piece, &refusal)) {
    case PARSE_BAD:
        refuse(conn, &refusal);
        return false;
    case PARSE_MORE:
        if (piece.len)
            exchange_backend_body(conn->exchange, piece);
        return conn->exchange && input->len;
    case PARSE_DONE:
        if (piece.len)
            exchange_backend_body(conn->exchange, piece);
        if (!conn->exchange)
            return false;
        conn->state = BACKEND_ENDED;
        if (input->len)
            conn->persistent = false; /* bytes nobody asked for */
        exchange_backend_end(conn->exchange, &conn->body.trailers);
        return false;
    }
    return false;
}

static bool eat(struct backend_conn *conn, struct text *input)
{
    switch (conn->state) {
    case BACKEND_HEAD:
        return input->len && eat_head(conn, input);
    case BACKEND_BODY:
        return eat_body(conn, input);
    case BACKEND_TUNNEL:
        if (input->len)
            exchange_backend_body(conn->exchange, *input);
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
static void eat_all(struct backend_conn *conn, struct text bytes)
{
    struct text input = bytes;
    bool kept = buffer_len(&conn->input) > 0;

    if (kept) {
        buffer_append_text(&conn->input, bytes);
        input = buffer_text(&conn->input);
    }
    while (conn->exchange && eat(conn, &input))
        continue;
    if (!conn->exchange)
        return; /* given back or freed meanwhile */
    exchange_backend_flush(conn->exchange);
    if (!conn->exchange)
        return;
    if (kept)
        buffer_consume(&conn->input, buffer_len(&conn->input) - input.len);
    else if (input.len && conn->state == BACKEND_HEAD)
        buffer_append_text(&conn->input, input);
    if (!buffer_len(&conn->input))
        buffer_done(&conn->input);
}

static void on_end(struct backend_conn *conn)
{
    struct exchange *exchange = conn->exchange;

    switch (conn->state) {
    case BACKEND_TUNNEL:
        exchange_backend_tunnel_end(exchange);
        return;
    case BACKEND_BODY:
        if (body_reader_end_is_clean(&conn->body)) {
            conn->state = BACKEND_ENDED;
            conn->persistent = false;
            exchange_backend_end(exchange, &conn->body.trailers);
        } else {
            exchange_backend_failed(exchange, BACKEND_FAILED_CUT, "closed within the response");
        }
        return;
    case BACKEND_HEAD:
        exchange_backend_failed(exchange,
                                conn->answered ? BACKEND_FAILED_CUT : BACKEND_FAILED_CLOSED,
                                "closed before the response");
        return;
    case BACKEND_CONNECTING:
    case BACKEND_READY:
    case BACKEND_ENDED:
    case BACKEND_IDLE:
        break;
    }
    conn->persistent = false;
}

static void on_readable(void *owner)
{
    struct backend_conn *conn = owner;
    char *scratch = io_scratch(worker_of(conn)->io);
    size_t got = 0;

    if (conn->state == BACKEND_IDLE) { /* its end, or bytes that nobody asked for */
        backend_pool_drop(conn->endpoint->pool, conn);
        return;
    }
    if (!conn->exchange)
        return;
    if (!exchange_client_takes_more(conn->exchange)) {
        stream_pause_reading(conn->stream);
        return;
    }
    switch (stream_read(conn->stream, scratch, IO_PIECE_BYTES, &got)) {
    case IO_OK:
        conn->answered = true;
        progressed(conn);
        eat_all(conn, text_make(scratch, got));
        break;
    case IO_CLOSED:
        on_end(conn);
        break;
    case IO_AGAIN:
    case IO_FAILED: /* on_broken follows */
        break;
    }
}

static void on_ready(void *owner)
{
    struct backend_conn *conn = owner;

    conn->state = BACKEND_READY;
    if (conn->exchange)
        exchange_backend_ready(conn->exchange);
}

static void on_drained(void *owner)
{
    struct backend_conn *conn = owner;

    if (!conn->exchange)
        return;
    progressed(conn);
    exchange_backend_drained(conn->exchange);
}

static void on_broken(void *owner)
{
    struct backend_conn *conn = owner;
    enum backend_failure failure = BACKEND_FAILED_CUT;

    if (conn->state == BACKEND_IDLE) {
        backend_pool_drop(conn->endpoint->pool, conn);
        return;
    }
    if (!conn->exchange)
        return;
    if (!conn->answered && backend_conn_refusal(conn)[0])
        failure = BACKEND_FAILED_TLS;
    else if (conn->state == BACKEND_CONNECTING)
        failure = BACKEND_FAILED_CONNECT;
    else if (conn->state <= BACKEND_HEAD && !conn->answered)
        failure = BACKEND_FAILED_CLOSED;
    exchange_backend_failed(conn->exchange, failure, stream_error(conn->stream));
}

static const struct stream_handler backend_handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
};
