#ifndef SWARMWARD_BASE_ARENA_H
#define SWARMWARD_BASE_ARENA_H

#include <stddef.h>

#include "base/text.h"

/* Memory that is freed at once. Zero-initialised is empty and holds no memory. */
struct arena_block;

struct arena {
    /* owned */
    struct arena_block *blocks; /* newest first */
    char *at;                   /* free bytes of the newest block */
    size_t left;
    size_t total; /* bytes held from the heap */
};

/* Aligned for any type. Not zeroed / zeroed. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_new(struct arena *arena, size_t count, size_t size);

struct text arena_text(struct arena *arena, struct text text);
char *arena_cstr(struct arena *arena, struct text text); /* terminated */
struct text arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void arena_done(struct arena *arena);  /* gives all memory back */
void arena_wipe(struct arena *arena);  /* the same, overwritten first: for secrets */
void arena_reset(struct arena *arena); /* empty; keeps one block for the next use */

/* arena_reset() keeps none that is larger. */
#define ARENA_KEPT_BYTES ((size_t)16 * 1024)

#endif
