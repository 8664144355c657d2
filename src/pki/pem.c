/* PEM text into blocks, and their base64 into bytes. Used for certificates and keys; knows neither.
 */

#include "pem.h"

#include <string.h>
#include <sys/types.h>

static const struct text begin_mark = { "-----BEGIN ", 11 };
static const struct text end_mark = { "-----END ", 9 };
static const struct text dashes = { "-----", 5 };

/* Where `mark` stands in `in`, or in.len. */
static size_t find_mark(struct text in, struct text mark)
{
    const char *found = in.len ? memmem(in.at, in.len, mark.at, mark.len) : NULL;

    return found ? (size_t)(found - in.at) : in.len;
}

/* False: other than white space is there. */
static bool is_blank(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != ' ' && text.at[i] != '\t' && text.at[i] != '\r' && text.at[i] != '\n')
            return false;
    return true;
}

enum pem_status pem_next(struct text *rest, struct pem_block *block_out, struct err *err)
{
    struct text in = *rest;
    struct text label;
    size_t at = find_mark(in, begin_mark);
    size_t end;

    if (at == in.len) {
        *rest = text_from(in, in.len);
        if (is_blank(in))
            return PEM_END;
        err_set(err, "there is text behind the last block; was the file cut, or appended to?");
        return PEM_BAD;
    }
    in = text_from(in, at + begin_mark.len);
    end = find_mark(in, dashes);
    label = text_first(in, end);
    if (end == in.len || text_find(label, '\n') < label.len) {
        err_set(err, "a -----BEGIN line has no end; was the file cut?");
        return PEM_BAD;
    }
    in = text_from(in, end + dashes.len);
    end = find_mark(in, end_mark);
    block_out->label = label;
    block_out->body = text_first(in, end);
    in = text_from(in, end + end_mark.len);
    if (!text_starts(in, label) || !text_starts(text_from(in, label.len), dashes)) {
        err_set(err, "-----BEGIN %.*s----- has no matching END; was the file cut?",
                (int)(label.len < 64 ? label.len : 64), label.at);
        return PEM_BAD;
    }
    *rest = text_from(in, label.len + dashes.len);
    return PEM_BLOCK;
}

bool pem_is_encrypted(const struct pem_block *block)
{
    return text_equal(block->label, TEXT("ENCRYPTED PRIVATE KEY")) ||
           find_mark(block->body, TEXT("Proc-Type:")) < block->body.len;
}

/* 0-63; 64: padding; 65: white space; 66: none of these. */
static unsigned value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    if (c == '+')
        return 62;
    if (c == '/')
        return 63;
    if (c == '=')
        return 64;
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' ? 65 : 66;
}

/* Bytes written, or -1. */
static ssize_t decode(struct text in, char *out)
{
    unsigned long group = 0;
    size_t digits = 0;
    size_t padding = 0;
    size_t len = 0;

    for (size_t i = 0; i < in.len; i++) {
        unsigned value = value_of(in.at[i]);

        if (value == 65)
            continue;
        if (value == 66 || (padding && value != 64))
            return -1;
        if (value == 64) {
            padding++;
            value = 0;
        }
        group = group << 6 | value;
        if (++digits % 4 == 0) {
            out[len++] = (char)(group >> 16);
            out[len++] = (char)(group >> 8);
            out[len++] = (char)group;
            group = 0;
        }
    }
    if (digits % 4 != 0 || padding > 2 || padding > len)
        return -1;
    return (ssize_t)(len - padding);
}

int pem_decode(const struct pem_block *block, struct arena *arena, struct text *bytes_out,
               struct err *err)
{
    char *out = arena_alloc(arena, block->body.len / 4 * 3 + 3);
    ssize_t len = decode(block->body, out);

    if (len <= 0)
        return err_set(err, "the text between the BEGIN and END lines is not base64");
    *bytes_out = text_make(out, (size_t)len);
    return 0;
}
