#ifndef SWARMWARD_TESTS_FUZZ_HTTP_CHECK_H
#define SWARMWARD_TESTS_FUZZ_HTTP_CHECK_H

/* What the fuzz targets of src/http check alike. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "fuzz_target.h"
#include "http/head.h"

static inline void check(bool holds, const char *what, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* What must hold, also in builds without assert(). */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* The input on the heap with an empty line behind it, which ends every head; free() it. */
static inline char *with_empty_line(const uint8_t *bytes, size_t len)
{
    static const struct text empty_line = { .at = "\r\n\r\n", .len = 4 };
    char *copy = memory_new(len + empty_line.len);

    if (len)
        memcpy(copy, bytes, len);
    memcpy(copy + len, empty_line.at, empty_line.len);
    return copy;
}

static inline bool is_inside(struct text view, struct text all)
{
    return view.len == 0 || (view.at >= all.at && view.at + view.len <= all.at + all.len);
}

static inline size_t count_fields(const struct field_list *fields, enum field_id id)
{
    size_t count = 0;

    for (size_t i = 0; i < fields->count; i++)
        count += fields->lines[i].id == id;
    return count;
}

static inline void check_fields(const struct field_list *fields, struct text all)
{
    uint32_t present = 0;

    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        CHECK(line->name.len > 0);
        CHECK(is_inside(line->name, all) && is_inside(line->value, all));
        CHECK(line->id == field_identify(line->name));
        present |= 1U << line->id;
        for (size_t at = 0; at < line->value.len; at++)
            CHECK(line->value.at[at] != '\r' && line->value.at[at] != '\n' &&
                  line->value.at[at] != '\0');
        if (line->value.len)
            CHECK(text_trim(line->value).len == line->value.len);
    }
    CHECK(present == fields->present);
}

static inline bool same_view(struct text a, struct text b)
{
    return a.at == b.at && a.len == b.len;
}

static inline void check_same_fields(const struct field_list *a, const struct field_list *b)
{
    CHECK(a->count == b->count && a->present == b->present);
    for (size_t i = 0; i < a->count; i++)
        CHECK(same_view(a->lines[i].name, b->lines[i].name) &&
              same_view(a->lines[i].value, b->lines[i].value) &&
              a->lines[i].odd_name == b->lines[i].odd_name);
}

#endif
