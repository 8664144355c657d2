/* Two lists of calls, each with a task of the loop, and the memory that one after the other packs
 * into. */

#include "turn.h"

#include <stdlib.h>

#include "base/memory.h"
#include "net/io.h"

/* A few answers with their heads; it grows to what one pack has. */
#define OUTPUT_FIRST_BYTES ((size_t)8 * 1024)

struct turn {
    /* owned */
    struct io_task *end_task;
    struct io_task *next_task;
    struct buffer spare; /* empty, with memory of what was written last */
    /* borrowed */
    struct turn_calls at_end;
    struct turn_calls at_next;
};

void turn_forget(struct turn_call *call)
{
    if (call->waits_in)
        TAILQ_REMOVE(call->waits_in, call, link);
    call->waits_in = NULL;
}

static void run_first(struct turn_calls *calls)
{
    struct turn_call *call = TAILQ_FIRST(calls);

    turn_forget(call);
    call->run(call->owner);
}

static void run_all_at_end(void *owner)
{
    struct turn *turn = owner;

    while (!TAILQ_EMPTY(&turn->at_end))
        run_first(&turn->at_end);
}

/* One of them: the others' clients have waited too, and so has everybody else. */
static void run_one_of_next(void *owner)
{
    struct turn *turn = owner;

    if (!TAILQ_EMPTY(&turn->at_next))
        run_first(&turn->at_next);
    if (!TAILQ_EMPTY(&turn->at_next))
        io_task_run_next_turn(turn->next_task);
}

struct turn *turn_new(struct io *io)
{
    struct turn *turn = memory_new(sizeof(*turn));

    TAILQ_INIT(&turn->at_end);
    TAILQ_INIT(&turn->at_next);
    turn->end_task = io_task_new(io, run_all_at_end, turn);
    turn->next_task = io_task_new(io, run_one_of_next, turn);
    return turn;
}

void turn_free(struct turn *turn)
{
    if (!turn)
        return;
    io_task_free(turn->end_task);
    io_task_free(turn->next_task);
    buffer_done(&turn->spare);
    free(turn);
}

void turn_end(struct turn *turn, struct turn_call *call)
{
    if (call->waits_in)
        return;
    if (TAILQ_EMPTY(&turn->at_end))
        io_task_run_later(turn->end_task);
    call->waits_in = &turn->at_end;
    TAILQ_INSERT_TAIL(&turn->at_end, call, link);
}

void turn_next(struct turn *turn, struct turn_call *call)
{
    if (call->waits_in)
        return;
    if (TAILQ_EMPTY(&turn->at_next))
        io_task_run_next_turn(turn->next_task);
    call->waits_in = &turn->at_next;
    TAILQ_INSERT_TAIL(&turn->at_next, call, link);
}

void turn_lend(struct turn *turn, struct buffer *output)
{
    if (output->bytes)
        return;
    *output = turn->spare;
    turn->spare = (struct buffer){ 0 };
    buffer_reserve(output, OUTPUT_FIRST_BYTES);
}

void turn_take_back(struct turn *turn, struct buffer *output)
{
    buffer_clear(output);
    if (turn->spare.bytes) {
        buffer_done(output);
        return;
    }
    turn->spare = *output;
    *output = (struct buffer){ 0 };
}
