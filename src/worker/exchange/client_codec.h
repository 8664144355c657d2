#ifndef SWARMWARD_WORKER_CLIENT_CODEC_H
#define SWARMWARD_WORKER_CLIENT_CODEC_H

#include <stdbool.h>

#include "base/text.h"
#include "http/framing.h"
#include "http/head.h"

struct exchange;

/*
 * How an exchange talks back to its client: one table a protocol. The exchange says what, the codec
 * says it in its protocol's bytes.
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
    /* A complete response of our own. `body` is text/plain. */
    void (*reply)(struct exchange *exchange, int status, struct text location, struct text body);
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
