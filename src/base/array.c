/* Growable arrays: doubling, checked for overflow by memory_resize(). */

#include "base/array.h"

#include "base/memory.h"

void *array_room(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? *capacity * 2 : 8;
    return memory_resize(items, *capacity, size);
}
