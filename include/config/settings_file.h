#ifndef SWARMWARD_CONFIG_SETTINGS_FILE_H
#define SWARMWARD_CONFIG_SETTINGS_FILE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/text.h"
#include "model/settings.h"

/*
 * Everything that is wrong with a file, one line each: "file:line:column: error: what; hint".
 * Zero-initialised is empty. Of a thousand errors the first hundred are written, the rest counted.
 */
struct problem;

struct problems {
    /* owned */
    struct buffer lines;
    struct problem *found; /* private: where each line is, for sorting */
    size_t found_count;
    size_t found_capacity;
    size_t error_count;
    size_t warning_count;
};

#define PROBLEMS_SHOWN 100

void problems_done(struct problems *problems);
void problems_error(struct problems *problems, const struct settings *settings,
                    struct source_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void problems_warning(struct problems *problems, const struct settings *settings,
                      struct source_place place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Put the lines into the order of the file and, as the last one, say how many were not written. May
 * be called again after more were found; settings_parse() and settings_load() have called it.
 */
void problems_settle(struct problems *problems, const struct settings *settings);

#define SETTINGS_FILE_BYTES ((size_t)900 * 1024)
#define SETTINGS_DOMAINS    10000 /* aliases count too */

/*
 * YAML text -> settings, all checks included that need nothing but the text (references between
 * sections too). NULL: `problems` has at least one error. Warnings may be there either way.
 */
struct settings *settings_parse(const char *path, struct text yaml, struct problems *problems);
struct settings *settings_load(const char *path, struct problems *problems);

/* The two documents that are made from the field tables. */
void settings_write_reference(struct buffer *out); /* docs/configuration.md */
void settings_write_example(struct buffer *out);   /* conf/swarmward.yaml */

#endif
