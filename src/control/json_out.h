#ifndef SWARMWARD_CONTROL_JSON_OUT_H
#define SWARMWARD_CONTROL_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

/*
 * Writes JSON straight into a buffer, without a tree in between: a status of ten thousand domains
 * is a megabyte. `key` NULL inside an array.
 */
struct json_out {
    struct buffer *out; /* borrowed */
    bool comma;         /* something stands before the next member */
};

static inline struct json_out json_to(struct buffer *out)
{
    return (struct json_out){ .out = out };
}

void json_put_object(struct json_out *json, const char *key);
void json_put_array(struct json_out *json, const char *key);
void json_put_object_end(struct json_out *json);
void json_put_array_end(struct json_out *json);

void json_put_text(struct json_out *json, const char *key, struct text value);
void json_put_number(struct json_out *json, const char *key, int64_t value);
void json_put_bool(struct json_out *json, const char *key, bool value);
void json_put_time(struct json_out *json, const char *key,
                   int64_t wall_s); /* "2026-01-31T12:00:00Z" */

#endif
