/*
 * Forward auth: the question that goes to another service before a request does, and what becomes
 * of its answer. Only an answer of 2xx that came in full and in time lets the request on; every
 * other one is the client's, and everything that is no answer is a 503.
 */

#include "forward_auth.h"

#include "../exchange/exchange_steps.h"
#include "delivery.h"
#include "http/field_edits.h"
#include "model/snapshot.h"
#include "net/deadline.h"

/* An answer has at most this much body; of a good one nothing is used, so it may hardly have one.
 */
#define DENIAL_BYTES ((uint64_t)1024 * 1024)
#define GRANT_BYTES  ((uint64_t)64 * 1024)

enum auth_state {
    AUTH_ASKED,   /* no final head has come */
    AUTH_GRANTED, /* one of 2xx came; the rest of the answer must come too */
    AUTH_DENIED,  /* another one came, and is being given to the client */
    AUTH_FAILED,  /* there is no answer, or not all of it */
};

struct forward_auth {
    /* the question; it ends before this does, and is NULL then */
    struct exchange *question;
    /* owned */
    struct deadline deadline;  /* of the question; then the turn in which its end is acted on */
    struct field_list answers; /* for the request; in the arena of the exchange */
    /* borrowed */
    struct exchange *exchange; /* that waits */
    const struct forward_auth_settings *settings;
    enum auth_state state;
    const char *reason; /* of AUTH_FAILED */
    uint64_t body_bytes;
};

static const struct client_codec question_codec;

/* --- the question --------------------------------------------------------------------------------
 */

static void copy_fields(struct exchange *question, const struct exchange *exchange,
                        const struct text_list *names)
{
    const struct field_list *fields = &exchange->request.fields;

    for (size_t i = 0; i < fields->count; i++)
        for (size_t j = 0; j < names->count; j++)
            if (!fields->lines[i].dropped &&
                text_equal_nocase(fields->lines[i].name, names->items[j]))
                field_edits_add(&question->request.fields, &question->arena, fields->lines[i].name,
                                fields->lines[i].value);
}

static void describe_request(struct exchange *question, const struct exchange *exchange)
{
    const struct request_head *request = &exchange->request;
    struct field_list *fields = &question->request.fields;
    struct arena *arena = &question->arena;

    field_edits_add(fields, arena, TEXT("X-Forwarded-Method"), request->method_text);
    field_edits_add(fields, arena, TEXT("X-Forwarded-Uri"),
                    arena_format(arena, "%.*s%s%.*s", TEXT_ARGS(request->path),
                                 request->has_query ? "?" : "", TEXT_ARGS(request->query)));
}

static struct exchange *make_question(struct exchange *exchange,
                                      const struct snapshot_delivery *delivery)
{
    const struct snapshot_route *route = &exchange->serving->snapshot->routes[delivery->auth_route];
    const struct forward_auth_settings *settings = &delivery->policy.forward_auth;
    struct exchange *question = exchange_new_question(exchange, &question_codec);
    struct request_head *request = &question->request;

    question->route = route;
    question->service = serving_service(exchange->serving, route->service);
    *request = (struct request_head){
        .method = METHOD_GET,
        .method_text = TEXT("GET"),
        .host = exchange->request.host,
        .port = exchange->request.port,
        .authority = exchange->request.authority,
        .minor_version = 1,
    };
    request->has_query = text_split(settings->path, '?', &request->path, &request->query);
    request->target = settings->path;
    question->request_framing = (struct framing){ .kind = BODY_NONE, .persistent = true };
    question->request_ended = true;
    copy_fields(question, exchange, &settings->request_headers);
    describe_request(question, exchange);
    return question;
}

/* --- what becomes of it --------------------------------------------------------------------------
 */

static void act(struct forward_auth *auth)
{
    if (auth->state == AUTH_GRANTED)
        exchange_proceed(auth->exchange);
    else
        exchange_fail(auth->exchange, 503, auth->reason);
}

static void on_deadline(void *owner)
{
    struct forward_auth *auth = owner;

    if (auth->question) {
        auth->state = AUTH_FAILED;
        auth->reason = "auth_timeout";
        exchange_client_gone(auth->question, auth->reason);
    }
    act(auth);
}

bool forward_auth_ask(struct exchange *exchange)
{
    const struct snapshot_delivery *delivery = delivery_of(exchange);
    struct forward_auth *auth;

    if (!delivery || !delivery->policy.forward_auth.service.len)
        return false;
    if (delivery->auth_route == SNAPSHOT_NONE) { /* control makes none without; never open */
        exchange_fail(exchange, 503, "auth_unavailable");
        return true;
    }
    auth = arena_new(&exchange->arena, 1, sizeof(*auth));
    auth->exchange = exchange;
    auth->settings = &delivery->policy.forward_auth;
    auth->reason = "auth_unavailable";
    exchange->auth = auth;
    deadline_init(&auth->deadline, exchange->worker->io, on_deadline, auth);
    deadline_set(&auth->deadline, io_now_ms(exchange->worker->io) + auth->settings->timeout_ms);
    auth->question = make_question(exchange, delivery);
    exchange_proceed(auth->question);
    return true;
}

void forward_auth_edit_request(struct exchange *exchange)
{
    const struct forward_auth *auth = exchange->auth;
    struct field_list *fields = &exchange->request.fields;

    if (!auth)
        return;
    for (size_t i = 0; i < auth->settings->response_headers.count; i++)
        field_edits_drop(fields, auth->settings->response_headers.items[i]);
    for (size_t i = 0; i < auth->answers.count; i++)
        field_edits_add(fields, &exchange->arena, auth->answers.lines[i].name,
                        auth->answers.lines[i].value);
}

void forward_auth_client_drained(struct exchange *exchange)
{
    if (exchange->auth && exchange->auth->question)
        exchange_client_drained(exchange->auth->question);
}

void forward_auth_end(struct exchange *exchange)
{
    struct forward_auth *auth = exchange->auth;

    if (!auth)
        return;
    if (auth->question)
        exchange_client_gone(auth->question, "client_closed");
    deadline_done(&auth->deadline);
}

/* --- the answer: what the question says to its client --------------------------------------------
 */

static struct forward_auth *auth_of(const struct exchange *question)
{
    return question->parent->auth;
}

/* Somebody listens: the exchange has not ended meanwhile, nor was the answer given up. */
static bool is_relayed(const struct exchange *question)
{
    return question->parent->state != EXCHANGE_DONE && auth_of(question)->state == AUTH_DENIED;
}

static void question_interim(struct exchange *question, const struct response_head *head)
{
    (void)question;
    (void)head;
}

/* They are the parser's, so they are copied. */
static void keep_answers(struct forward_auth *auth, const struct field_list *fields)
{
    struct arena *arena = &auth->exchange->arena;
    const struct text_list *names = &auth->settings->response_headers;

    for (size_t i = 0; i < fields->count; i++)
        for (size_t j = 0; j < names->count; j++)
            if (!fields->lines[i].dropped &&
                text_equal_nocase(fields->lines[i].name, names->items[j]))
                field_list_add(&auth->answers, arena, names->items[j],
                               arena_text(arena, fields->lines[i].value));
}

static void relay_head(struct forward_auth *auth, const struct response_head *head,
                       const struct framing *framing)
{
    struct exchange *exchange = auth->exchange;
    struct response_head ours = *head;
    struct framing way = *framing;

    auth->state = AUTH_DENIED;
    exchange->status = head->status;
    exchange->reason = "auth_denied";
    exchange->responding = true;
    exchange->first_byte_us = io_now_us(exchange->worker->io) - exchange->started_us;
    if (exchange->request.method == METHOD_HEAD)
        way.kind = BODY_NONE;
    delivery_edit_response(exchange, &ours);
    exchange->codec->head(exchange, &ours, &way);
}

static void question_head(struct exchange *question, const struct response_head *head,
                          const struct framing *framing)
{
    struct forward_auth *auth = auth_of(question);

    if (question->parent->state == EXCHANGE_DONE || auth->state != AUTH_ASKED)
        return;
    if (head->status >= 200 && head->status < 300) {
        auth->state = AUTH_GRANTED;
        keep_answers(auth, &head->fields);
    } else {
        relay_head(auth, head, framing);
    }
}

static void question_body(struct exchange *question, struct text piece)
{
    struct forward_auth *auth = auth_of(question);
    uint64_t most = auth->state == AUTH_DENIED ? DENIAL_BYTES : GRANT_BYTES;

    auth->body_bytes += piece.len;
    if (auth->body_bytes > most)
        exchange_fail(question, 502, "auth_unavailable");
    else if (is_relayed(question) && question->parent->request.method != METHOD_HEAD)
        question->parent->codec->body(question->parent, piece);
}

static void question_end(struct exchange *question, const struct field_list *trailers)
{
    static const struct field_list none;

    (void)trailers;
    if (!is_relayed(question))
        return;
    question->parent->response_ended = true;
    question->parent->codec->end(question->parent, &none);
    exchange_finish(question->parent); /* the question ends with it */
}

static void question_flush(struct exchange *question)
{
    if (is_relayed(question))
        question->parent->codec->flush(question->parent);
}

static void give_up(struct exchange *question)
{
    struct forward_auth *auth = auth_of(question);

    auth->state = AUTH_FAILED;
    auth->reason = "auth_unavailable";
}

/* Of our own: there was no answer. */
static void question_reply(struct exchange *question, const struct reply *reply)
{
    (void)reply;
    give_up(question);
}

static bool question_takes_more(const struct exchange *question)
{
    return !is_relayed(question) || question->parent->codec->takes_more(question->parent);
}

static void question_wants_body(struct exchange *question)
{
    (void)question;
}

static void question_tunnel(struct exchange *question, const struct response_head *head)
{
    (void)head;
    give_up(question); /* it asks for none, and an answer of 101 is refused before */
}

/* The next turn acts on it: whoever has called still looks at the connection that it used. */
static void question_done(struct exchange *question)
{
    struct forward_auth *auth = auth_of(question);

    auth->question = NULL;
    if (question->parent->state != EXCHANGE_DONE)
        deadline_set(&auth->deadline, io_now_ms(question->worker->io));
}

static const struct client_codec question_codec = {
    .interim = question_interim,
    .head = question_head,
    .body = question_body,
    .end = question_end,
    .flush = question_flush,
    .reply = question_reply,
    .cut = give_up,
    .takes_more = question_takes_more,
    .want_body = question_wants_body,
    .tunnel = question_tunnel,
    .tunnel_end = question_wants_body,
    .done = question_done,
};
