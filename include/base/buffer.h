#ifndef SWARMWARD_BASE_BUFFER_H
#define SWARMWARD_BASE_BUFFER_H

#include <stdarg.h>
#include <stddef.h>

#include "base/text.h"

/*
 * Growing bytes: appended at the end, consumed at the front. Zero-initialised is empty and holds
 * no memory. The user of a buffer bounds its size, not the buffer.
 */
struct buffer {
    /* owned */
    char *bytes;
    size_t start; /* first byte that is not consumed */
    size_t end;
    size_t capacity;
};

void buffer_done(struct buffer *buffer);  /* gives the memory back; empty afterwards */
void buffer_clear(struct buffer *buffer); /* keeps the memory */

/* At least `bytes` free bytes at the returned place; buffer_grew() says how many were used. */
char *buffer_reserve(struct buffer *buffer, size_t bytes);
void buffer_grew(struct buffer *buffer, size_t bytes);

void buffer_append(struct buffer *buffer, const void *bytes, size_t len);
void buffer_append_text(struct buffer *buffer, struct text text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_append_u64(struct buffer *buffer, uint64_t number);

/* As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buffer_append_json(struct buffer *buffer, struct text text);

void buffer_consume(struct buffer *buffer, size_t bytes);

static inline size_t buffer_len(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

static inline struct text buffer_text(const struct buffer *buffer)
{
    return text_make(buffer->bytes ? buffer->bytes + buffer->start : NULL, buffer_len(buffer));
}

#endif
