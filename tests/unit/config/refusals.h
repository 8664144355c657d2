#ifndef SWARMWARD_TESTS_REFUSALS_H
#define SWARMWARD_TESTS_REFUSALS_H

#include "config/settings_file.h"

/* Files that must be refused, with the very words. */

/* Two lines that make a whole file, so that a case may go on in line 3. */
#define WHOLE "version: 1\ndomains: { a.example: \"127.0.0.1:80\" }\n"

struct refusal {
    const char *yaml;
    const char *error; /* all of the lines, without "f.yaml:" and "error: " in front of each */
};

void assert_refusals(const struct refusal *refusals, size_t count);

/* Must be accepted without a warning; settings_free() it. */
struct settings *assert_accepted(const char *yaml);

/* All lines, terminated; free() it. `*settings_out` may be NULL in the end. */
char *read_lines(struct text yaml, struct settings **settings_out);

#endif
