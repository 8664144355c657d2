/* Reading jansson's trees without believing in their shape. */

#include "json_read.h"

#include <stdlib.h>
#include <string.h>

/*
 * Whole numbers become doubles: a uint64 of somebody's restart policy that is too large for
 * jansson's integers must not make the object unreadable. What is kept is below 2^53, or a time of
 * which the microseconds count. A NUL in a text is for the reader of the text to refuse.
 */
#define READ_FLAGS (JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL)
#define ID_BYTES   128

static json_t *load(struct text bytes, json_error_t *error)
{
    return json_loadb(bytes.at ? bytes.at : "", bytes.len, READ_FLAGS, error);
}

/*
 * jansson has no member names with a NUL, and one in a label would make its service unreadable: it
 * becomes U+FFFD, which has as many bytes and is no name of ours either.
 */
static json_t *load_without_nul(struct text bytes, json_error_t *error)
{
    static const char nul[] = "\\u0000";
    char *copy = text_to_heap(bytes);
    json_t *root;

    for (char *at = strchr(copy, '\\'); at && at[1]; at = strchr(at + 2, '\\'))
        if (strncmp(at, nul, sizeof(nul) - 1) == 0)
            memcpy(at, "\\ufffd", sizeof(nul) - 1);
    root = load(text_make(copy, bytes.len), error);
    free(copy);
    return root;
}

json_t *json_read(struct text bytes, const char *what, struct err *err)
{
    json_error_t error;
    json_t *root = load(bytes, &error);

    if (!root && json_error_code(&error) == json_error_null_byte_in_key)
        root = load_without_nul(bytes, &error);
    if (!root)
        err_set(err, "%s: no valid JSON, byte %d: %.100s", what, error.position, error.text);
    return root;
}

struct text json_see_text(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);

    return json_is_string(member) ? text_make(json_string_value(member), json_string_length(member))
                                  : TEXT_NONE;
}

struct text json_read_text(const json_t *object, const char *name, struct arena *arena)
{
    return arena_text(arena, json_see_text(object, name));
}

bool json_read_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

uint64_t json_read_number(const json_t *object, const char *name, uint64_t most)
{
    const json_t *member = json_object_get(object, name);
    double value = json_number_value(member); /* 0 when it is none */

    /* the second half is for a `most` that a double rounds up */
    return value >= 1 && value <= (double)most && value < 9.2e18 ? (uint64_t)value : 0;
}

bool json_is_id(struct text id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.at[i] <= ' ' || id.at[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_BYTES;
}

void *json_room(const json_t *list, size_t most, struct arena *arena, size_t size)
{
    size_t count = json_array_size(list);

    if (count > most)
        count = most;
    return arena_new(arena, count ? count : 1, size);
}

const json_t *json_read_path(const json_t *object, const char *path)
{
    char name[64];

    while (object && *path) {
        size_t len = strcspn(path, ".");

        text_to_buffer(text_make(path, len), name, sizeof(name));
        object = json_object_get(object, name);
        path += len + (path[len] == '.');
    }
    return object;
}
