/*
 * What the backend connection reports to its exchange: ready, head, body, end, and every way to
 * fail; and whether a failure is retried on another endpoint (DESIGN section 4).
 */

#include <assert.h>

#include "../access_log.h"
#include "../backend/backend_pool.h"
#include "../backend/endpoint.h"
#include "../backend/service.h"
#include "../client/client.h"
#include "base/log.h"
#include "exchange.h"

static void describe_forwarding(const struct exchange *exchange, struct forwarding *forwarding)
{
    const struct snapshot *snapshot = exchange->serving->snapshot;
    const struct framing *framing = &exchange->request_framing;

    *forwarding = (struct forwarding){
        .client_address = text_of(exchange->client->address_text),
        .client_is_ipv6 = text_find(text_of(exchange->client->address_text), ':') <
                          text_of(exchange->client->address_text).len,
        .request_id = exchange->request_id,
        .https = exchange->https,
        .x_forwarded = snapshot->headers.forwarded != FORWARDED_RFC7239,
        .rfc7239 = snapshot->headers.forwarded != FORWARDED_X,
        .pass_traceparent = snapshot->log.traceparent == TRACEPARENT_PASS,
        .chunked = framing->kind == BODY_CHUNKED,
        .counted = framing->has_length,
        .length = framing->length,
        .upgrade = exchange->upgrades,
        .accepts_trailers = framing->accepts_trailers,
        .drop_cookie = exchange->route->policy->sticky_cookie,
    };
}

void exchange_backend_ready(struct exchange *exchange)
{
    struct buffer *out = &exchange->worker->head_out;
    struct forwarding forwarding;

    if (!exchange->backend->reused)
        exchange->connect_us += io_now_us(exchange->worker->io) - exchange->connect_started_us;
    describe_forwarding(exchange, &forwarding);
    buffer_clear(out);
    h1_write_request(out, &exchange->request, &forwarding);
    exchange_enter(exchange, EXCHANGE_RELAYING);
    backend_conn_send_head(exchange->backend, buffer_text(out), forwarding.chunked,
                           exchange->request_ended);
    if (!exchange->request_ended)
        exchange->codec->want_body(exchange);
}

void exchange_backend_interim(struct exchange *exchange, const struct response_head *head)
{
    exchange->codec->interim(exchange, head);
}

void exchange_backend_head(struct exchange *exchange, const struct response_head *head,
                           const struct framing *framing)
{
    exchange->first_byte_us = io_now_us(exchange->worker->io) - exchange->started_us;
    exchange->responding = true;
    exchange->status = head->status;
    exchange->reason = NULL; /* of an attempt that was retried */
    endpoint_succeeded(exchange->endpoint);
    if (framing->kind == BODY_TUNNEL) {
        exchange->tunnelling = true;
        COUNT(exchange->worker, tunnels_open, 1);
        exchange->codec->tunnel(exchange, head);
    } else {
        exchange->codec->head(exchange, head, framing);
    }
}

void exchange_backend_body(struct exchange *exchange, struct text piece)
{
    exchange->codec->body(exchange, piece);
}

void exchange_backend_end(struct exchange *exchange, const struct field_list *trailers)
{
    exchange->response_ended = true;
    exchange->codec->end(exchange, trailers);
    exchange_finish(exchange);
}

void exchange_backend_tunnel_end(struct exchange *exchange)
{
    exchange->response_ended = true;
    if (exchange->client_done)
        exchange_finish(exchange);
    else
        exchange->codec->tunnel_end(exchange);
}

void exchange_backend_drained(struct exchange *exchange)
{
    if (!exchange->request_ended || exchange->tunnelling)
        exchange->codec->want_body(exchange);
}

void exchange_backend_flush(struct exchange *exchange)
{
    exchange->codec->flush(exchange);
}

bool exchange_client_takes_more(const struct exchange *exchange)
{
    return exchange->codec->takes_more(exchange);
}

/* --- failures ------------------------------------------------------------------------------------
 */

static const struct {
    int status;
    const char *reason;
} failures[] = {
    [BACKEND_FAILED_CONNECT] = { 502, "connect_failed" },
    [BACKEND_FAILED_CONNECT_TIMEOUT] = { 504, "connect_timeout" },
    [BACKEND_FAILED_CLOSED] = { 502, "backend_closed" },
    [BACKEND_FAILED_CUT] = { 502, "backend_cut" },
    [BACKEND_FAILED_INVALID] = { 502, "backend_invalid" },
    [BACKEND_FAILED_TIMEOUT] = { 504, "response_timeout" },
    [BACKEND_FAILED_STALLED] = { 504, "backend_stalled" },
};

/* Could the endpoint have begun to act on the request, so that sending it again would act twice? */
static bool is_safe_to_repeat(const struct exchange *exchange, enum backend_failure failure,
                              bool reused)
{
    bool idempotent = method_is_idempotent(exchange->request.method);

    if (exchange->responding || exchange->request_body_bytes)
        return false; /* what is gone can not be sent again: bodies are not kept */
    if (failure == BACKEND_FAILED_CONNECT || failure == BACKEND_FAILED_CONNECT_TIMEOUT)
        return true;
    if (failure != BACKEND_FAILED_CLOSED)
        return false;
    /* a body of which nothing left: the request was never complete there */
    return idempotent || (reused && !exchange->request_ended);
}

static bool may_retry(struct exchange *exchange, enum backend_failure failure, bool reused)
{
    if (!is_safe_to_repeat(exchange, failure, reused))
        return false;
    if (failure == BACKEND_FAILED_CLOSED && reused && !exchange->fresh_connection)
        return true; /* the keep-alive race: nobody's fault, once */
    return exchange->retries < (unsigned)exchange->route->policy->retries &&
           service_budget_spend(exchange->service);
}

/* Only a failed connect is the endpoint's fault beyond doubt; a client may provoke the others. */
static void blame(struct exchange *exchange, enum backend_failure failure, bool stale)
{
    struct endpoint *endpoint = exchange->endpoint;

    if (failure == BACKEND_FAILED_CONNECT || failure == BACKEND_FAILED_CONNECT_TIMEOUT)
        service_endpoint_failed(exchange->service, endpoint);
    if (!stale && exchange->tried_count < EXCHANGE_TRIED_MOST)
        exchange->tried[exchange->tried_count++] = endpoint;
}

/* Away from the endpoint, its connection closed. */
static void abandon(struct exchange *exchange)
{
    struct endpoint *endpoint = exchange->endpoint;
    struct backend_conn *conn = exchange->backend;

    exchange->endpoint = NULL;
    exchange->backend = NULL;
    if (conn) {
        conn->exchange = NULL;
        backend_pool_return(endpoint->pool, conn, false);
    }
    endpoint_end(endpoint);
}

void exchange_backend_failed(struct exchange *exchange, enum backend_failure failure,
                             const char *detail)
{
    bool reused = exchange->backend && exchange->backend->reused;
    bool stale = failure == BACKEND_FAILED_CLOSED && reused;

    assert(exchange->endpoint);
    if (exchange->state == EXCHANGE_DONE)
        return;
    if (exchange->tunnelling) { /* the peer's end of a tunnel, as rude as it may be */
        exchange->codec->cut(exchange);
        exchange_finish(exchange);
        return;
    }
    log_debug("event=backend_failed endpoint=%s reason=%s detail=\"%s\" request=%.*s",
              exchange->endpoint->name, failures[failure].reason, detail,
              TEXT_ARGS(exchange->request_id));
    blame(exchange, failure, stale);
    if (!may_retry(exchange, failure, reused)) {
        exchange_fail(exchange, failures[failure].status, failures[failure].reason);
        return;
    }
    exchange->fresh_connection = true;
    exchange->retries++;
    exchange->reason = failures[failure].reason;
    COUNT(exchange->worker, retries, 1);
    abandon(exchange);
    exchange->state = EXCHANGE_CONNECTING; /* the one step back: nothing of the request counts */
    exchange_connect(exchange);
}
