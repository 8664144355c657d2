/*
 * The end of a turn: an event that is made active while others are handled runs behind them, before
 * the loop asks the kernel again.
 */

#include "client_turn.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/memory.h"
#include "client_h2.h"

/* A few answers with their heads; it grows to what one pack has. */
#define OUTPUT_FIRST_BYTES ((size_t)8 * 1024)

struct client_turn {
    /* owned */
    struct event *end;
    struct buffer spare; /* empty, with memory of what was written last */
    /* borrowed */
    struct client_h2_list waiting;
    struct worker *worker;
};

static void on_end(evutil_socket_t fd, short what, void *owner)
{
    struct client_turn *turn = owner;
    struct io *io = turn->worker->io;
    struct client_h2 *h2;

    (void)fd;
    (void)what;
    io_enter(io);
    while ((h2 = TAILQ_FIRST(&turn->waiting))) {
        client_turn_remove(turn, h2);
        client_h2_write(h2->client);
    }
    io_leave(io);
}

struct client_turn *client_turn_new(struct worker *worker)
{
    struct client_turn *turn = memory_new(sizeof(*turn));

    turn->worker = worker;
    TAILQ_INIT(&turn->waiting);
    turn->end = event_new(io_base(worker->io), -1, 0, on_end, turn);
    if (!turn->end)
        abort(); /* out of memory */
    return turn;
}

void client_turn_free(struct client_turn *turn)
{
    if (!turn)
        return;
    event_free(turn->end);
    buffer_done(&turn->spare);
    free(turn);
}

void client_turn_lend(struct client_turn *turn, struct client_h2 *h2)
{
    if (h2->output.bytes)
        return;
    h2->output = turn->spare;
    turn->spare = (struct buffer){ 0 };
    buffer_reserve(&h2->output, OUTPUT_FIRST_BYTES);
}

void client_turn_take_back(struct client_turn *turn, struct client_h2 *h2)
{
    buffer_clear(&h2->output);
    if (turn->spare.bytes) {
        buffer_done(&h2->output);
        return;
    }
    turn->spare = h2->output;
    h2->output = (struct buffer){ 0 };
}

void client_turn_add(struct client_turn *turn, struct client_h2 *h2)
{
    if (h2->in_turn)
        return;
    if (TAILQ_EMPTY(&turn->waiting))
        event_active(turn->end, EV_TIMEOUT, 0);
    h2->in_turn = true;
    TAILQ_INSERT_TAIL(&turn->waiting, h2, turn_link);
}

void client_turn_remove(struct client_turn *turn, struct client_h2 *h2)
{
    if (!h2->in_turn)
        return;
    h2->in_turn = false;
    TAILQ_REMOVE(&turn->waiting, h2, turn_link);
}
