/* Signals as events of the loop, for the parent. Children take none: see child_begin(). */

#include "process/signals.h"

#include <assert.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/memory.h"

#define SIGNALS_MAX 16

struct signals {
    /* owned */
    struct event *events[SIGNALS_MAX];
    size_t count;
    /* borrowed */
    struct io *io;
    void (*on_signal)(void *owner, int number);
    void *owner;
};

static void on_event(evutil_socket_t number, short what, void *argument)
{
    struct signals *signals = argument;
    struct io *io = signals->io;

    (void)what;
    io_enter(io);
    signals->on_signal(signals->owner, (int)number);
    io_leave(io);
}

struct signals *signals_new(struct io *io, const int *numbers, size_t count,
                            void (*on_signal)(void *owner, int number), void *owner)
{
    struct signals *signals = memory_new(sizeof(*signals));

    assert(count <= SIGNALS_MAX);
    signals->io = io;
    signals->on_signal = on_signal;
    signals->owner = owner;
    signals->count = count;
    for (size_t i = 0; i < count; i++) {
        signals->events[i] = evsignal_new(io_base(io), numbers[i], on_event, signals);
        if (!signals->events[i] || event_add(signals->events[i], NULL) < 0)
            abort(); /* out of memory: base aborts for it too */
    }
    return signals;
}

void signals_free(struct signals *signals)
{
    if (!signals)
        return;
    for (size_t i = 0; i < signals->count; i++)
        event_free(signals->events[i]);
    free(signals);
}
