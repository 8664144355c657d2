#ifndef SWARMWARD_PROCESS_SPAWN_H
#define SWARMWARD_PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Fork and execute one of our own programs with numbered descriptors (descriptors.h). */

struct spawn_identity {
    bool drop; /* started as root: become this user */
    uid_t uid;
    gid_t gid;
    bool read_files;  /* keep the capability to read files that belong to others (control) */
    bool change_root; /* keep that to change the root, until it is in its sandbox (the others) */
    bool has_group;   /* be in one more group: that of the Docker socket (control) */
    gid_t group;
};

struct spawn_plan {
    const char *program;          /* absolute path */
    const char *const *arguments; /* NULL-terminated, with argv[0] */
    int channel;                  /* becomes CHILD_CHANNEL */
    int board;                    /* becomes CHILD_BOARD */
    struct spawn_identity identity;
};

/* The child dies with the parent (PR_SET_PDEATHSIG). -1: `err` says why; no process is left. */
pid_t spawn_child(const struct spawn_plan *plan, struct err *err);

/*
 * First thing in a child's main(): no dumps, no new privileges, and deaf to the signals that are
 * the parent's business. Ends the process when it was not started by spawn_child().
 */
void child_begin(const char *program);

/* Become another program of ours. Returns on failure only; errno says why. */
void spawn_replace(const char *program, const char *const *arguments);

/* Path of a program of ours: beside this executable when built, else in the libexec directory. */
int spawn_find_program(const char *name, char *path, size_t bytes, struct err *err);

#endif
