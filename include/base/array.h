#ifndef SWARMWARD_BASE_ARRAY_H
#define SWARMWARD_BASE_ARRAY_H

#include <stddef.h>

/*
 * A growable array of any struct, by three members:
 *     struct thing *things; size_t thing_count; size_t thing_capacity;
 *     *ARRAY_PUSH(x->things, x->thing_count, x->thing_capacity) = (struct thing){...};
 * Free the pointer with free(). The new element is not zeroed.
 */
#define ARRAY_PUSH(items, count, capacity)                                                         \
    ((items) = array_room((items), (count), &(capacity), sizeof(__typeof__(*(items)))),            \
     &(items)[(count)++])

void *array_room(void *items, size_t count, size_t *capacity, size_t size);

#endif
