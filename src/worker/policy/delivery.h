#ifndef SWARMWARD_WORKER_DELIVERY_H
#define SWARMWARD_WORKER_DELIVERY_H

#include <stdbool.h>

#include "http/head.h"

struct exchange;
struct reply;
struct snapshot_delivery;

/*
 * What a domain changes on the way. All of these do nothing for a domain that changes nothing; none
 * knows which protocol the client speaks. Questions of our own are not edited.
 */

/* Of the exchange's domain, or of the defaults while it has none. NULL: nothing changes. */
const struct snapshot_delivery *delivery_of(const struct exchange *exchange);

/* Once what the client may not send is marked. */
void delivery_edit_request(struct exchange *exchange);
/* Once what the service may not send is marked; `*head` is a copy, its lines are the parser's. */
void delivery_edit_response(struct exchange *exchange, struct response_head *head);
/* What is removed is not sent earlier or later either: interim responses, trailers. */
void delivery_edit_rest(const struct exchange *exchange, struct field_list *fields);

/* The page of the domain for an answer of our own, when it has one. */
void delivery_error_page(struct exchange *exchange, struct reply *reply);

#endif
