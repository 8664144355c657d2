/*
 * Handshakes of layers, and whose turn it is. A handshake costs what twenty requests cost, and they
 * come in crowds: in each turn of the loop one step is taken at once, and two of the queue in which
 * the others wait. Under load the queue gets as much time as all others had since it was last
 * looked at: neither side starves. Who waited for a signature goes on as soon as it is there.
 * docs/decisions/turns-of-the-loop.md says what that does, and what it does not.
 */

#include <event2/event.h>

#include "base/clock.h"
#include "io_private.h"
#include "stream_private.h"

void stream_become_ready(struct stream *stream)
{
    stream->ready = true;
    if (stream->handler->on_ready)
        stream->handler->on_ready(stream->owner);
    if (!stream->closed && !stream->broken)
        stream_finish_shutdown(stream);
}

void stream_handshake_step(struct stream *stream)
{
    struct err err = { .text = "" };

    switch (stream->layer->kind->handshake(stream->layer, &err)) {
    case IO_OK:
        stream_become_ready(stream);
        break;
    case IO_AGAIN:
        break;
    case IO_CLOSED:
        stream_mark_broken(stream, "closed by the peer during the handshake");
        break;
    case IO_FAILED:
        stream_fail_layer(stream, err.text[0] ? err.text : "handshake failed");
        break;
    }
}

void stream_hold_handshake(struct stream *stream)
{
    stream->held_back = true;
    stream_watch_reads(stream, false);
}

void stream_continue_handshake(struct stream *stream)
{
    stream->held_back = false;
    stream->goes_on = true;
    if (stream->closed || stream->broken)
        return;
    if (!stream->at_end)
        stream_watch_reads(stream, true);
    stream_schedule(stream);
}

/* --- turns ------------------------------------------------------------------------------------ */

void stream_handshake_leave(struct stream *stream)
{
    if (stream->queued)
        TAILQ_REMOVE(&stream->io->handshakes, stream, handshake_link);
    stream->queued = false;
}

/* Of the queue, in a turn: what they want signed goes to swarmward-keys together. */
#define STEPS_LEAST 2

static void take_turn(struct stream *stream)
{
    stream_handshake_leave(stream);
    stream->has_turn = true;
    if (!stream->at_end)
        stream_watch_reads(stream, true);
    stream_dispatch_read(stream, EV_READ);
    stream->has_turn = false; /* it may be closed by now, but is there until io_leave() */
}

/* Those that wait, for as long as is fair. */
static void go_on(void *owner)
{
    struct io *io = owner;
    int64_t begin_us = clock_monotonic_us();
    int64_t share_us = begin_us - io->handshakes_left_us;
    int64_t now_us = begin_us;

    io->handshake_taken = !TAILQ_EMPTY(&io->handshakes);
    if (!io->handshake_taken)
        return;
    for (int steps = 0; !TAILQ_EMPTY(&io->handshakes); steps++) {
        if (steps >= STEPS_LEAST && now_us - begin_us >= share_us)
            break;
        take_turn(TAILQ_FIRST(&io->handshakes));
        now_us = clock_monotonic_us();
    }
    io->handshakes_left_us = now_us;
    io_task_run_next_turn(io->handshake_task);
}

bool stream_handshake_waits(struct stream *stream)
{
    struct io *io = stream->io;

    bool goes_on = stream->goes_on;

    stream->goes_on = false;
    if (!stream->accepted || stream->ready || stream->lingering || stream->has_turn || goes_on)
        return false;
    if (!io->handshake_taken) {
        if (!io->handshake_task)
            io->handshake_task = io_task_new(io, go_on, io);
        io->handshake_taken = true;
        io->handshakes_left_us = clock_monotonic_us();
        io_task_run_next_turn(io->handshake_task);
        return false;
    }
    if (!stream->queued)
        TAILQ_INSERT_TAIL(&io->handshakes, stream, handshake_link);
    stream->queued = true;
    stream_watch_reads(stream, false);
    return true;
}
