#ifndef SWARMWARD_WORKER_COMPRESSION_H
#define SWARMWARD_WORKER_COMPRESSION_H

#include <stdbool.h>

#include "http/framing.h"
#include "http/head.h"

struct exchange;
struct compression;

/*
 * Compression of a response's body between the service and the codec of the client. What a service
 * sends bit by bit leaves bit by bit: a body of unknown length is flushed with every turn.
 */

/*
 * The head of a response that is about to leave; `*head` is ours, `*framing` becomes that of the
 * coded body. `exchange->compression` is set when there will be one.
 */
void compression_begin(struct exchange *exchange, struct response_head *head,
                       struct framing *framing);

/* For exchanges with a compression. Any of these may end the exchange. */
void compression_body(struct exchange *exchange, struct text piece);
void compression_end(struct exchange *exchange); /* the last bytes are given to the codec */
void compression_flush(struct exchange *exchange);

/* The exchange is DONE and the codec was flushed. */
void compression_free(struct exchange *exchange);

#endif
