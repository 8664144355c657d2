#ifndef SWARMWARD_TESTS_DOCKER_SCRIPTED_ENGINE_H
#define SWARMWARD_TESTS_DOCKER_SCRIPTED_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/text.h"
#include "net/io.h"

struct event;
struct engine_connection;

/* A listener on a unix socket that gives the same answer to every request, piece by piece. */
struct scripted_engine {
    struct io *io;
    int fd;
    char folder[32];
    char path[48];
    struct event *acceptable;
    TAILQ_HEAD(, engine_connection) connections;
    /* the answer, one piece a turn of the loop */
    const struct text *pieces;
    size_t piece_count;
    bool close_after;
    size_t connection_count;
    size_t request_count;
    char last_request[4096];
};

void scripted_engine_open(struct scripted_engine *engine, struct io *io);
void scripted_engine_close(struct scripted_engine *engine);

#endif
