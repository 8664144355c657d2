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
#include "../exchange/exchange_steps.h"
#include "../policy/compression.h"
#include "../policy/delivery.h"
#include "base/log.h"
#include "exchange.h"
#include "tls/client_certificate.h"
#include "websocket.h"

/* Unacknowledged for so long, while another has just found nobody there. */
#define DESERT_MS 500
/* From one connection that says goodbye, or is full after all, to the next. */
#define MOVES_MOST 8

static void describe_forwarding(const struct exchange *exchange, struct forwarding *forwarding)
{
    const struct snapshot *snapshot = exchange->serving->snapshot;
    const struct framing *framing = &exchange->request_framing;

    *forwarding = (struct forwarding){
        .client_address = exchange->client_address_text,
        .client_is_ipv6 =
            text_find(exchange->client_address_text, ':') < exchange->client_address_text.len,
        .request_id = exchange->request_id,
        .https = exchange->https,
        .x_forwarded = snapshot->headers.forwarded != FORWARDED_RFC7239 || exchange->parent,
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

/* What the domain wants its service to know of the client's certificate. */
static void describe_client(const struct exchange *exchange, struct forwarding *forwarding)
{
    uint8_t forward = exchange->domain->client_auth.forward;
    const struct stream_layer *layer = client_tls(exchange->client);
    const struct tls_client_certificate *client = layer ? tls_session_client(layer) : NULL;

    if (!client || forward == CLIENT_AUTH_FORWARD_NONE)
        return;
    if (forward == CLIENT_AUTH_FORWARD_SUBJECT) {
        forwarding->client_subject = client->subject;
    } else {
        forwarding->client_cert = client->field;
        forwarding->client_cert_chain = client->chain_field;
    }
}

void exchange_backend_ready(struct exchange *exchange)
{
    struct backend_conn *conn = exchange->backend;
    struct forwarding forwarding;

    if (!conn->reused)
        exchange->connect_us += io_now_us(exchange->worker->io) - exchange->connect_started_us;
    if (exchange->upgrades && !conn->codec->takes_upgrade(conn)) {
        exchange_backend_failed(exchange, BACKEND_FAILED_NO_TUNNEL, "no extended CONNECT");
        return;
    }
    describe_forwarding(exchange, &forwarding);
    if (exchange->domain->client_auth.mode != CLIENT_AUTH_OFF)
        describe_client(exchange, &forwarding);
    exchange_enter(exchange, EXCHANGE_RELAYING);
    if (!conn->codec->send_head(conn, &exchange->request, &forwarding, exchange->request_ended))
        exchange_backend_failed(exchange, BACKEND_FAILED_LEFT, "it takes no more requests");
    else if (!exchange->request_ended)
        exchange->codec->want_body(exchange);
}

void exchange_backend_interim(struct exchange *exchange, const struct response_head *head)
{
    struct response_head ours = *head; /* its lines are the parser's, marked in place */

    forwarding_clean_response(&ours);
    delivery_edit_rest(exchange, &ours.fields);
    exchange->codec->interim(exchange, &ours);
}

void exchange_backend_head(struct exchange *exchange, const struct response_head *head,
                           const struct framing *framing)
{
    struct response_head ours = *head; /* its lines are the parser's, marked in place */
    struct framing way = *framing;

    if (framing->kind == BODY_TUNNEL && !websocket_is_accepted(exchange, head)) {
        exchange_backend_failed(exchange, BACKEND_FAILED_INVALID, "another Sec-WebSocket-Accept");
        return;
    }
    exchange->first_byte_us = io_now_us(exchange->worker->io) - exchange->started_us;
    exchange->responding = true;
    exchange->status = head->status;
    exchange->reason = NULL; /* of an attempt that was retried */
    endpoint_succeeded(exchange->endpoint, exchange->connect_started_us);
    forwarding_clean_response(&ours);
    delivery_edit_response(exchange, &ours);
    if (framing->kind == BODY_TUNNEL) {
        exchange->tunnelling = true;
        COUNT(exchange->worker, tunnels_open, 1);
        exchange->codec->tunnel(exchange, &ours);
    } else {
        compression_begin(exchange, &ours, &way);
        exchange->codec->head(exchange, &ours, &way);
    }
}

void exchange_backend_body(struct exchange *exchange, struct text piece)
{
    if (exchange->compression)
        compression_body(exchange, piece);
    else
        exchange->codec->body(exchange, piece);
}

void exchange_backend_end(struct exchange *exchange, const struct field_list *trailers)
{
    struct field_list ours = *trailers;

    exchange->response_ended = true;
    delivery_edit_rest(exchange, &ours);
    if (exchange->compression)
        compression_end(exchange);
    if (exchange->state == EXCHANGE_DONE)
        return; /* what was compressed could not be completed */
    exchange->codec->end(exchange, &ours);
    exchange_finish(exchange);
}

void exchange_backend_tunnel_end(struct exchange *exchange)
{
    exchange->response_ended = true;
    if (exchange->client_done) {
        exchange_finish(exchange);
        return;
    }
    exchange->codec->flush(exchange); /* what came in the same turn */
    exchange->codec->tunnel_end(exchange);
}

void exchange_backend_drained(struct exchange *exchange)
{
    if (!exchange->request_ended || exchange->tunnelling)
        exchange->codec->want_body(exchange);
}

void exchange_backend_flush(struct exchange *exchange)
{
    if (exchange->compression)
        compression_flush(exchange);
    else
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
    [BACKEND_FAILED_HANDSHAKE] = { 502, "backend_tls_failed" },
    [BACKEND_FAILED_SILENT] = { 504, "backend_silent" },
    [BACKEND_FAILED_CLOSED] = { 502, "backend_closed" },
    [BACKEND_FAILED_REFUSED] = { 502, "backend_refused" },
    [BACKEND_FAILED_LEFT] = { 502, "backend_closed" },
    [BACKEND_FAILED_RESET] = { 502, "backend_reset" },
    [BACKEND_FAILED_CUT] = { 502, "backend_cut" },
    [BACKEND_FAILED_INVALID] = { 502, "backend_invalid" },
    [BACKEND_FAILED_TIMEOUT] = { 504, "response_timeout" },
    [BACKEND_FAILED_STALLED] = { 504, "backend_stalled" },
    [BACKEND_FAILED_NO_TUNNEL] = { 501, "backend_no_websocket" },
};

static bool is_connect_failure(enum backend_failure failure)
{
    return failure == BACKEND_FAILED_CONNECT || failure == BACKEND_FAILED_CONNECT_TIMEOUT ||
           failure == BACKEND_FAILED_HANDSHAKE;
}

static const char *reason_for(const struct exchange *exchange, enum backend_failure failure)
{
    const struct backend_conn *conn = exchange->backend;

    return failure == BACKEND_FAILED_HANDSHAKE ? conn->codec->refusal(conn)
                                               : failures[failure].reason;
}

/* Could the endpoint have begun to act on the request, so that sending it again would act twice? */
static bool is_safe_to_repeat(const struct exchange *exchange, enum backend_failure failure,
                              bool reused)
{
    bool idempotent = method_is_idempotent(exchange->request.method);

    if (exchange->responding || exchange->request_body_bytes)
        return false; /* what is gone can not be sent again: bodies are not kept */
    if (is_connect_failure(failure) || failure == BACKEND_FAILED_REFUSED ||
        failure == BACKEND_FAILED_LEFT)
        return true;
    if (failure != BACKEND_FAILED_CLOSED && failure != BACKEND_FAILED_SILENT &&
        failure != BACKEND_FAILED_RESET)
        return false;
    /* a body of which nothing left: the request was never complete there */
    return idempotent || (failure == BACKEND_FAILED_CLOSED && reused && !exchange->request_ended);
}

/* The keep-alive race, or its like with HTTP/2: nobody's fault, once, and another connection to the
 * same endpoint will do. */
static bool is_stale(const struct exchange *exchange, enum backend_failure failure, bool reused)
{
    if (failure == BACKEND_FAILED_LEFT)
        return exchange->moves < MOVES_MOST;
    return failure == BACKEND_FAILED_CLOSED && reused && !exchange->fresh_connection;
}

static bool may_retry(struct exchange *exchange, enum backend_failure failure, bool reused)
{
    if (!is_safe_to_repeat(exchange, failure, reused))
        return false;
    if (is_stale(exchange, failure, reused))
        return true;
    if (is_connect_failure(failure))
        return exchange->route->policy->retries > 0 &&
               exchange->tried_count < EXCHANGE_TRIED_MOST; /* it has not reached anybody */
    return exchange->resends < (unsigned)exchange->route->policy->retries &&
           service_budget_spend(exchange->service);
}

/* Only who cannot be reached is at fault beyond doubt; a client may provoke the others. */
static void blame(struct exchange *exchange, enum backend_failure failure, const char *detail,
                  bool stale)
{
    struct endpoint *endpoint = exchange->endpoint;

    if (is_connect_failure(failure) || failure == BACKEND_FAILED_SILENT) {
        endpoint_note_failure(endpoint, reason_for(exchange, failure), detail);
        service_endpoint_failed(exchange->service, endpoint);
    }
    if (!stale && exchange->tried_count < EXCHANGE_TRIED_MOST)
        exchange->tried[exchange->tried_count++] = endpoint->identity;
}

/* Does it still wait for the first sign of life of its endpoint? */
static bool is_waiting_in_vain(const struct exchange *exchange)
{
    const struct backend_conn *conn = exchange->backend;

    if (!conn || exchange->responding || exchange->tunnelling)
        return false;
    if (conn->state == BACKEND_CONNECTING)
        return true;
    return conn->state == BACKEND_HEAD && !conn->answered &&
           conn->codec->is_unanswered(conn, DESERT_MS);
}

static struct exchange *next_in_vain(const struct endpoint *endpoint)
{
    struct exchange *exchange;

    TAILQ_FOREACH(exchange, &endpoint->running, endpoint_link) {
        if (is_waiting_in_vain(exchange))
            return exchange;
    }
    return NULL;
}

/* One has proven that nobody answers there: the others need not each find out for themselves. */
static void desert(struct endpoint *endpoint)
{
    struct exchange *exchange;

    if (endpoint->deserting)
        return;
    endpoint->deserting = true;
    while ((exchange = next_in_vain(endpoint))) {
        bool connecting = exchange->backend->state == BACKEND_CONNECTING;

        exchange_backend_failed(exchange,
                                connecting ? BACKEND_FAILED_CONNECT_TIMEOUT : BACKEND_FAILED_SILENT,
                                "others found nobody there");
    }
    endpoint->deserting = false;
}

/* Away from the endpoint, its connection closed. */
static void abandon(struct exchange *exchange)
{
    struct endpoint *endpoint = exchange->endpoint;
    struct backend_conn *conn = exchange->backend;

    exchange->endpoint = NULL;
    exchange->backend = NULL;
    TAILQ_REMOVE(&endpoint->running, exchange, endpoint_link);
    if (conn) {
        conn->exchange = NULL;
        conn->codec->give_back(conn, false);
    }
    endpoint_end(endpoint);
}

static void retry_or_fail(struct exchange *exchange, enum backend_failure failure,
                          const char *detail)
{
    bool reused = exchange->backend && exchange->backend->reused;
    const char *reason = reason_for(exchange, failure);

    blame(exchange, failure, detail,
          failure == BACKEND_FAILED_LEFT || (failure == BACKEND_FAILED_CLOSED && reused));
    if (!may_retry(exchange, failure, reused)) {
        exchange_fail(exchange, failures[failure].status, reason);
        return;
    }
    if (failure == BACKEND_FAILED_LEFT)
        exchange->moves++;
    else
        exchange->fresh_connection = true;
    if (!is_connect_failure(failure))
        exchange->resends++;
    exchange->reason = reason;
    abandon(exchange);
    exchange->state = EXCHANGE_CONNECTING; /* the one step back: nothing of the request counts */
    exchange_connect(exchange);
}

void exchange_backend_failed(struct exchange *exchange, enum backend_failure failure,
                             const char *detail)
{
    struct endpoint *endpoint;

    assert(exchange->endpoint);
    if (exchange->state == EXCHANGE_DONE)
        return;
    if (exchange->tunnelling) { /* the peer's end of a tunnel, as rude as it may be */
        exchange->codec->cut(exchange);
        exchange_finish(exchange);
        return;
    }
    log_debug("event=backend_failed endpoint=%s reason=%s detail=\"%s\" request=%.*s",
              exchange->endpoint->name, reason_for(exchange, failure), detail,
              TEXT_ARGS(exchange->request_id));
    endpoint = endpoint_ref(exchange->endpoint);
    retry_or_fail(exchange, failure, detail);
    if (failure == BACKEND_FAILED_CONNECT_TIMEOUT || failure == BACKEND_FAILED_SILENT)
        desert(endpoint);
    endpoint_unref(endpoint);
}
