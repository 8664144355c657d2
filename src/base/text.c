/* Bounded views of bytes: comparing, cutting, numbers. No allocation but text_to_heap(). */

#include "base/text.h"

#include "base/memory.h"

char ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)((unsigned char)c | 0x20U);
    return c;
}

bool text_equal_nocase(struct text a, struct text b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i] && ascii_lower(a.at[i]) != ascii_lower(b.at[i]))
            return false;
    return true;
}

bool text_starts(struct text whole, struct text prefix)
{
    return whole.len >= prefix.len && text_equal(text_first(whole, prefix.len), prefix);
}

bool text_ends(struct text whole, struct text suffix)
{
    return whole.len >= suffix.len && text_equal(text_from(whole, whole.len - suffix.len), suffix);
}

int text_compare(struct text a, struct text b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared ? memcmp(a.at, b.at, shared) : 0;

    if (order)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t text_find(struct text text, char byte)
{
    const char *found = text.len ? memchr(text.at, byte, text.len) : NULL;

    return found ? (size_t)(found - text.at) : text.len;
}

size_t text_find_last(struct text text, char byte)
{
    const char *found = text.len ? memrchr(text.at, byte, text.len) : NULL;

    return found ? (size_t)(found - text.at) : text.len;
}

struct text text_from(struct text text, size_t start)
{
    if (start > text.len)
        start = text.len;
    return text_make(text.at ? text.at + start : NULL, text.len - start);
}

struct text text_first(struct text text, size_t len)
{
    return text_make(text.at, len < text.len ? len : text.len);
}

bool text_split(struct text text, char byte, struct text *head, struct text *rest)
{
    size_t at = text_find(text, byte);

    *head = text_first(text, at);
    *rest = text_from(text, at + 1);
    return at < text.len;
}

struct text text_trim(struct text text)
{
    while (text.len && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = text_from(text, 1);
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool text_to_u64(struct text text, uint64_t *number_out)
{
    uint64_t number = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c < '0' || c > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
            return false;
    }
    *number_out = number;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool text_hex_to_u64(struct text text, uint64_t *number_out)
{
    uint64_t number = 0;

    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.at[i]);

        if (digit < 0 || number >> 60)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    *number_out = number;
    return true;
}

void text_lower(char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = ascii_lower(at[i]);
}

char *text_to_heap(struct text text)
{
    char *copy = memory_new(text.len + 1);

    if (text.len)
        memcpy(copy, text.at, text.len);
    return copy;
}

size_t text_to_buffer(struct text text, char *buffer, size_t bytes)
{
    size_t len = text.len < bytes - 1 ? text.len : bytes - 1;

    if (len)
        memcpy(buffer, text.at, len);
    buffer[len] = '\0';
    return len;
}
