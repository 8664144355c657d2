#ifndef SWARMWARD_TESTS_FUZZ_OTHER_PARSER_H
#define SWARMWARD_TESTS_FUZZ_OTHER_PARSER_H

#include <stdbool.h>

#include "base/buffer.h"

/* A request as a parser that is not ours reads it. Apart, as both have an enum http_method. */

#define READING_FIELDS_MAX 64

/* What one parser makes of the bytes. Zeroed before. */
struct reading {
    char method[32];
    struct buffer target;
    struct buffer names[READING_FIELDS_MAX];
    struct buffer values[READING_FIELDS_MAX];
    size_t field_count; /* of the head; trailers are behind them */
    size_t head_fields;
    struct buffer body;
    size_t bytes; /* of the whole message */
    bool keep;
    bool complete;
    bool upgrade;
    bool in_value;
};

void reading_done(struct reading *reading);

/* Into `reading`; `complete` says whether it was a whole message. */
void other_parser_read(struct reading *reading, struct text bytes);

/* It has a list of methods, and none beyond it. */
bool other_parser_knows(const char *method);

#endif
