#ifndef SWARMWARD_PARENT_PARENT_H
#define SWARMWARD_PARENT_PARENT_H

#include <stdint.h>

#include "children.h"
#include "ipc/messages.h"
#include "listeners.h"
#include "log_sink.h"
#include "model/board.h"
#include "net/deadline.h"
#include "net/io.h"
#include "parent/run.h"
#include "process/spawn.h"
#include "rollout.h"
#include "signers.h"

/* The state of the parent, shared by its files. Each part has one file that changes it. */

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_INVALID = 2, /* the file is not valid */
};

/* One published generation: forwarded unread. */
struct generation {
    uint64_t number; /* 0: there is none */
    uint64_t load_id;
    int snapshot; /* owned */
    int keyring;  /* owned: private keys */
    int tickets;  /* owned: the ticket secret */
    int file;     /* text of the mapping file, for the next control; not read here */
    int64_t shutdown_delay_ms;
    int64_t shutdown_drain_ms;
};

enum publish_state {
    PUBLISH_IDLE,      /* control may publish */
    PUBLISH_PREPARING, /* members prepare the next generation */
    PUBLISH_SETTLING,  /* it is committed; not every worker has said on the board that it serves it
                        */
};

/* publish.c */
struct publish {
    struct generation current;
    struct generation next;
    enum publish_state state;
    struct rollout rollout;
    struct deadline deadline;
    int64_t started_ms;
    int64_t settle_until_ms;
    int next_log; /* owned; the access log of `next` */
    bool log_changes;
    char next_log_target[MESSAGE_PATH_BYTES];
};

enum shutdown_state {
    SHUTDOWN_NONE,
    SHUTDOWN_DELAY,    /* health is red, everything is served as before */
    SHUTDOWN_DRAINING, /* nothing is accepted any more, the workers finish */
    SHUTDOWN_ENDING,   /* every child was told to end */
};

/* shutdown.c */
struct shutdown {
    enum shutdown_state state;
    struct deadline deadline;
    int exit_code;
    bool deadline_passed;
};

/* control_link.c */
struct control_link {
    bool greeted;     /* it was sent HELLO, so it may be asked to load */
    bool load_wanted; /* a reload was asked for while it could not be told */
};

struct parent {
    /* owned */
    struct io *io;
    struct board *board;
    int board_fd;
    int command_socket;
    struct listeners listeners;
    struct log_sink log_sink;
    struct publish publish;
    struct shutdown shutdown;
    struct control_link link;
    struct child control;
    struct child keys; /* no kind: the workers have the keys themselves */
    struct child checker;
    struct child workers[BOARD_WORKERS];
    size_t worker_count;
    /* borrowed */
    const struct run_options *options;
    struct spawn_identity identity;      /* of the children */
    struct spawn_identity keys_identity; /* of swarmward-keys */
    uint8_t boot_secret[32];
};

/* control_link.c */
extern const struct child_kind control_kind;
void control_link_reload(struct parent *parent); /* SIGHUP */
/* The rollout that control waited for is over; `reason` empty: it is served. */
void control_link_rolled_out(struct parent *parent, uint64_t load_id, uint64_t generation,
                             const char *reason);

/* member.c */
extern const struct child_kind worker_kind;
extern const struct child_kind keys_kind;
extern const struct child_kind checker_kind;
size_t member_number(const struct child *child); /* in a rollout */
void member_ask(struct child *child, const struct generation *generation);
void member_commit(struct child *child, uint64_t generation);
void member_cancel(struct child *child, uint64_t generation);
void member_bring_up(struct child *child);
void member_send_log_sink(struct child *child);
/* A worker that is not through with its start drains when it is: what waits in its queue is served.
 */
void member_drain(struct child *child);

/* publish.c */
void publish_init(struct parent *parent);
void publish_done(struct parent *parent);
void publish_begin(struct parent *parent, struct channel_message *message);
void publish_member_free(struct child *child); /* it is through with the generation before */
void publish_member_ready(struct child *child, uint64_t generation);
void publish_member_refused(struct child *child, uint64_t generation, const char *reason);
void publish_member_died(struct child *child);
/* Nothing was ever served, and nothing will be: say why and end. */
void publish_cannot_start(struct parent *parent, int exit_code, const char *reason);
void publish_reopen_log(struct parent *parent); /* SIGUSR1 */

/* shutdown.c */
void shutdown_init(struct parent *parent);
void shutdown_done(struct parent *parent);
void shutdown_signal(struct parent *parent, int number);
/* End every child, wait for them, then leave the loop with `exit_code`. */
void shutdown_end(struct parent *parent, int exit_code);
void shutdown_child_died(struct child *child);

/* Every child, for loops: control, then every member of a rollout. NULL past the last. */
struct child *parent_child(struct parent *parent, size_t i);
/* Every member of a rollout: keys (first, as they are needed at once), the checker, the workers. */
struct child *parent_member(struct parent *parent, size_t i);

#endif
