/*
 * One request and its response, from the complete request head to the log line: routing, the queue,
 * the choice of an endpoint, and the one way out. What the backend says is in exchange_backend.c.
 */

#include "exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "../access_log.h"
#include "../backend/backend_pool.h"
#include "../backend/endpoint.h"
#include "../backend/service.h"
#include "../client/client.h"
#include "../policy/compression.h"
#include "../policy/delivery.h"
#include "../policy/forward_auth.h"
#include "../policy/policy.h"
#include "balancer.h"
#include "base/memory.h"
#include "base/random.h"
#include "client_address.h"
#include "exchange_counters.h"
#include "exchange_steps.h"
#include "http/http_path.h"
#include "tls/client_certificate.h"
#include "tls/tls_server.h"
#include "websocket.h"

#define SPARE_MOST 256

void exchange_enter(struct exchange *exchange, enum exchange_state next)
{
    assert(next >= exchange->state); /* an exchange never goes back */
    exchange->state = next;
}

/* 128 random bits, as long as a trace id (W3C Trace Context). */
static void make_request_id(struct exchange *exchange)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < EXCHANGE_ID_BYTES; i += 16) {
        uint64_t bits = random_u64();

        for (size_t digit = 0; digit < 16; digit++, bits >>= 4)
            exchange->request_id_hex[i + digit] = hex[bits & 15];
    }
    exchange->request_id = text_make(exchange->request_id_hex, EXCHANGE_ID_BYTES);
}

static struct exchange *make(struct client *client, const struct client_codec *codec,
                             struct serving *serving)
{
    struct worker *worker = client->worker;
    struct exchange *exchange = worker->spare_exchanges;

    if (exchange) {
        struct arena arena = exchange->arena;

        worker->spare_exchanges = TAILQ_NEXT(exchange, queue_link);
        worker->spare_count--;
        *exchange = (struct exchange){ .arena = arena };
    } else {
        exchange = memory_new(sizeof(*exchange));
    }
    exchange->worker = worker;
    exchange->client = client;
    exchange->codec = codec;
    exchange->client_address = &client->address;
    exchange->client_address_text = text_of(client->address_text);
    exchange->serving = serving_ref(serving);
    exchange->started_us = io_now_us(worker->io);
    exchange->first_byte_us = -1;
    exchange->https = client->kind == LISTENER_HTTPS;
    worker->open_exchanges++;
    COUNT(worker, exchanges_open, 1);
    return exchange;
}

struct exchange *exchange_new(struct client *client, const struct client_codec *codec)
{
    struct exchange *exchange = make(client, codec, client->worker->serving);

    make_request_id(exchange);
    COUNT(client->worker, requests, 1);
    return exchange;
}

struct exchange *exchange_new_question(struct exchange *exchange, const struct client_codec *codec)
{
    struct exchange *question = make(exchange->client, codec, exchange->serving);

    question->parent = exchange;
    question->domain = exchange->domain;
    question->request_id = exchange->request_id;
    question->client_address = exchange->client_address;
    question->client_address_text = exchange->client_address_text;
    return question;
}

/* The last reference: at the end of the turn, when nobody in the call chain looks at it any more.
 */
static void release(void *memory)
{
    struct exchange *exchange = memory;
    struct worker *worker = exchange->worker;

    assert(exchange->state == EXCHANGE_DONE && !exchange->backend);
    serving_unref(exchange->serving);
    exchange->serving = NULL;
    if (worker->spare_count >= SPARE_MOST) {
        arena_done(&exchange->arena);
        free(exchange);
        return;
    }
    arena_reset(&exchange->arena);
    TAILQ_NEXT(exchange, queue_link) = worker->spare_exchanges;
    worker->spare_exchanges = exchange;
    worker->spare_count++;
}

void exchange_free_spares(struct worker *worker)
{
    struct exchange *next;

    for (struct exchange *spare = worker->spare_exchanges; spare; spare = next) {
        next = TAILQ_NEXT(spare, queue_link);
        arena_done(&spare->arena);
        free(spare);
    }
    worker->spare_exchanges = NULL;
    worker->spare_count = 0;
}

/* --- ending --------------------------------------------------------------------------------------
 */

static void count_status(const struct exchange *exchange)
{
    struct worker *worker = exchange->worker;

    switch (exchange->status / 100) {
    case 1:
    case 2:
        COUNT(worker, responses_2xx, 1);
        break;
    case 3:
        COUNT(worker, responses_3xx, 1);
        break;
    case 4:
        COUNT(worker, responses_4xx, 1);
        break;
    default:
        COUNT(worker, responses_5xx, 1);
        break;
    }
    if (exchange->reason)
        COUNT(worker, requests_refused, 1);
    COUNT(worker, bytes_in, (int64_t)exchange->bytes_in);
    COUNT(worker, bytes_out, (int64_t)exchange->bytes_out);
}

static void account(struct exchange *exchange)
{
    access_log_exchange(exchange->worker->log, exchange);
    count_status(exchange);
    exchange_counters_add(exchange);
}

/* The connection goes back to its pool when it can carry another request, and the endpoint has
 * room. */
static void leave_endpoint(struct exchange *exchange)
{
    struct endpoint *endpoint = exchange->endpoint;
    struct backend_conn *conn = exchange->backend;

    if (!endpoint)
        return;
    exchange->endpoint = NULL;
    exchange->backend = NULL;
    TAILQ_REMOVE(&endpoint->running, exchange, endpoint_link);
    if (conn) {
        conn->exchange = NULL;
        conn->codec->give_back(conn, true);
    }
    endpoint_end(endpoint);
}

void exchange_finish(struct exchange *exchange)
{
    struct worker *worker = exchange->worker;
    struct service *service = exchange->service;

    if (exchange->state == EXCHANGE_DONE)
        return;
    if (exchange->queued)
        service_unqueue(service, exchange);
    exchange->queued = false;
    policy_forget(exchange);
    exchange_enter(exchange, EXCHANGE_DONE);
    exchange->codec->flush(exchange);
    compression_free(exchange);
    forward_auth_end(exchange);
    if (!exchange->parent)
        account(exchange);
    leave_endpoint(exchange);
    worker->open_exchanges--;
    COUNT(worker, exchanges_open, -1);
    if (exchange->tunnelling)
        COUNT(worker, tunnels_open, -1);
    exchange->codec->done(exchange);
    if (service && service->waiting_count)
        service_wake(service);
    io_free_later(worker->io, exchange, release);
}

static struct text usual_words(struct exchange *exchange, int status)
{
    const char *reason = exchange->reason;

    return arena_format(&exchange->arena, "%d %s\n%s%s%srequest %.*s\n", status,
                        http_reason(status), reason ? "reason " : "", reason ? reason : "",
                        reason ? "\n" : "", TEXT_ARGS(exchange->request_id));
}

void exchange_answer(struct exchange *exchange, struct reply *reply, const char *reason)
{
    if (exchange->state == EXCHANGE_DONE)
        return;
    exchange->reason = reason;
    if (exchange->responding) {
        exchange->codec->cut(exchange);
    } else {
        exchange->status = reply->status;
        exchange->responding = true;
        if (!reply->body.len)
            delivery_error_page(exchange, reply);
        if (!reply->body.len)
            reply->body = usual_words(exchange, reply->status);
        if (!reply->content_type.len)
            reply->content_type = TEXT("text/plain; charset=utf-8");
        exchange->codec->reply(exchange, reply);
    }
    exchange_finish(exchange);
}

void exchange_fail(struct exchange *exchange, int status, const char *reason)
{
    struct reply reply = { .status = status };

    exchange_answer(exchange, &reply, reason);
}

void exchange_client_gone(struct exchange *exchange, const char *reason)
{
    if (exchange->state == EXCHANGE_DONE)
        return;
    if (!exchange->tunnelling)
        exchange->reason = reason;
    if (!exchange->responding)
        exchange->status = 499; /* nginx's number for "the client closed the request" */
    exchange_finish(exchange);
}

/* --- beginning -----------------------------------------------------------------------------------
 */

/* RFC 9110 section 7.4.2 and the issue's :80: the same authority and target, over HTTPS. */
static void redirect_to_https(struct exchange *exchange)
{
    const struct request_head *request = &exchange->request;
    const struct listener_settings *listeners = &exchange->serving->snapshot->listeners;
    struct reply reply = { .status = (int)listeners->redirect_status };
    int64_t port = listeners->redirect_port;
    char suffix[8] = "";
    struct text path = request->path;

    if (!request->host.len) {
        exchange_fail(exchange, 400, "no_host");
        return;
    }
    if (port < 0)
        port = address_port(&listeners->https);
    if (port != 443)
        snprintf(suffix, sizeof(suffix), ":%d", (int)port);
    if (text_equal(path, TEXT("*")))
        path = TEXT("/");
    COUNT(exchange->worker, redirects, 1);
    reply_add(&reply, TEXT("Location"),
              arena_format(&exchange->arena, "https://%.*s%s%.*s%s%.*s", TEXT_ARGS(request->host),
                           suffix, TEXT_ARGS(path), request->has_query ? "?" : "",
                           TEXT_ARGS(request->query)));
    exchange_answer(exchange, &reply, NULL);
}

/* Lower case, without the dot that makes a name absolute. */
static struct text host_name(struct exchange *exchange)
{
    struct text host = exchange->request.host;
    char *copy;

    if (host.len > 1 && host.at[host.len - 1] == '.')
        host.len--;
    copy = arena_cstr(&exchange->arena, host);
    text_lower(copy, host.len);
    return text_make(copy, host.len);
}

/* Domain and route (NULL: none). False: the exchange was refused. */
static bool route(struct exchange *exchange)
{
    const struct snapshot *snapshot = exchange->serving->snapshot;
    const struct stream_layer *layer = client_tls(exchange->client);
    struct text path = exchange->request.path;

    exchange->host = host_name(exchange);
    exchange->domain = snapshot_find_domain(snapshot, exchange->host);
    if (!exchange->domain) {
        exchange_fail(exchange, 404, "no_such_domain");
        return false;
    }
    if (layer && !tls_session_serves(layer, snapshot, exchange->host)) {
        exchange_fail(exchange, 421, "other_certificate");
        return false;
    }
    if (layer && !tls_session_asked_as(layer, snapshot, exchange->domain)) {
        exchange_fail(exchange, 421, "other_client_auth");
        return false;
    }
    if (text_equal(path, TEXT("*"))) {
        path = TEXT("/");
    } else if (!http_path_normalise(path, arena_alloc(&exchange->arena, path.len), &path)) {
        exchange_fail(exchange, 400, "bad_path");
        return false;
    }
    exchange->path = path;
    exchange->route = snapshot_find_route(snapshot, exchange->domain, path);
    if (exchange->route)
        exchange->service = serving_service(exchange->serving, exchange->route->service);
    return true;
}

static bool body_is_too_large(const struct exchange *exchange, uint64_t bytes)
{
    int64_t most = exchange->route->policy->max_body_bytes;

    return most > 0 && bytes > (uint64_t)most;
}

/* What the backend's protocol makes of the request. False: it was refused. */
static bool settle_protocol(struct exchange *exchange)
{
    const struct request_head *request = &exchange->request;
    const struct field_line *type;

    exchange->upgrades = exchange->request_framing.wants_upgrade;
    if (!protocol_is_h2(exchange->service->described->policy->protocol))
        return true;
    if (exchange->upgrades && !websocket_has_key(&exchange->request)) {
        exchange_fail(exchange, 400, "bad_websocket_key");
        return false;
    }
    type = field_list_find_name(&request->fields, TEXT("content-type"));
    exchange->is_grpc = type && text_starts(type->value, TEXT("application/grpc"));
    return true;
}

void exchange_start(struct exchange *exchange)
{
    client_address_settle(exchange);
    if (!exchange->https)
        redirect_to_https(exchange);
    else if (route(exchange) && (!exchange->domain->policy || policy_check(exchange)))
        exchange_go_on(exchange);
}

void exchange_go_on(struct exchange *exchange)
{
    const struct header_settings *headers = &exchange->serving->snapshot->headers;
    const struct log_settings *log = &exchange->serving->snapshot->log;
    struct h1_refusal refusal;

    if (!exchange->route) {
        exchange_fail(exchange, 404, "no_such_route");
        return;
    }
    if (!settle_protocol(exchange))
        return;
    if (forwarding_clean_request(&exchange->request, (enum underscore_rule)headers->underscore,
                                 log->traceparent == TRACEPARENT_PASS, &refusal) < 0) {
        exchange_fail(exchange, refusal.status, refusal.reason);
        return;
    }
    if (exchange->request_framing.kind == BODY_COUNTED &&
        body_is_too_large(exchange, exchange->request_framing.length)) {
        exchange_fail(exchange, 413, "body_too_large");
        return;
    }
    if (!forward_auth_ask(exchange))
        exchange_proceed(exchange);
}

void exchange_proceed(struct exchange *exchange)
{
    delivery_edit_request(exchange);
    forward_auth_edit_request(exchange);
    exchange_enter(exchange, EXCHANGE_CONNECTING);
    service_budget_earn(exchange->service);
    exchange_connect(exchange);
}

/* --- an endpoint ---------------------------------------------------------------------------------
 */

static void use_endpoint(struct exchange *exchange, struct endpoint *endpoint)
{
    struct err err;

    exchange->endpoint = endpoint;
    if (exchange->reason) { /* of the attempt before this one */
        exchange->retries++;
        COUNT(exchange->worker, retries, 1);
    }
    endpoint_begin(endpoint);
    TAILQ_INSERT_TAIL(&endpoint->running, exchange, endpoint_link);
    exchange->connect_started_us = io_now_us(exchange->worker->io);
    if (backend_pool_lend(endpoint->pool, exchange->fresh_connection || !endpoint->pooled,
                          &exchange->backend, &err) < 0) {
        exchange_backend_failed(exchange, BACKEND_FAILED_CONNECT, err.text);
        return;
    }
    backend_conn_attach(exchange->backend, exchange);
    if (exchange->backend->state == BACKEND_READY)
        exchange_backend_ready(exchange);
}

/* False: every usable endpoint is at its limit. */
static bool find_endpoint(struct exchange *exchange)
{
    struct endpoint *endpoint = NULL;

    switch (balancer_pick(exchange, &endpoint)) {
    case PICK_OK:
        use_endpoint(exchange, endpoint);
        return true;
    case PICK_NONE:
        if (exchange->reason)
            exchange_fail(exchange, 502, exchange->reason); /* a retry found no other one */
        else
            exchange_fail(exchange, 503, "no_endpoint");
        return true;
    case PICK_FULL:
        break;
    }
    return false;
}

/*
 * Before an endpoint is looked for: a snapshot that came meanwhile knows better where the tasks
 * are. A route that is not there any more, or that asks other things of its clients, is followed to
 * its end under the old one.
 */
static void route_again(struct exchange *exchange)
{
    const struct stream_layer *layer = client_tls(exchange->client);
    struct serving *current = exchange->worker->serving;
    struct serving *older = exchange->serving;
    const struct snapshot_domain *domain;
    const struct snapshot_route *route;

    if (current == older)
        return;
    domain = snapshot_find_domain(current->snapshot, exchange->host);
    route = domain ? snapshot_find_route(current->snapshot, domain, exchange->path) : NULL;
    if (!route || (layer && !tls_session_asked_as(layer, current->snapshot, domain)))
        return;
    exchange->serving = serving_ref(current);
    exchange->domain = domain;
    exchange->route = route;
    exchange->service = serving_service(current, route->service);
    serving_unref(older);
}

void exchange_connect(struct exchange *exchange)
{
    const struct snapshot_service *described;

    route_again(exchange);
    described = exchange->service->described;
    if (described->refusal != SERVICE_SERVED) {
        exchange_fail(exchange, 503, service_refusal_reason(described->refusal));
        return;
    }
    if (find_endpoint(exchange))
        return;
    if (!exchange->queued_ms)
        exchange->queued_ms = io_now_ms(exchange->worker->io);
    if (service_queue(exchange->service, exchange))
        exchange->queued = true;
    else
        exchange_fail(exchange, 503, "endpoint_limit");
}

static void count_waiting(struct exchange *exchange)
{
    exchange->queue_us += io_now_us(exchange->worker->io) - exchange->queued_ms * 1000;
    exchange->queued_ms = 0;
}

bool exchange_try_again(struct exchange *exchange)
{
    struct endpoint *endpoint = NULL;
    enum pick pick = balancer_pick(exchange, &endpoint);

    if (pick == PICK_FULL)
        return false;
    service_unqueue(exchange->service, exchange);
    exchange->queued = false;
    count_waiting(exchange);
    if (pick == PICK_OK)
        use_endpoint(exchange, endpoint);
    else
        exchange_fail(exchange, 503, "no_endpoint");
    return true;
}

void exchange_queue_timeout(struct exchange *exchange)
{
    count_waiting(exchange);
    exchange_fail(exchange, 503, "queue_timeout");
}

void exchange_requeued(struct exchange *exchange)
{
    exchange->queued = false;
    exchange_connect(exchange);
    if (!exchange->queued && exchange->queued_ms)
        count_waiting(exchange);
}

void exchange_drained_out(struct exchange *exchange)
{
    if (exchange->tunnelling) {
        exchange->reason = "endpoint_drained";
        exchange->codec->cut(exchange);
        exchange_finish(exchange);
    } else {
        exchange_fail(exchange, 503, "endpoint_drained");
    }
}

/* --- the client's side ---------------------------------------------------------------------------
 */

bool exchange_takes_body(const struct exchange *exchange)
{
    return exchange->state == EXCHANGE_RELAYING && exchange->backend &&
           exchange->backend->codec->takes_more(exchange->backend);
}

void exchange_body(struct exchange *exchange, struct text piece)
{
    exchange->request_body_bytes += piece.len;
    if (!exchange->tunnelling && body_is_too_large(exchange, exchange->request_body_bytes)) {
        exchange_fail(exchange, 413, "body_too_large");
        return;
    }
    exchange->backend->codec->send_body(exchange->backend, piece);
}

void exchange_body_end(struct exchange *exchange, const struct field_list *trailers)
{
    exchange->request_ended = true;
    exchange->backend->codec->send_end(exchange->backend, trailers);
}

void exchange_client_drained(struct exchange *exchange)
{
    forward_auth_client_drained(exchange);
    if (exchange->backend)
        exchange->backend->codec->resume(exchange->backend);
}

void exchange_client_tunnel_end(struct exchange *exchange)
{
    exchange->client_done = true;
    if (exchange->backend)
        exchange->backend->codec->send_close(exchange->backend);
    if (exchange->response_ended)
        exchange_finish(exchange);
}
