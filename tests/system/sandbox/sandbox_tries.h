#ifndef SWARMWARD_SANDBOX_TRIES_H
#define SWARMWARD_SANDBOX_TRIES_H

#include <stddef.h>

/* What somebody may try who has taken over one of our programs. */

struct sandbox_try {
    const char *name;
    long (*run)(const char *path); /* -1: refused with errno; anything else: it worked */
};

extern const struct sandbox_try sandbox_tries[];
extern const size_t sandbox_try_count;

#endif
