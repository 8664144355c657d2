/* Reading jansson's trees without believing in their shape. */

#include "json_read.h"

#include <string.h>

json_t *json_read(struct text bytes, const char *what, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(bytes.at ? bytes.at : "", bytes.len, JSON_DECODE_ANY, &error);

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
    json_int_t value = json_is_integer(member) ? json_integer_value(member) : 0;

    return value < 0 || (uint64_t)value > most ? 0 : (uint64_t)value;
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
