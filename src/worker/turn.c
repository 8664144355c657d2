/* Who writes at the end of this turn, and the memory that one after the other packs into. */

#include "turn.h"

#include <stdlib.h>

#include "base/memory.h"
#include "net/io.h"

/* A few answers with their heads; it grows to what one pack has. */
#define OUTPUT_FIRST_BYTES ((size_t)8 * 1024)

struct turn {
    /* owned */
    struct io_task *end;
    struct buffer spare; /* empty, with memory of what was written last */
    /* borrowed */
    TAILQ_HEAD(, turn_writer) waiting;
};

static void stop_waiting(struct turn *turn, struct turn_writer *writer)
{
    if (!writer->is_waiting)
        return;
    writer->is_waiting = false;
    TAILQ_REMOVE(&turn->waiting, writer, link);
}

static void on_end(void *owner)
{
    struct turn *turn = owner;
    struct turn_writer *writer;

    while ((writer = TAILQ_FIRST(&turn->waiting))) {
        stop_waiting(turn, writer);
        writer->write(writer->owner);
    }
}

struct turn *turn_new(struct io *io)
{
    struct turn *turn = memory_new(sizeof(*turn));

    TAILQ_INIT(&turn->waiting);
    turn->end = io_task_new(io, on_end, turn);
    return turn;
}

void turn_free(struct turn *turn)
{
    if (!turn)
        return;
    io_task_free(turn->end);
    buffer_done(&turn->spare);
    free(turn);
}

void turn_lend(struct turn *turn, struct turn_writer *writer)
{
    if (writer->output.bytes)
        return;
    writer->output = turn->spare;
    turn->spare = (struct buffer){ 0 };
    buffer_reserve(&writer->output, OUTPUT_FIRST_BYTES);
}

void turn_take_back(struct turn *turn, struct turn_writer *writer)
{
    buffer_clear(&writer->output);
    if (turn->spare.bytes) {
        buffer_done(&writer->output);
        return;
    }
    turn->spare = writer->output;
    writer->output = (struct buffer){ 0 };
}

void turn_add(struct turn *turn, struct turn_writer *writer)
{
    if (writer->is_waiting)
        return;
    if (TAILQ_EMPTY(&turn->waiting))
        io_task_run_later(turn->end);
    writer->is_waiting = true;
    TAILQ_INSERT_TAIL(&turn->waiting, writer, link);
}

void turn_remove(struct turn *turn, struct turn_writer *writer)
{
    stop_waiting(turn, writer);
    buffer_done(&writer->output);
}
