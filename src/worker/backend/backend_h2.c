/*
 * HTTP/2 towards one endpoint: its connections, from connect to goodbye. What exchanges say and
 * hear on them is in backend_h2_stream.c, the protocol itself in http/h2_session.h; what a failure
 * means is the exchange's business.
 */

#include <assert.h>
#include <stdlib.h>

#include "../client/client_memory.h"
#include "../exchange/exchange.h"
#include "../worker.h"
#include "backend_h2_private.h"
#include "base/memory.h"
#include "endpoint.h"
#include "tls/tls_backend.h"

/* Exchanges on one connection, however many more the peer would take: what one connection that
 * breaks may take with it. */
#define STREAMS_MOST 100
/*
 * What a backend may send ahead of its client is that client's to say (client_body_window()); each
 * stream begins with the least of it. Of all streams together it is so much that clients that read
 * slowly never hold up the others.
 */
#define CONNECTION_WINDOW ((uint32_t)STREAMS_MOST * 64 * 1024)
/* Of request bodies: each stream has one piece at most. */
#define KEPT_BYTES  ((size_t)STREAMS_MOST * 64 * 1024)
#define TABLE_BYTES ((uint32_t)4096)
/* As of idle connections of HTTP/1.1. */
#define IDLE_MS 30000
/* A connection with streams on which nothing comes for so long is asked for a sign of life, and has
 * so long to give it. */
#define QUIET_MS 30000
#define PONG_MS  10000

static struct io *io_of(const struct backend_h2 *conn)
{
    return conn->endpoint->worker->io;
}

static int64_t now_ms(const struct backend_h2 *conn)
{
    return io_now_ms(io_of(conn));
}

static struct turn *turn_of(const struct backend_h2 *conn)
{
    return conn->endpoint->worker->turn;
}

/* --- a connection --------------------------------------------------------------------------------
 */

static void release(void *memory)
{
    struct backend_h2 *conn = memory;

    h2_session_free(conn->session);
    buffer_done(&conn->output);
    free(conn);
}

static void close_now(struct backend_h2 *conn)
{
    if (conn->closed)
        return;
    assert(conn->lent_count == 0);
    conn->closed = true;
    TAILQ_REMOVE(conn->list, conn, link);
    turn_forget(&conn->write);
    deadline_done(&conn->deadline);
    stream_free(conn->stream);
    io_free_later(io_of(conn), conn, release); /* a session may be calling */
}

/* All that the session has and the socket takes. */
static void push(struct backend_h2 *conn)
{
    struct buffer *output = &conn->output;
    size_t len;

    if (conn->closed || conn->inside || !conn->connected)
        return;
    conn->inside = true;
    turn_lend(turn_of(conn), &conn->output);
    do {
        bool open = !stream_is_backed_up(conn->stream);

        h2_session_pack(conn->session, open ? output : NULL, now_ms(conn));
        len = buffer_len(output);
        if (len)
            stream_write(conn->stream, buffer_text(output).at, len);
        buffer_clear(output);
    } while (len);
    turn_take_back(turn_of(conn), &conn->output);
    conn->inside = false;
}

void backend_h2_say(struct backend_h2 *conn)
{
    if (!conn->closed)
        turn_end(turn_of(conn), &conn->write);
}

void backend_h2_say_pieces(struct backend_h2 *conn)
{
    backend_h2_say(conn);
    if (conn->closed || conn->inside || !conn->connected)
        return; /* the session keeps them */
    turn_lend(turn_of(conn), &conn->output);
    h2_session_pack(conn->session, backend_h2_takes_more(conn) ? &conn->output : NULL,
                    now_ms(conn));
}

bool backend_h2_takes_more(const struct backend_h2 *conn)
{
    return !stream_is_backed_up(conn->stream) && buffer_len(&conn->output) < TURN_OUTPUT_BYTES;
}

/* While it is not open, the exchanges have their own patience. */
static void watch(struct backend_h2 *conn)
{
    int64_t due_ms = conn->heard_ms + QUIET_MS + (conn->asked ? PONG_MS : 0);

    if (conn->open)
        deadline_set(&conn->deadline, due_ms);
    else
        deadline_clear(&conn->deadline);
}

void backend_h2_settle(struct backend_h2 *conn)
{
    if (conn->closed || conn->inside)
        return;
    if (conn->lent_count > 0) {
        watch(conn);
        return;
    }
    if (conn->open && !conn->leaving && !conn->over) {
        deadline_set(&conn->deadline, now_ms(conn) + IDLE_MS);
        return;
    }
    if (conn->open && !conn->over) {
        h2_session_goaway(conn->session);
        push(conn);
    }
    close_now(conn);
}

/* Nothing more comes or goes: every exchange on it hears so. */
static void end_all(struct backend_h2 *conn, enum backend_failure failure, const char *detail)
{
    struct backend_h2_stream *lent;

    conn->leaving = conn->over = true;
    while ((lent = TAILQ_FIRST(&conn->lent))) {
        enum backend_failure here = failure;

        if (failure == BACKEND_FAILED_CLOSED && lent->base.answered)
            here = BACKEND_FAILED_CUT;
        exchange_backend_failed(lent->base.exchange, here, detail);
        if (lent == TAILQ_FIRST(&conn->lent))
            abort(); /* an exchange that fails gives back what it borrowed */
    }
    backend_h2_settle(conn);
}

const char *backend_h2_refusal(const struct backend_h2 *conn)
{
    const struct stream_layer *layer = stream_get_layer(conn->stream);

    if (conn->refusal)
        return conn->refusal;
    return layer ? tls_peer_refusal(layer) : "";
}

static void break_down(struct backend_h2 *conn, const char *detail)
{
    if (backend_h2_refusal(conn)[0])
        end_all(conn, BACKEND_FAILED_HANDSHAKE, detail);
    else
        end_all(conn, conn->open ? BACKEND_FAILED_CLOSED : BACKEND_FAILED_CONNECT, detail);
}

/* --- what comes ----------------------------------------------------------------------------------
 */

/* Those that wait for room, one after the other: each may end its exchange. */
static void feed_starved(struct backend_h2 *conn)
{
    struct backend_h2_stream *lent;
    struct backend_h2_stream *next;

    for (lent = TAILQ_FIRST(&conn->lent); lent && !conn->closed; lent = next) {
        next = TAILQ_NEXT(lent, link);
        if (!lent->is_starved || !backend_h2_codec.takes_more(&lent->base))
            continue;
        lent->is_starved = false;
        backend_conn_progressed(&lent->base);
        exchange_backend_drained(lent->base.exchange);
        next = TAILQ_FIRST(&conn->lent); /* anybody may have left; who was fed is not starved */
    }
}

/* What came for each client leaves, and makes room for more if the client took it. */
static void flush_heard(struct backend_h2 *conn)
{
    struct backend_h2_stream *lent;

    while ((lent = TAILQ_FIRST(&conn->heard))) {
        TAILQ_REMOVE(&conn->heard, lent, heard);
        lent->is_heard = false;
        exchange_backend_flush(lent->base.exchange);
        if (lent->base.exchange && exchange_client_takes_more(lent->base.exchange))
            backend_h2_codec.resume(&lent->base);
    }
}

/* The peer's preface is there: those that wait may ask. */
static void begin(struct backend_h2 *conn)
{
    struct backend_h2_stream *lent;

    conn->open = true;
    conn->endpoint->h2_streams = (uint32_t)h2_session_room(conn->session);
    while ((lent = TAILQ_FIRST(&conn->lent)) && lent->base.state == BACKEND_CONNECTING) {
        TAILQ_REMOVE(&conn->lent, lent, link);
        TAILQ_INSERT_TAIL(&conn->lent, lent, link);
        lent->base.state = BACKEND_READY;
        exchange_backend_ready(lent->base.exchange);
        if (conn->closed)
            return;
    }
}

/* True: the peer broke the rules, and all on it have heard so. */
static bool end_if_failed(struct backend_h2 *conn)
{
    const char *reason = h2_session_failure(conn->session);

    if (!reason || conn->over)
        return conn->over;
    push(conn); /* its GOAWAY */
    if (!conn->open)
        conn->refusal = "backend_no_h2";
    end_all(conn, conn->open ? BACKEND_FAILED_INVALID : BACKEND_FAILED_HANDSHAKE, reason);
    return true;
}

static void receive(struct backend_h2 *conn, struct text bytes)
{
    conn->heard_ms = now_ms(conn);
    conn->asked = false;
    conn->inside = true;
    h2_session_receive(conn->session, bytes, conn->heard_ms);
    conn->inside = false;
    flush_heard(conn);
    if (end_if_failed(conn))
        return;
    if (!conn->open && h2_session_open_head(conn->session) == 0)
        begin(conn);
    feed_starved(conn);
    if (!conn->closed && h2_session_has_output(conn->session))
        backend_h2_say(conn);
    backend_h2_settle(conn);
}

static void on_readable(void *owner)
{
    struct backend_h2 *conn = owner;
    char *scratch = io_scratch(io_of(conn));
    size_t got = 0;

    switch (stream_read(conn->stream, scratch, IO_PIECE_BYTES, &got)) {
    case IO_OK:
        receive(conn, text_make(scratch, got));
        break;
    case IO_CLOSED:
        break_down(conn, "the backend closed the connection");
        break;
    case IO_AGAIN:
    case IO_FAILED: /* on_broken follows */
        break;
    }
}

static void on_ready(void *owner)
{
    struct backend_h2 *conn = owner;

    conn->connected = true;
    conn->heard_ms = now_ms(conn);
    push(conn);
    stream_resume_reading(conn->stream);
}

/* The end of a turn, or the socket takes more: those that wait for that go on. */
static void write_on(void *owner)
{
    struct backend_h2 *conn = owner;

    push(conn);
    if (end_if_failed(conn)) /* some errors are found when the answer to them is packed */
        return;
    feed_starved(conn);
    backend_h2_settle(conn);
}

static void on_broken(void *owner)
{
    struct backend_h2 *conn = owner;

    break_down(conn, stream_error(conn->stream));
}

static const struct stream_handler stream_events = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = write_on,
    .on_broken = on_broken,
};

/* Idle for long enough, or quiet while somebody waits: an application may think, a machine that is
 * gone must not be waited for. */
static void on_deadline(void *owner)
{
    struct backend_h2 *conn = owner;

    if (conn->lent_count == 0) {
        conn->leaving = true;
    } else if (conn->open && conn->asked && now_ms(conn) >= conn->heard_ms + QUIET_MS + PONG_MS) {
        end_all(conn, BACKEND_FAILED_SILENT, "it does not answer a PING");
        return;
    } else if (conn->open && !conn->asked) {
        conn->asked = true;
        h2_session_ping(conn->session);
        push(conn);
    }
    backend_h2_settle(conn);
}

/* --- lending -------------------------------------------------------------------------------------
 */

static struct backend_h2 *connection_new(struct backend_h2_list *list, struct endpoint *endpoint,
                                         struct err *err)
{
    static const struct h2_grants grants = {
        .streams = STREAMS_MOST,
        .stream_bytes = CLIENT_WINDOW_LEAST,
        .connection_bytes = CONNECTION_WINDOW,
        .table_bytes = TABLE_BYTES,
        .kept_bytes = KEPT_BYTES,
        .continuations = 8,
        .resets = 10000, /* of what clients asked for: each is seen by one of them */
        .resets_ms = 10000,
    };
    struct backend_h2 *conn = memory_new(sizeof(*conn));

    conn->stream = backend_stream_new(endpoint, "h2", &stream_events, conn, err);
    if (!conn->stream) {
        free(conn);
        return NULL;
    }
    conn->endpoint = endpoint;
    conn->list = list;
    conn->write = (struct turn_call){ .run = write_on, .owner = conn };
    conn->is_single = conn->leaving = !endpoint->pooled;
    TAILQ_INIT(&conn->lent);
    TAILQ_INIT(&conn->heard);
    conn->session = h2_session_new(H2_CLIENT, &grants, &endpoint->worker->serving->limits,
                                   &backend_h2_events, conn);
    deadline_init(&conn->deadline, io_of(conn), on_deadline, conn);
    TAILQ_INSERT_TAIL(list, conn, link);
    return conn;
}

static bool has_room(const struct backend_h2 *conn)
{
    uint32_t known = conn->endpoint->h2_streams;

    if (conn->leaving || conn->over || conn->lent_count >= STREAMS_MOST)
        return false;
    if (conn->open)
        return h2_session_room(conn->session) > 0;
    return !known || conn->lent_count < known;
}

int backend_h2_lend(struct backend_h2_list *list, struct endpoint *endpoint, bool fresh,
                    struct backend_conn **conn_out, struct err *err)
{
    struct backend_h2_stream *lent;
    struct backend_h2 *conn;

    TAILQ_FOREACH(conn, list, link) {
        if (!fresh && has_room(conn))
            break;
    }
    if (!conn)
        conn = connection_new(list, endpoint, err);
    if (!conn)
        return -1;
    lent = memory_new(sizeof(*lent));
    backend_conn_init(&lent->base, &backend_h2_codec, endpoint);
    lent->conn = conn;
    if (conn->open) {
        lent->base.state = BACKEND_READY;
        lent->base.reused = true;
    }
    TAILQ_INSERT_TAIL(&conn->lent, lent, link);
    if (conn->lent_count++ == 0)
        conn->heard_ms = now_ms(conn);
    backend_h2_settle(conn);
    *conn_out = &lent->base;
    return 0;
}

void backend_h2_retire_all(struct backend_h2_list *list)
{
    struct backend_h2 *next;

    for (struct backend_h2 *conn = TAILQ_FIRST(list); conn; conn = next) {
        next = TAILQ_NEXT(conn, link);
        conn->leaving = true;
        backend_h2_settle(conn);
    }
}
