/* The heap, and the one place where running out of it ends the process. */

#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *memory_or_abort(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *memory_new(size_t bytes)
{
    return memory_or_abort(calloc(1, bytes ? bytes : 1));
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        memory_or_abort(NULL);
    return memory_or_abort(realloc(old, bytes ? bytes : 1));
}

void *memory_copy(const void *from, size_t bytes)
{
    void *copy = memory_or_abort(malloc(bytes ? bytes : 1));

    if (bytes)
        memcpy(copy, from, bytes);
    return copy;
}

char *memory_copy_text(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

void memory_wipe(void *at, size_t bytes)
{
    explicit_bzero(at, bytes);
}
