#ifndef SWARMWARD_TESTS_CHECKER_SCRIPTED_BACKEND_H
#define SWARMWARD_TESTS_CHECKER_SCRIPTED_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/text.h"
#include "net/address.h"
#include "net/io.h"

struct event;
struct exchange_with;

/* A listener on a loopback port that gives the same answer to every request. */
struct scripted_backend {
    struct io *io;
    struct address address;
    int fd;
    struct event *acceptable;
    TAILQ_HEAD(, exchange_with) exchanges;
    struct text answer;
    bool one_byte_a_turn; /* drip the answer */
    bool stay_open;       /* do not close behind the answer */
    size_t requests;
    char last_request[1024];
};

void scripted_backend_open(struct scripted_backend *backend, struct io *io);
void scripted_backend_close(struct scripted_backend *backend);

#endif
