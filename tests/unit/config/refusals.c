/* Tables of files that must be refused, compared word by word. */

#include "refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

char *read_lines(struct text yaml, struct settings **settings_out)
{
    struct problems problems = { 0 };
    char *lines;

    *settings_out = settings_parse("f.yaml", yaml, &problems);
    assert_int_equal(*settings_out == NULL, problems.error_count > 0);
    lines = text_to_heap(buffer_text(&problems.lines));
    problems_done(&problems);
    return lines;
}

/* "3:1: what" -> "f.yaml:3:1: error: what", "what" -> "f.yaml: error: what" */
static void whole_line(struct text line, struct buffer *out)
{
    struct text number;
    struct text rest;
    struct text column;
    uint64_t ignored;

    buffer_append_text(out, TEXT("f.yaml:"));
    if (text_split(line, ':', &number, &rest) && text_to_u64(number, &ignored) &&
        text_split(rest, ':', &column, &rest) && text_to_u64(column, &ignored)) {
        buffer_format(out, "%.*s:%.*s:", TEXT_ARGS(number), TEXT_ARGS(column));
        line = text_from(rest, 1);
    }
    buffer_format(out, " error: %.*s\n", TEXT_ARGS(line));
}

static char *whole_lines(const char *error)
{
    struct buffer out = { 0 };
    struct text rest = text_of(error);
    struct text line;
    char *lines;

    while (rest.len) {
        text_split(rest, '\n', &line, &rest);
        whole_line(line, &out);
    }
    lines = text_to_heap(buffer_text(&out));
    buffer_done(&out);
    return lines;
}

void assert_refusals(const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct settings *settings = NULL;
        char *lines = read_lines(text_of(refusals[i].yaml), &settings);
        char *wanted = whole_lines(refusals[i].error);

        assert_string_equal(lines, wanted);
        assert_null(settings);
        free(lines);
        free(wanted);
    }
}

struct settings *assert_accepted(const char *yaml)
{
    struct settings *settings = NULL;
    char *lines = read_lines(text_of(yaml), &settings);

    assert_string_equal(lines, "");
    assert_non_null(settings);
    free(lines);
    return settings;
}
