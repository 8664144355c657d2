#ifndef SWARMWARD_PARENT_CHILDREN_H
#define SWARMWARD_PARENT_CHILDREN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "backoff.h"
#include "base/err.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "model/board.h"
#include "net/deadline.h"
#include "process/spawn.h"

/*
 * One child process: started, watched, started again when it dies. What is said over its channel is
 * the business of its kind.
 */

struct parent;
struct child;

struct child_kind {
    const char *program;
    enum process_role role;
    bool reads_files;
    void (*on_started)(struct child *child);
    void (*on_message)(struct child *child, struct channel_message *message);
    void (*on_died)(struct child *child); /* before it is started again */
};

struct child {
    /* borrowed */
    struct parent *parent;
    const struct child_kind *kind;
    struct board_child *board;
    /* owned */
    struct channel *channel; /* NULL: not running, or about to be reaped */
    struct deadline restart;
    struct deadline answer; /* for the kind's use; cleared when it dies */
    struct backoff backoff;
    pid_t pid;   /* 0: not running */
    bool wanted; /* started again when it dies */
    int64_t started_ms;
    size_t index; /* of a worker */
    /* Of members of rollouts (member.c); reset when it dies. */
    uint64_t
        asked_generation; /* of the PREPARE that is not answered yet, or not settled; 0: none */
    uint64_t committed_generation; /* 0: serves nothing yet */
    char program[PATH_MAX];
};

/* Finds the program. Starts nothing. */
int child_init(struct child *child, struct parent *parent, const struct child_kind *kind,
               struct err *err);
void child_done(struct child *child);

/* Start it now. When that fails it is logged and tried again, like a death. */
void child_start(struct child *child);

/* It is beyond help: kill it; it is started again when it was reaped. */
void child_kill(struct child *child, const char *why);

/* Close its channel, which ends it, and do not start it again. */
void child_dismiss(struct child *child);

void child_send(struct child *child, uint32_t type, struct buffer *body, int fd);

static inline bool child_runs(const struct child *child)
{
    return child->channel != NULL;
}

/* Its process was reaped: tell its kind and start it again when it is wanted. */
void child_reaped(struct child *child, int status);

#endif
