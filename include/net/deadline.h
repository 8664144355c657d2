#ifndef SWARMWARD_NET_DEADLINE_H
#define SWARMWARD_NET_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/io.h"

/*
 * A point in time that moves often and is reached seldom. Moving it later costs one store: the
 * timer stays armed for the earlier time and arms itself again when it fires too soon.
 */
struct deadline {
    /* borrowed */
    struct io *io;
    void (*on_reached)(void *owner);
    void *owner;
    /* owned: allocated with the first deadline_set */
    struct event *timer;
    int64_t at_ms;    /* 0: not set */
    int64_t armed_ms; /* when the timer fires; 0: not armed */
};

void deadline_init(struct deadline *deadline, struct io *io, void (*on_reached)(void *owner),
                   void *owner);
void deadline_done(struct deadline *deadline);

/* `at_ms` on the clock of io_now_ms(). */
void deadline_set(struct deadline *deadline, int64_t at_ms);
void deadline_clear(struct deadline *deadline);

#endif
