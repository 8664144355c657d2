#ifndef SWARMWARD_WORKER_WEBSOCKET_H
#define SWARMWARD_WORKER_WEBSOCKET_H

#include <stdbool.h>

#include "http/head.h"

struct exchange;

/*
 * WebSocket between two protocols that ask for it differently: HTTP/1.1 by Upgrade and a key (RFC
 * 6455 section 4), HTTP/2 by extended CONNECT (RFC 8441). In between an exchange speaks as HTTP/1.1
 * does: a GET, and 101.
 */

/* A client's CONNECT becomes a GET with a key that only we know. */
void websocket_become_upgrade(struct exchange *exchange);

/* Does it have the one key of RFC 6455 section 4.1, without which nobody can be answered? */
bool websocket_has_key(const struct request_head *request);

/* A 101 (HTTP/1.1): the answer to our key; a client with a key of its own looks itself. */
bool websocket_is_accepted(const struct exchange *exchange, const struct response_head *head);

/* The 2xx of a backend that speaks HTTP/2, as 101 with the answer to the key. The fields of `head`
 * are marked in place; what is new lives as long as the exchange. */
void websocket_switched(struct exchange *exchange, const struct response_head *head,
                        struct response_head *switched_out);

#endif
