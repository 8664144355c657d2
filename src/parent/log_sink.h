#ifndef SWARMWARD_PARENT_LOG_SINK_H
#define SWARMWARD_PARENT_LOG_SINK_H

#include "base/err.h"
#include "base/text.h"
#include "ipc/messages.h"

/* Where the access log goes. The parent opens it, the workers write to it. */

struct log_sink {
    int fd;     /* owned; -1: nowhere */
    int output; /* owned: standard output, opened once */
    char target[MESSAGE_PATH_BYTES];
};

/*
 * Takes a description of its own of standard output where the kernel gives one, so that making it
 * non-blocking does not change the terminal or pipe of whoever started us. Call before privileges
 * are dropped.
 */
void log_sink_init(struct log_sink *sink);
void log_sink_done(struct log_sink *sink);

bool log_sink_is(const struct log_sink *sink, struct text target);

/* A descriptor for "stdout", "off" (-1 with 0 returned) or a path; not yet in use. */
int log_sink_open(const struct log_sink *sink, struct text target, int *fd_out, struct err *err);
/* From now on it is this one; takes the descriptor. */
void log_sink_use(struct log_sink *sink, struct text target, int fd);

#endif
