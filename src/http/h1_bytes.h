#ifndef SWARMWARD_HTTP_H1_BYTES_H
#define SWARMWARD_HTTP_H1_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* What a byte may be part of; one table for all parsers of this folder. */

enum h1_byte_class {
    BYTE_TOKEN = 1 << 0,  /* RFC 9110 section 5.6.2: tchar */
    BYTE_PLAIN = 1 << 1,  /* letters, digits, "-": what a field name is usually made of */
    BYTE_METHOD = 1 << 2, /* upper-case letters, digits, "-", "_" */
    BYTE_TARGET = 1 << 3, /* visible ASCII without "#" */
    BYTE_VALUE = 1 << 4,  /* RFC 9110 section 5.5: VCHAR, obs-text, SP, HTAB */
    BYTE_NAME = 1 << 5,   /* of a host name: letters, digits, "-", "_", "." */
    BYTE_HEX = 1 << 6,
    BYTE_DIGIT = 1 << 7,
};

extern const uint8_t h1_byte_classes[256];

static inline bool byte_is(char byte, unsigned classes)
{
    return h1_byte_classes[(unsigned char)byte] & classes;
}

/* Is every byte of the class? True for an empty text. */
bool h1_all_bytes_are(struct text text, enum h1_byte_class wanted);

/* The first byte at or behind `at` that is no BYTE_VALUE, or `end`. */
const char *h1_skip_value(const char *at, const char *end);

/*
 * Next element of a comma-separated list, without the white space around it; it may be empty.
 * False: no more. `rest` moves forward; its `at` becomes NULL behind the last element.
 */
bool h1_list_next(struct text *rest, struct text *element_out);

#endif
