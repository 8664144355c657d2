#ifndef SWARMWARD_PARENT_LISTENERS_H
#define SWARMWARD_PARENT_LISTENERS_H

#include "base/err.h"
#include "ipc/messages.h"
#include "model/board.h"

/*
 * The listening sockets: one for each worker and address, all of an address sharing its port
 * (SO_REUSEPORT). They live here, so that what waits in the queue of a dead worker is served by the
 * next one. A change is staged, then committed or cancelled.
 */

struct listener {
    struct message_listener what;
    int fds[BOARD_WORKERS];    /* owned */
    bool given[BOARD_WORKERS]; /* that worker was sent its own */
    bool fresh;                /* opened by the change that is staged */
    bool wanted;               /* by the change that is staged */
};

struct listeners {
    struct listener items[2 * MESSAGE_LISTENERS_MAX];
    size_t count;
    size_t workers;
};

void listeners_init(struct listeners *listeners, size_t workers);

/* Open what is new in `publish`; keep what is equal. -1: `err` says which address, nothing changed.
 */
int listeners_stage(struct listeners *listeners, const struct message_publish *publish,
                    struct err *err);
void listeners_commit(struct listeners *listeners); /* close what is not wanted any more */
void listeners_cancel(struct listeners *listeners); /* close what was opened */
void listeners_close(struct listeners *listeners);  /* all */
/* The worker is gone: the next one of its number was given nothing yet. */
void listeners_forget_worker(struct listeners *listeners, size_t worker);

#endif
