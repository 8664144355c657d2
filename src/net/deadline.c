/*
 * Deadlines that move with every byte cost no timer work: the timer stays where it is and looks at
 * the deadline when it fires.
 */

#include "net/deadline.h"

#include <stdlib.h>

#include <event2/event.h>

#include "io_private.h"

static void arm(struct deadline *deadline, int64_t now_ms)
{
    int64_t wait_ms = deadline->at_ms > now_ms ? deadline->at_ms - now_ms : 0;
    struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };

    deadline->armed_ms = deadline->at_ms;
    evtimer_add(deadline->timer, &wait);
}

static void on_timer(evutil_socket_t fd, short what, void *owner)
{
    struct deadline *deadline = owner;
    struct io *io = deadline->io;
    int64_t now_ms;

    (void)fd;
    (void)what;
    io_enter(io);
    now_ms = io_now_ms(io);
    deadline->armed_ms = 0;
    if (deadline->at_ms && now_ms < deadline->at_ms) {
        arm(deadline, now_ms);
    } else if (deadline->at_ms) {
        deadline->at_ms = 0;
        deadline->on_reached(deadline->owner);
    }
    io_leave(io);
}

void deadline_init(struct deadline *deadline, struct io *io, void (*on_reached)(void *owner),
                   void *owner)
{
    *deadline = (struct deadline){ .io = io, .on_reached = on_reached, .owner = owner };
}

/* Many live for one request: the next one takes what the last one left. */
static struct event *take_timer(struct deadline *deadline)
{
    struct io *io = deadline->io;
    struct event *timer;

    if (io->spare_timer_count) {
        timer = io->spare_timers[--io->spare_timer_count];
        evtimer_assign(timer, io->base, on_timer, deadline);
        return timer;
    }
    timer = evtimer_new(io->base, on_timer, deadline);
    if (!timer)
        abort(); /* out of memory */
    return timer;
}

static void leave_timer(struct io *io, struct event *timer)
{
    if (io->spare_timer_count == SPARE_TIMERS) {
        event_free(timer);
        return;
    }
    evtimer_del(timer);
    io->spare_timers[io->spare_timer_count++] = timer;
}

void deadline_done(struct deadline *deadline)
{
    if (deadline->timer)
        leave_timer(deadline->io, deadline->timer);
    deadline->timer = NULL;
    deadline->at_ms = deadline->armed_ms = 0;
}

void deadline_set(struct deadline *deadline, int64_t at_ms)
{
    deadline->at_ms = at_ms > 0 ? at_ms : 1;
    if (deadline->armed_ms && deadline->armed_ms <= deadline->at_ms)
        return;
    if (!deadline->timer)
        deadline->timer = take_timer(deadline);
    arm(deadline, io_now_ms(deadline->io));
}

void deadline_clear(struct deadline *deadline)
{
    deadline->at_ms = 0;
}
