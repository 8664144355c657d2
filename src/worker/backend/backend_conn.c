/*
 * What requests to endpoints have in common, whatever protocol carries them: how a connection
 * begins, and how long each step may take. Decides nothing: what a failure means is the exchange's
 * business.
 */

#include "backend_conn.h"

#include <errno.h>
#include <string.h>

#include "../exchange/exchange.h"
#include "../worker.h"
#include "endpoint.h"
#include "net/socket.h"
#include "tls/tls_backend.h"

static void on_deadline(void *owner);

int64_t backend_conn_now_ms(const struct backend_conn *conn)
{
    return io_now_ms(conn->endpoint->worker->io);
}

void backend_conn_init(struct backend_conn *conn, const struct backend_codec *codec,
                       struct endpoint *endpoint)
{
    conn->codec = codec;
    conn->endpoint = endpoint;
    conn->state = BACKEND_CONNECTING;
    deadline_init(&conn->deadline, endpoint->worker->io, on_deadline, conn);
}

void backend_conn_done(struct backend_conn *conn)
{
    deadline_done(&conn->deadline);
}

struct stream *backend_stream_new(struct endpoint *endpoint, const char *protocol,
                                  const struct stream_handler *handler, void *owner,
                                  struct err *err)
{
    struct stream_layer *layer = NULL;
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
    if (endpoint->peer)
        layer = tls_peer_session_new(endpoint->peer, protocol);
    return stream_new_connecting(endpoint->worker->io, fd, layer, handler, owner);
}

void backend_conn_attach(struct backend_conn *conn, struct exchange *exchange)
{
    conn->exchange = exchange;
    conn->answered = false;
    conn->request_ended = false;
    if (conn->state == BACKEND_CONNECTING)
        deadline_set(&conn->deadline,
                     backend_conn_now_ms(conn) + exchange->route->policy->connect_timeout_ms);
}

/* --- timing --------------------------------------------------------------------------------------
 */

/* How long the present state may last without a byte moving. */
static int64_t patience_ms(const struct backend_conn *conn)
{
    const struct route_policy *policy = conn->exchange->route->policy;

    if (conn->exchange->is_grpc && (conn->state == BACKEND_HEAD || conn->state == BACKEND_BODY))
        return policy->tunnel_timeout_ms; /* deadlines of calls are its client's and backend's */
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
    int64_t look_ms = backend_conn_now_ms(conn) + conn->exchange->route->policy->connect_timeout_ms;

    deadline_set(&conn->deadline,
                 conn->state == BACKEND_HEAD && look_ms < end_ms ? look_ms : end_ms);
}

void backend_conn_progressed(struct backend_conn *conn)
{
    conn->progress_ms = backend_conn_now_ms(conn);
    look_again(conn);
}

/* True: it was too early, or too late already. */
static bool looked(struct backend_conn *conn)
{
    if (conn->state != BACKEND_HEAD ||
        backend_conn_now_ms(conn) >= conn->progress_ms + patience_ms(conn))
        return false;
    if (conn->codec->is_unanswered(conn, conn->exchange->route->policy->connect_timeout_ms))
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_SILENT,
                                "nothing of what was sent was acknowledged");
    else
        look_again(conn);
    return true;
}

/* Is it the endpoint that we wait for, and not the client? */
static bool waits_for_endpoint(const struct backend_conn *conn)
{
    if (conn->codec->has_pending(conn))
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
    uint64_t sent = conn->codec->sent(conn);

    if (conn->state == BACKEND_IDLE) {
        conn->codec->expired(conn);
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
        backend_conn_progressed(conn);
        return;
    }
    if (conn->state == BACKEND_HEAD && conn->request_ended)
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_TIMEOUT, "no response in time");
    else
        exchange_backend_failed(conn->exchange, BACKEND_FAILED_STALLED, "no byte moved in time");
}
