#ifndef SWARMWARD_WORKER_BACKEND_EVENTS_H
#define SWARMWARD_WORKER_BACKEND_EVENTS_H

#include <stdbool.h>

#include "http/framing.h"
#include "http/head.h"

struct exchange;

/*
 * What a backend connection reports to the exchange that borrows it. Any of these may end the
 * exchange.
 */

enum backend_failure {
    BACKEND_FAILED_CONNECT,
    BACKEND_FAILED_CONNECT_TIMEOUT,
    BACKEND_FAILED_HANDSHAKE, /* nobody to be trusted or understood: codec->refusal() says why */
    BACKEND_FAILED_SILENT,    /* its machine does not acknowledge what was sent */
    BACKEND_FAILED_CLOSED,    /* closed or reset before the first byte of the response */
    BACKEND_FAILED_REFUSED,   /* it has not acted on the request, and says so */
    BACKEND_FAILED_LEFT,      /* the same, because its connection says goodbye */
    BACKEND_FAILED_RESET,     /* it gave this request up before the first byte of the response */
    BACKEND_FAILED_CUT,       /* closed or reset within the response */
    BACKEND_FAILED_INVALID,   /* what came is no HTTP that may be passed on */
    BACKEND_FAILED_TIMEOUT,   /* no response in time */
    BACKEND_FAILED_STALLED,   /* a body stopped */
    BACKEND_FAILED_NO_TUNNEL, /* it speaks HTTP/2 without extended CONNECT (RFC 8441) */
};

void exchange_backend_ready(struct exchange *exchange);
void exchange_backend_interim(struct exchange *exchange, const struct response_head *head);
void exchange_backend_head(struct exchange *exchange, const struct response_head *head,
                           const struct framing *framing);
void exchange_backend_body(struct exchange *exchange, struct text piece);
void exchange_backend_end(struct exchange *exchange, const struct field_list *trailers);
void exchange_backend_tunnel_end(struct exchange *exchange);
void exchange_backend_failed(struct exchange *exchange, enum backend_failure failure,
                             const char *detail);
void exchange_backend_drained(struct exchange *exchange);
void exchange_backend_flush(struct exchange *exchange);
bool exchange_client_takes_more(const struct exchange *exchange);

#endif
