#ifndef SWARMWARD_WORKER_TURN_H
#define SWARMWARD_WORKER_TURN_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buffer.h"

struct io;

/*
 * What HTTP/2 connections are to be sent, written once at the end of a turn of the loop: many
 * exchanges may speak in one turn, and all their frames share records and one send.
 */
struct turn;

/* Member of a connection. */
struct turn_writer {
    /* owned */
    struct buffer output; /* packed in this turn */
    /* borrowed */
    TAILQ_ENTRY(turn_writer) link;
    void (*write)(void *owner); /* at the end of the turn */
    void *owner;
    bool is_waiting;
};

/* More is not left to the end of the turn. */
#define TURN_OUTPUT_BYTES ((size_t)48 * 1024)

struct turn *turn_new(struct io *io);
/* All connections are gone before. NULL is fine. */
void turn_free(struct turn *turn);

/* write() will be called when all that is ready now has been looked at. */
void turn_add(struct turn *turn, struct turn_writer *writer);
/* Memory for the output, while there is none: most need it for one turn only. */
void turn_lend(struct turn *turn, struct turn_writer *writer);
/* All of the output is written. */
void turn_take_back(struct turn *turn, struct turn_writer *writer);
/* The connection ends: neither called nor with output any more. */
void turn_remove(struct turn *turn, struct turn_writer *writer);

#endif
