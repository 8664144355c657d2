/* Messages with the name of the setting in front, and the few questions that every section asks. */

#include "reading.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/text_check.h"

#define MESSAGE_BYTES 900

bool reading_is_hopeless(const struct reading *reading)
{
    return reading->problems->error_count >= PROBLEMS_SHOWN;
}

static void print_trail(const struct trail *trail, struct buffer *out)
{
    if (!trail)
        return;
    print_trail(trail->parent, out);
    if (trail->parent)
        buffer_append_byte(out, '.');
    buffer_append_text(out, text_first(trail->name, 80));
}

static void write_message(struct buffer *out, const struct trail *trail, const char *message)
{
    print_trail(trail, out);
    if (trail)
        buffer_append_text(out, TEXT(": "));
    buffer_append_text(out, text_of(message));
}

void reading_error(struct reading *reading, const struct trail *trail, struct source_place place,
                   const char *format, ...)
{
    char message[MESSAGE_BYTES];
    struct buffer whole = { 0 };
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    write_message(&whole, trail, message); /* TEXT_ARGS evaluates its argument more than once */
    problems_error(reading->problems, reading->settings, place, "%.*s",
                   TEXT_ARGS(buffer_text(&whole)));
    buffer_done(&whole);
}

void reading_warning(struct reading *reading, const struct trail *trail, struct source_place place,
                     const char *format, ...)
{
    char message[MESSAGE_BYTES];
    struct buffer whole = { 0 };
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    write_message(&whole, trail, message); /* TEXT_ARGS evaluates its argument more than once */
    problems_warning(reading->problems, reading->settings, place, "%.*s",
                     TEXT_ARGS(buffer_text(&whole)));
    buffer_done(&whole);
}

bool reading_expects(struct reading *reading, const struct trail *trail,
                     const struct yaml_node *node, enum yaml_kind kind)
{
    static const char *const wanted[] = {
        [YAML_SCALAR] = "one value",
        [YAML_NOTHING] = "nothing",
        [YAML_MAPPING] = "a mapping, like { name: value }",
        [YAML_SEQUENCE] = "a list, like [a, b]",
        [YAML_BROKEN] = "nothing",
    };

    if (node->kind == kind)
        return true;
    if (node->kind == YAML_NOTHING)
        reading_error(reading, trail, node->key.len ? node->key_place : node->place,
                      "has no value; write %s, or remove it", wanted[kind]);
    else if (node->kind != YAML_BROKEN)
        reading_error(reading, trail, node->place, "must be %s", wanted[kind]);
    return false;
}

bool reading_takes_labels(const struct reading *reading)
{
    return reading->docker_written && reading->settings->docker.label_policy != LABEL_POLICY_IGNORE;
}

/* What stands behind "secret:"; names have no slash, so nothing else can be reached by them. */
static struct text mounted_name(struct reading *reading, const struct trail *trail,
                                struct source_place place, struct text path)
{
    struct text name = text_from(path, text_find(path, ':') + 1);
    struct err err;

    if (name.len == 0)
        reading_error(reading, trail, place, "there is no name behind the colon");
    else if (text_check_name(name, &err) < 0)
        reading_error(reading, trail, place, "%s", err.text);
    return name;
}

struct text reading_mounted_path(struct reading *reading, const struct trail *trail,
                                 struct source_place place, struct text path, bool is_secret)
{
    struct arena *arena = &reading->settings->arena;
    bool from_secret = text_starts(path, TEXT("secret:"));
    struct text name;

    if (!from_secret && !text_starts(path, TEXT("config:")))
        return reading_path(reading, path);
    name = mounted_name(reading, trail, place, path);
    if (from_secret)
        return arena_format(arena, "/run/secrets/%.*s", TEXT_ARGS(name));
    if (is_secret)
        reading_error(reading, trail, place,
                      "a config can be read by everybody who may inspect the swarm; make it a "
                      "secret and write secret:NAME");
    return arena_format(arena, "/%.*s", TEXT_ARGS(name));
}

struct text reading_path(struct reading *reading, struct text path)
{
    struct text file = reading->settings->path;
    size_t slash = text_find_last(file, '/');

    if (path.len == 0 || path.at[0] == '/' || slash == file.len)
        return path;
    return arena_format(&reading->settings->arena, "%.*s/%.*s", TEXT_ARGS(text_first(file, slash)),
                        TEXT_ARGS(path));
}
