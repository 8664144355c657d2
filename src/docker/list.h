#ifndef SWARMWARD_DOCKER_LIST_H
#define SWARMWARD_DOCKER_LIST_H

#include "json_read.h"

/*
 * The Engine's lists, one object after the other: only one is held as a tree at any time, and what
 * is wrong inside one leaves the others alone.
 */

enum list_step {
    LIST_ITEM,
    LIST_END,
    LIST_BROKEN, /* no list, or one that ends in the middle */
};

/* Zero-initialised but for `rest`: the whole text. */
struct list_cursor {
    struct text rest;
    bool begun;
};

/* The bytes of the next member of the list; what they are is the reader's business. */
enum list_step list_next(struct list_cursor *cursor, struct text *item_out);

/* What a list is made of. */
struct list_kind {
    const char *name; /* for messages */
    size_t bytes;     /* of one element */
    /* One object of it; false: it lacks what it must have. */
    bool (*read)(const json_t *json, struct arena *arena, void *into);
    /* What is left of one that is no JSON; false: nothing. NULL: never anything. */
    bool (*salvage)(struct text bytes, struct arena *arena, void *into);
};

struct list_result {
    void *items; /* in the arena */
    size_t count;
    size_t bad;
};

int list_read(const struct list_kind *kind, struct text json, struct arena *arena,
              struct list_result *result_out, struct err *err);

#endif
