/* Growing bytes. Consumed bytes at the front are reused before the heap is asked for more. */

#include "base/buffer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define LEAST_CAPACITY 256

void buffer_done(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *buffer)
{
    buffer->start = buffer->end = 0;
}

char *buffer_reserve(struct buffer *buffer, size_t bytes)
{
    size_t len = buffer_len(buffer);
    size_t capacity = buffer->capacity ? buffer->capacity : LEAST_CAPACITY;

    if (buffer->capacity - buffer->end >= bytes && buffer->bytes)
        return buffer->bytes + buffer->end;
    if (buffer->bytes && buffer->start && buffer->capacity - len >= bytes) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, len);
        buffer->start = 0;
        buffer->end = len;
        return buffer->bytes + len;
    }
    while (capacity - buffer->end < bytes)
        capacity *= 2;
    buffer->bytes = memory_resize(buffer->bytes, capacity, 1);
    buffer->capacity = capacity;
    return buffer->bytes + buffer->end;
}

void buffer_grew(struct buffer *buffer, size_t bytes)
{
    assert(buffer->capacity - buffer->end >= bytes);
    buffer->end += bytes;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    memcpy(buffer_reserve(buffer, len), bytes, len);
    buffer->end += len;
}

void buffer_append_text(struct buffer *buffer, struct text text)
{
    buffer_append(buffer, text.at, text.len);
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
    *buffer_reserve(buffer, 1) = byte;
    buffer->end++;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int needed;

    va_start(arguments, format);
    va_copy(again, arguments);
    needed = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (needed > 0) {
        char *at = buffer_reserve(buffer, (size_t)needed + 1);

        vsnprintf(at, (size_t)needed + 1, format, again);
        buffer->end += (size_t)needed;
    }
    va_end(again);
}

void buffer_append_u64(struct buffer *buffer, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buffer_append(buffer, digits + at, sizeof(digits) - at);
}

/* How long the sequence is that begins with this byte, 0 when none does. */
static size_t utf8_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first >= 0xf5)
        return 0;
    if (first < 0xe0)
        return 2;
    return first < 0xf0 ? 3 : 4;
}

/* Overlong, a surrogate, or beyond U+10FFFF: the second byte tells. */
static bool utf8_is_forbidden(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* Length of the UTF-8 sequence at the front (RFC 3629), 0 when it is none. */
static size_t utf8_sequence(struct text text)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t len = utf8_length(first);

    if (len <= 1 || text.len < len)
        return len == 1 ? 1 : 0;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text.at[i] & 0xc0) != 0x80)
            return 0;
    return utf8_is_forbidden(first, (unsigned char)text.at[1]) ? 0 : len;
}

static void append_json_byte(struct buffer *buffer, char c)
{
    static const char hex[] = "0123456789abcdef";
    char escape[6] = {
        '\\', 'u', '0', '0', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]
    };

    if (c == '"' || c == '\\') {
        char pair[2] = { '\\', c };

        buffer_append(buffer, pair, 2);
    } else if ((unsigned char)c < 0x20 || c == 0x7f) {
        buffer_append(buffer, escape, sizeof(escape));
    } else {
        buffer_append_byte(buffer, c);
    }
}

static bool json_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

void buffer_append_json(struct buffer *buffer, struct text text)
{
    buffer_append_byte(buffer, '"');
    while (text.len) {
        size_t plain = 0;
        size_t sequence;

        while (plain < text.len && json_plain(text.at[plain]))
            plain++;
        buffer_append(buffer, text.at, plain);
        text = text_from(text, plain);
        if (!text.len)
            break;
        sequence = utf8_sequence(text);
        if (sequence == 1)
            append_json_byte(buffer, text.at[0]);
        else if (sequence)
            buffer_append(buffer, text.at, sequence);
        else
            buffer_append_text(buffer, TEXT("\\ufffd"));
        text = text_from(text, sequence ? sequence : 1);
    }
    buffer_append_byte(buffer, '"');
}

void buffer_consume(struct buffer *buffer, size_t bytes)
{
    assert(bytes <= buffer_len(buffer));
    buffer->start += bytes;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}
