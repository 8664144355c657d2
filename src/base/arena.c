/* Memory in blocks that are freed at once. A request larger than a block gets a block of its own.
 */

#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define FIRST_BLOCK_BYTES 2048
#define MOST_BLOCK_BYTES  ((size_t)256 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t bytes; /* behind this header */
};

static size_t align_up(size_t bytes)
{
    return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static char *block_start(struct arena_block *block)
{
    return (char *)block + align_up(sizeof(struct arena_block));
}

static void arena_add_block(struct arena *arena, size_t least)
{
    size_t bytes = arena->total ? arena->total : FIRST_BLOCK_BYTES;
    struct arena_block *block;

    if (bytes > MOST_BLOCK_BYTES)
        bytes = MOST_BLOCK_BYTES;
    if (bytes < least)
        bytes = least;
    block = memory_resize(NULL, align_up(sizeof(*block)) + bytes, 1);
    block->next = arena->blocks;
    block->bytes = bytes;
    arena->blocks = block;
    arena->at = block_start(block);
    arena->left = bytes;
    arena->total += bytes;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    void *found;

    bytes = align_up(bytes ? bytes : 1);
    if (arena->left < bytes)
        arena_add_block(arena, bytes);
    found = arena->at;
    arena->at += bytes;
    arena->left -= bytes;
    return found;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *found;

    if (__builtin_mul_overflow(count, size, &bytes))
        abort();
    found = arena_alloc(arena, bytes);
    memset(found, 0, bytes);
    return found;
}

struct text arena_text(struct arena *arena, struct text text)
{
    return text_make(arena_cstr(arena, text), text.len);
}

char *arena_cstr(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.len + 1);

    if (text.len)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct text arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int len;
    char *copy;

    va_start(arguments, format);
    va_copy(again, arguments);
    len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0)
        len = 0;
    copy = arena_alloc(arena, (size_t)len + 1);
    vsnprintf(copy, (size_t)len + 1, format, again);
    va_end(again);
    return text_make(copy, (size_t)len);
}

void arena_done(struct arena *arena)
{
    struct arena_block *next;

    for (struct arena_block *block = arena->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct arena){ 0 };
}

void arena_wipe(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks; block; block = block->next)
        memory_wipe(block_start(block), block->bytes);
    arena_done(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *oldest = arena->blocks;

    if (!oldest)
        return;
    while (oldest->next) {
        struct arena_block *next = oldest->next;

        free(oldest);
        oldest = next;
    }
    if (oldest->bytes > ARENA_KEPT_BYTES) {
        free(oldest);
        *arena = (struct arena){ 0 };
        return;
    }
    arena->blocks = oldest;
    arena->at = block_start(oldest);
    arena->left = oldest->bytes;
    arena->total = oldest->bytes;
}
