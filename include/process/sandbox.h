#ifndef SWARMWARD_PROCESS_SANDBOX_H
#define SWARMWARD_PROCESS_SANDBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What a program of ours can still do once it has opened what it needs: as much as it does by
 * itself and nothing beyond it, whoever has taken it over. docs/decisions/sandbox.md has the layers
 * and why.
 */

enum sandbox_profile {
    SANDBOX_PARENT,  /* everything but what nobody needs; every other process inherits it */
    SANDBOX_CONTROL, /* files, DNS, sockets; no program, no other process */
    SANDBOX_WORKER,  /* TCP that it was given or that it connects; no file, no program */
    SANDBOX_CHECKER, /* the same without accepting */
    SANDBOX_KEYS,    /* what it has open, and nothing else */
};

/* What was there to be applied. */
struct sandbox_facts {
    bool empty_root; /* "/" is an empty directory */
    unsigned
        landlock;   /* version of its interface; 0: this kernel has none, or the profile no use */
    unsigned calls; /* system calls that are let through; 0: all but those that are listed */
    bool for_sanitizers; /* more are, and files: a build for tests, never for production */
};

/*
 * Enter `profile`, for good. All that is opened must be open, one thread must run. `refused` is
 * borrowed and outlives the process, NULL if nobody reads it: before a system call that is none of
 * the profile's ends the process by SIGSYS, its number plus one is written there (not in
 * SANDBOX_PARENT, and in SANDBOX_CONTROL only for what nobody needs: else the call fails with
 * ENOSYS).
 * -1: `err` says why; the process must not go on.
 */
int sandbox_enter(enum sandbox_profile profile, _Atomic uint32_t *refused,
                  struct sandbox_facts *facts_out, struct err *err);

/*
 * For a main(): the same with one line in the log; ends the process when it fails.
 */
void sandbox_confine(enum sandbox_profile profile, _Atomic uint32_t *refused);

/*
 * The same for a program with a second thread: `start` is called when all but the system calls is
 * closed up, and has to wait until the thread has set itself up; the list of calls then holds for
 * both. Ends the process when it fails.
 */
typedef int sandbox_start(void *owner, struct err *err);
void sandbox_confine_threads(enum sandbox_profile profile, _Atomic uint32_t *refused,
                             sandbox_start *start, void *owner);

/*
 * For control, later, when it knows where it may write: from now on nothing changes but beneath
 * `directory` ("": nowhere) and nothing is executed, where the kernel has Landlock. One line in the
 * log; ends the process when it fails.
 */
void sandbox_confine_writes(const char *directory);

/* The name of what `refused` holds; "a system call" when it is none that we know. Trusts nothing.
 */
const char *sandbox_call_name(uint32_t refused);

#endif
