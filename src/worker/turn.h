#ifndef SWARMWARD_WORKER_TURN_H
#define SWARMWARD_WORKER_TURN_H

#include <stddef.h>
#include <sys/queue.h>

#include "base/buffer.h"

struct io;

/*
 * What is put off within a worker: to the end of this turn of the loop, so that what many exchanges
 * say on one HTTP/2 connection shares records and one send; or to the next turn, so that one
 * connection with much to do lets the others be served in between.
 */
struct turn;

TAILQ_HEAD(turn_calls, turn_call);

/* Member of a connection, which sets `run` and `owner` once. */
struct turn_call {
    TAILQ_ENTRY(turn_call) link;
    struct turn_calls *waits_in; /* NULL: it does not wait */
    void (*run)(void *owner);
    void *owner;
};

/* What a connection has packed in this turn; its memory is lent while there is something. */
#define TURN_OUTPUT_BYTES ((size_t)48 * 1024) /* more is not left to the end of the turn */

struct turn *turn_new(struct io *io);
/* All connections are gone before. NULL is fine. */
void turn_free(struct turn *turn);

/* Once when all that is ready now has been looked at, however often it is asked for. */
void turn_end(struct turn *turn, struct turn_call *call);
/* Once when the kernel has been asked again, behind what it reports. */
void turn_next(struct turn *turn, struct turn_call *call);
/* It does not run any more. */
void turn_forget(struct turn_call *call);

/* Memory for an output, while it has none: most need it for one turn only. */
void turn_lend(struct turn *turn, struct buffer *output);
/* All of the output is written. */
void turn_take_back(struct turn *turn, struct buffer *output);

#endif
