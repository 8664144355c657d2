#ifndef SWARMWARD_PROCESS_SIGNALS_H
#define SWARMWARD_PROCESS_SIGNALS_H

#include <stddef.h>

#include "net/io.h"

/* Signals as events of the loop. One set a process. */

struct signals;

/* `on_signal` is called from the loop, once for any number of equal signals. */
struct signals *signals_new(struct io *io, const int *numbers, size_t count,
                            void (*on_signal)(void *owner, int number), void *owner);
void signals_free(struct signals *signals);

#endif
