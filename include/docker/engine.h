#ifndef SWARMWARD_DOCKER_ENGINE_H
#define SWARMWARD_DOCKER_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "net/io.h"

/*
 * A Docker Engine, asked by HTTP over its unix socket or TCP with mutual TLS. Only the GETs of
 * enum docker_call exist: this code cannot change a swarm. Answers come from the event loop, never
 * from inside docker_get().
 */
struct docker_engine;
struct docker_request;

enum docker_call {
    DOCKER_PING,     /* /_ping, without a version in the path */
    DOCKER_VERSION,  /* /version, the same */
    DOCKER_INFO,     /* /info */
    DOCKER_SERVICES, /* /services?status=false */
    DOCKER_TASKS,    /* /tasks */
    DOCKER_NETWORKS, /* /networks */
    DOCKER_NODES,    /* /nodes */
    DOCKER_CONFIGS,  /* /configs */
    DOCKER_EVENTS,   /* /events: never ends by itself */
};

/* How to reach it; texts are copied. */
struct docker_target {
    struct text endpoint; /* "unix:///path" or "tcp://host:port" */
    struct text ca;       /* paths of PEM files, for tcp: all three or none */
    struct text cert;
    struct text key;
};

/* -1: `err` says what is wrong with the endpoint as it is written. Opens no connection. */
int docker_engine_new(struct io *io, const struct docker_target *target,
                      struct docker_engine **engine_out, struct err *err);
/* Cancels what is under way, without a word to the handlers. NULL is fine. */
void docker_engine_free(struct docker_engine *engine);

/*
 * Negotiate: of the two ranges the highest version in common, from the body of a DOCKER_VERSION
 * answer. -1: `err` names both ranges and what to do.
 */
int docker_engine_negotiate(struct docker_engine *engine, struct text version_json,
                            struct err *err);
/* "1.47"; empty before. */
struct text docker_engine_api_version(const struct docker_engine *engine);

enum docker_outcome {
    DOCKER_OK,
    DOCKER_UNREACHABLE, /* no connection, or it broke: `reason` */
    DOCKER_TIMED_OUT,
    DOCKER_STATUS,    /* an answer that is not 200: `status`, and `reason` has the Engine's words */
    DOCKER_TOO_LARGE, /* the answer is longer than the bound of its call */
};

struct docker_answer {
    enum docker_outcome outcome;
    long status;        /* HTTP; 0: there was none */
    const char *reason; /* one line for the log; "" when DOCKER_OK */
    struct text body;   /* when DOCKER_OK; until the handler returns */
};

struct docker_handler {
    /* Once a request, and then the request is gone. */
    void (*on_answer)(void *owner, const struct docker_answer *answer);
    /* DOCKER_EVENTS only: the stream is open; then one JSON object each time, in order. */
    void (*on_open)(void *owner);
    void (*on_event)(void *owner, struct text json);
};

/*
 * Ask. `filters` is the JSON of the query's `filters` ("{\"service\":[\"abc\"]}"), or empty. An
 * ordinary call times out after 10 s; DOCKER_EVENTS ends when the connection does, and when TCP
 * keepalive finds it dead.
 */
struct docker_request *docker_get(struct docker_engine *engine, enum docker_call call,
                                  struct text filters, const struct docker_handler *handler,
                                  void *owner);
/* No more callbacks; safe inside its own. NULL is fine. */
void docker_cancel(struct docker_request *request);

/* Requests made since the beginning, and bytes received: for the metrics. */
uint64_t docker_engine_requests(const struct docker_engine *engine);
uint64_t docker_engine_bytes(const struct docker_engine *engine);

#endif
