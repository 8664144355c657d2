#ifndef SWARMWARD_WORKER_CLIENT_CODEC_H
#define SWARMWARD_WORKER_CLIENT_CODEC_H

#include <assert.h>
#include <stdbool.h>

#include "base/text.h"
#include "http/framing.h"
#include "http/head.h"

struct exchange;

#define REPLY_FIELDS_MOST 4

/* A complete response of our own. Texts are borrowed until it is said. */
struct reply {
    int status;
    struct text content_type; /* "": text/plain; charset=utf-8 */
    struct text body;         /* "": the usual words of its status and reason */
    struct {
        struct text name;
        struct text value;
    } fields[REPLY_FIELDS_MOST]; /* beside Date, HSTS, and what frames and describes the body */
    size_t field_count;
};

static inline void reply_add(struct reply *reply, struct text name, struct text value)
{
    assert(reply->field_count < REPLY_FIELDS_MOST);
    reply->fields[reply->field_count].name = name;
    reply->fields[reply->field_count++].value = value;
}

/*
 * How an exchange talks back to its client: one table a protocol. The exchange says what, the codec
 * says it in its protocol's bytes. In the heads that it is given all is marked that may not pass.
 */
struct client_codec {
    void (*interim)(struct exchange *exchange, const struct response_head *head);
    /* `framing` is of the backend's body: the codec chooses its own. */
    void (*head)(struct exchange *exchange, const struct response_head *head,
                 const struct framing *framing);
    void (*body)(struct exchange *exchange, struct text piece);
    void (*end)(struct exchange *exchange, const struct field_list *trailers);
    /* What was said in this turn leaves now; the pieces' memory is about to be used again. */
    void (*flush)(struct exchange *exchange);
    /* A complete response of our own; its content_type and body are set. */
    void (*reply)(struct exchange *exchange, const struct reply *reply);
    /* The response can not be completed, and the client must see that. */
    void (*cut)(struct exchange *exchange);
    /* False: the client does not take what was said before; exchange_client_drained() says when. */
    bool (*takes_more)(const struct exchange *exchange);
    /* exchange_takes_body() turned true. */
    void (*want_body)(struct exchange *exchange);
    /* From now on bytes both ways; no more bytes from the backend. */
    void (*tunnel)(struct exchange *exchange, const struct response_head *head);
    void (*tunnel_end)(struct exchange *exchange);
    /* The exchange is DONE and about to be freed. */
    void (*done)(struct exchange *exchange);
};

#endif
