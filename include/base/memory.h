#ifndef SWARMWARD_BASE_MEMORY_H
#define SWARMWARD_BASE_MEMORY_H

#include <stddef.h>

/*
 * The heap. Out of memory aborts here and nowhere else: every size that a peer controls has a
 * bound before it is allocated. Free with free().
 */

void *memory_new(size_t bytes);                            /* zeroed */
void *memory_resize(void *old, size_t count, size_t size); /* count * size, checked; not zeroed */
void *memory_copy(const void *from, size_t bytes);
char *memory_copy_text(const char *text);

/* Overwrite before free, not optimised away. */
void memory_wipe(void *at, size_t bytes);

#endif
