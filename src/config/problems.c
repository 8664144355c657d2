/*
 * The list of what is wrong with a mapping file: bounded, one line each, in the order of the file.
 * Bytes of the file that a terminal would obey never get into a line.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "config/settings_file.h"

#define MESSAGE_BYTES 1024

struct problem {
    struct source_place place;
    size_t number; /* in the order of being found */
    size_t start;  /* within `lines` */
    size_t len;
};

/* Sorts behind every line of a file. */
static const struct source_place behind_all = { UINT32_MAX, UINT32_MAX };

void problems_done(struct problems *problems)
{
    buffer_done(&problems->lines);
    free(problems->found);
    *problems = (struct problems){ 0 };
}

/* Control characters, those beyond ASCII too, become question marks. */
static void make_harmless(char *message)
{
    for (char *at = message; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        unsigned char next = (unsigned char)at[1];

        if (byte < 0x20 || byte == 0x7F)
            *at = '?';
        else if (byte == 0xC2 && next >= 0x80 && next < 0xA0)
            at[0] = at[1] = '?';
    }
}

static void add(struct problems *problems, const struct settings *settings,
                struct source_place place, const char *kind, char *message)
{
    struct problem *problem =
        ARRAY_PUSH(problems->found, problems->found_count, problems->found_capacity);
    size_t start = buffer_len(&problems->lines);

    make_harmless(message);
    buffer_append_text(&problems->lines, settings->path);
    if (place.line && place.line != UINT32_MAX)
        buffer_format(&problems->lines, ":%u:%u", place.line, place.column);
    buffer_format(&problems->lines, ": %s: %s\n", kind, message);
    *problem = (struct problem){
        .place = place,
        .number = problems->found_count,
        .start = start,
        .len = buffer_len(&problems->lines) - start,
    };
}

void problems_error(struct problems *problems, const struct settings *settings,
                    struct source_place place, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    if (++problems->error_count > PROBLEMS_SHOWN)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    add(problems, settings, place, "error", message);
}

void problems_warning(struct problems *problems, const struct settings *settings,
                      struct source_place place, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;

    if (++problems->warning_count > PROBLEMS_SHOWN)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    add(problems, settings, place, "warning", message);
}

static int in_order(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;

    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static void add_rest(struct problems *problems, const struct settings *settings, const char *kind,
                     size_t count)
{
    char message[MESSAGE_BYTES];

    if (count <= PROBLEMS_SHOWN)
        return;
    snprintf(message, sizeof(message), "and %zu more", count - PROBLEMS_SHOWN);
    add(problems, settings, behind_all, kind, message);
}

void problems_settle(struct problems *problems, const struct settings *settings)
{
    struct buffer sorted = { 0 };
    size_t kept = 0;

    if (problems->found_count > 1)
        qsort(problems->found, problems->found_count, sizeof(*problems->found), in_order);
    for (size_t i = 0; i < problems->found_count; i++) {
        struct problem *problem = &problems->found[i];
        struct text all = buffer_text(&problems->lines);
        size_t start = buffer_len(&sorted);

        if (problem->place.line == UINT32_MAX)
            break; /* said by the last call, said anew below */
        buffer_append(&sorted, all.at + problem->start, problem->len);
        problem->start = start;
        kept++;
    }
    problems->found_count = kept;
    buffer_done(&problems->lines);
    problems->lines = sorted;
    add_rest(problems, settings, "error", problems->error_count);
    add_rest(problems, settings, "warning", problems->warning_count);
}
