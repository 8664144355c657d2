#ifndef SWARMWARD_WORKER_FORWARD_AUTH_H
#define SWARMWARD_WORKER_FORWARD_AUTH_H

#include <stdbool.h>

struct exchange;

/*
 * Another service is asked whether a request may go on: an exchange of our own (the question), with
 * the endpoints, limits and failures of every other, whose client is the exchange that waits.
 */

/*
 * True: it was asked, or that was impossible; the exchange goes on by exchange_proceed(), or ends.
 * False: nobody is to be asked. Before the domain's edits: what they remove, it may see.
 */
bool forward_auth_ask(struct exchange *exchange);

/* After the domain's edits: what the client said under names that are its to say goes, and what it
 * said comes. */
void forward_auth_edit_request(struct exchange *exchange);

/* The client takes bytes again. */
void forward_auth_client_drained(struct exchange *exchange);

/* The exchange is DONE; a question that is under way ends. */
void forward_auth_end(struct exchange *exchange);

#endif
