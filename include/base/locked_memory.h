#ifndef SWARMWARD_BASE_LOCKED_MEMORY_H
#define SWARMWARD_BASE_LOCKED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Memory for secrets, whole pages of its own: in no core file, gone in a child that is forked, and
 * not swapped out where RLIMIT_MEMLOCK allows that.
 */

/* Zeroed. `*locked_out` is false when it could be swapped out. */
void *locked_memory_new(size_t bytes, bool *locked_out);
void locked_memory_free(void *at, size_t bytes); /* wipes it first; NULL is fine */

/*
 * Everything that this process has and will have, its heap with it. False: RLIMIT_MEMLOCK is too
 * low for that, and nothing was changed.
 */
bool locked_memory_for_all(void);

/*
 * Where that fails: the heap alone, as far as it goes now. From the first call on it grows in large
 * steps; call this again when it may have. False: it could be swapped out.
 */
struct locked_heap {
    char *start; /* NULL: not looked for yet */
};
bool locked_memory_for_heap(struct locked_heap *heap);

#endif
