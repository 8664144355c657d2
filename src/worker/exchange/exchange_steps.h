#ifndef SWARMWARD_WORKER_EXCHANGE_STEPS_H
#define SWARMWARD_WORKER_EXCHANGE_STEPS_H

#include "exchange.h"

/* The steps of an exchange, for this folder and for the policies that may hold one up. */

/* One of our own about `exchange`, which outlives it. It is neither logged nor counted as a
 * request. */
struct exchange *exchange_new_question(struct exchange *exchange, const struct client_codec *codec);

/* It may go on: to an endpoint. */
void exchange_proceed(struct exchange *exchange);
void exchange_connect(struct exchange *exchange);
void exchange_finish(struct exchange *exchange);
void exchange_enter(struct exchange *exchange, enum exchange_state next);

#endif
