#ifndef SWARMWARD_TESTS_HTTP_HEADS_H
#define SWARMWARD_TESTS_HTTP_HEADS_H

/* cmocka.h wants these before it, so a test includes this header first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/h1_parser.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Initialises a text in a static table; a NUL may be among the bytes. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        .at = (literal), .len = sizeof(literal) - 1                                                \
    }

/* A parsed head with the memory it points into. */
struct parsed {
    char *bytes; /* exactly as long as what was fed: a read behind it is found by ASan */
    struct field_line lines[FIELD_LINES_MAX];
    struct request_head request;
    struct response_head response;
    struct field_list trailers;
    size_t consumed;
    struct h1_refusal refusal;
};

enum message {
    REQUEST,
    RESPONSE,
    TRAILERS,
};

extern const struct h1_limits small_limits; /* 512 bytes, 8 fields, a target of 64 */

/* Bytes without a terminator into the middle of others. */
void place(char *at, struct text bytes);

struct parsed *parsed_new(void);
void parsed_free(struct parsed *parsed);

/* All bytes at once. */
enum parse_result parse_whole(struct parsed *parsed, enum message message, struct text bytes);
/* One byte more at a time, each time in new memory, then an empty line, until it is no PARSE_MORE.
 */
enum parse_result parse_in_bytes(struct parsed *parsed, enum message message, struct text bytes);
/* The first `cut` bytes, then all and an empty line. */
enum parse_result parse_cut(struct parsed *parsed, enum message message, struct text bytes,
                            size_t cut);

/* A head that must be good, through the parser, into `parsed`; no small limits here. */
void parse_good_request(struct parsed *parsed, const char *bytes);
void parse_good_response(struct parsed *parsed, const char *bytes);

/* Fails the test and names the case. */
void expect_text(const char *name, struct text got, const char *want);
void expect_refusal(const char *name, const struct h1_refusal *got, int status, const char *reason);

#endif
