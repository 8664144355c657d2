#ifndef SWARMWARD_PARENT_RUN_H
#define SWARMWARD_PARENT_RUN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `swarmward run`: the parent. Binds, starts the other programs, rolls out what control publishes,
 * ends them all. Parses nothing from outside.
 */

struct run_options {
    const char *config_path;
    size_t workers;              /* 0: one a core */
    bool dev;                    /* make certificates for domains that have none */
    const char *state_directory; /* NULL: keep nothing on disk */
    const char *socket_path;     /* NULL: the default of command_socket.h */
    const char *user;            /* NULL: the default of privileges.h; only read when root */
    const char *docker_socket;   /* NULL: where it usually is; only read when root */
    bool keys_in_workers;        /* no process for the keys */
};

/* Returns the exit code, when a signal or a failure ended it: 0 ended as asked, 1 it failed, 2 the
 * file is not valid. */
int parent_run(const struct run_options *options);

#endif
