#ifndef SWARMWARD_WORKER_BODY_WATCH_H
#define SWARMWARD_WORKER_BODY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "model/sections.h"

/* Whether a client sends a request body fast enough, while somebody takes it. */
struct body_watch {
    int64_t since_ms;        /* when the body began */
    int64_t last_ms;         /* its last byte */
    int64_t paused_since_ms; /* the backend takes no more: not the client's fault; 0: it does */
    int64_t paused_ms;       /* altogether */
    uint64_t bytes;
};

/* Begins paused: no backend is there yet. */
void body_watch_begin(struct body_watch *watch, int64_t now_ms);
void body_watch_pause(struct body_watch *watch, bool paused, int64_t now_ms);
void body_watch_count(struct body_watch *watch, uint64_t bytes, int64_t now_ms);
/* Why the body is given up; NULL: it may go on. */
const char *body_watch_verdict(const struct body_watch *watch, const struct limit_settings *limits,
                               int64_t now_ms);

#endif
