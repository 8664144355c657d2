/*
 * Deadlines that move with every byte cost no timer work: the timer stays where it is and looks at
 * the deadline when it fires.
 */

#include "net/deadline.h"

#include <stdlib.h>

#include <event2/event.h>

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

void deadline_done(struct deadline *deadline)
{
    if (deadline->timer)
        event_free(deadline->timer);
    deadline->timer = NULL;
    deadline->at_ms = deadline->armed_ms = 0;
}

void deadline_set(struct deadline *deadline, int64_t at_ms)
{
    deadline->at_ms = at_ms > 0 ? at_ms : 1;
    if (deadline->armed_ms && deadline->armed_ms <= deadline->at_ms)
        return;
    if (!deadline->timer)
        deadline->timer = evtimer_new(io_base(deadline->io), on_timer, deadline);
    if (!deadline->timer)
        abort(); /* out of memory */
    arm(deadline, io_now_ms(deadline->io));
}

void deadline_clear(struct deadline *deadline)
{
    deadline->at_ms = 0;
}
