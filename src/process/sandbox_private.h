#ifndef SWARMWARD_SANDBOX_PRIVATE_H
#define SWARMWARD_SANDBOX_PRIVATE_H

#include <stddef.h>

#include "process/sandbox.h"

/* The layers of a sandbox, for the files in this folder. */

/* Sanitizers read files, start a thread that looks into the others, and map what they like, so
 * that with them only a part of the sandbox can be there. */
#if defined(__SANITIZE_ADDRESS__)
#    define SANDBOX_FOR_SANITIZERS 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define SANDBOX_FOR_SANITIZERS 1
#    endif
#endif
#ifndef SANDBOX_FOR_SANITIZERS
#    define SANDBOX_FOR_SANITIZERS 0
#endif

struct sandbox_call {
    int number; /* negative: this machine has no such call, or under another name */
    const char *name;
};

struct sandbox_calls {
    const struct sandbox_call *items;
    size_t count;
};

/* seccomp_lists.c */
extern const struct sandbox_calls calls_of_all;     /* memory, time, its own descriptors */
extern const struct sandbox_calls calls_of_tcp;     /* connections */
extern const struct sandbox_calls calls_of_control; /* files, threads, every socket */
extern const struct sandbox_calls calls_for_sanitizers;
extern const struct sandbox_calls calls_forbidden;       /* nobody needs them, some are dangerous */
extern const struct sandbox_calls calls_forbidden_later; /* the parent and a new child do */

/* seccomp.c: the list of the profile, in force. Returns how many calls it lets through, -1 with
 * err. */
int seccomp_apply(enum sandbox_profile profile, _Atomic uint32_t *refused, struct err *err);

/* landlock.c: no file at all, no port to bind; for SANDBOX_KEYS none to connect to. Returns the
 * version of the interface, 0 without one, -1 with err. */
int landlock_apply(bool may_connect, struct err *err);
/* Files are read, but none is executed, and none changes but beneath `directory` (NULL: nowhere).
 * The same results. */
int landlock_keep_writes(const char *directory, struct err *err);

#endif
