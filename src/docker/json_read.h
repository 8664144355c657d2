#ifndef SWARMWARD_DOCKER_JSON_READ_H
#define SWARMWARD_DOCKER_JSON_READ_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/* Members of the Engine's objects: what has the wrong type is as good as not there. */

/* NULL: `err` says where the bytes stop being JSON. */
json_t *json_read(struct text bytes, const char *what, struct err *err);

/* A copy in `arena`; empty when it is no text. */
struct text json_read_text(const json_t *object, const char *name, struct arena *arena);
/* The same without a copy: until the object is gone. */
struct text json_see_text(const json_t *object, const char *name);
bool json_read_bool(const json_t *object, const char *name);
/* 0 when it is no number, negative, or larger than `most`. */
uint64_t json_read_number(const json_t *object, const char *name, uint64_t most);
/* Something that may name an object in a query and in a log: printable, without spaces, bounded. */
bool json_is_id(struct text id);
/* Zeroed elements for the members of `list`, but not for more than `most`; at least one. */
void *json_room(const json_t *list, size_t most, struct arena *arena, size_t size);
/* The object or array at "A.B.C"; NULL: it is not there. */
const json_t *json_read_path(const json_t *object, const char *path);

#endif
