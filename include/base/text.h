#ifndef SWARMWARD_BASE_TEXT_H
#define SWARMWARD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A bounded view of bytes that somebody else owns. Not terminated. An empty text may have at ==
 * NULL. */
struct text {
    const char *at;
    size_t len;
};

#define TEXT(literal) ((struct text){ .at = (literal), .len = sizeof(literal) - 1 })
#define TEXT_NONE     ((struct text){ .at = NULL, .len = 0 })

/* For printf: "%.*s", TEXT_ARGS(text) */
#define TEXT_ARGS(text) (int)(text).len, (text).len ? (text).at : ""

static inline struct text text_of(const char *terminated)
{
    return (struct text){ .at = terminated, .len = terminated ? strlen(terminated) : 0 };
}

static inline struct text text_make(const char *at, size_t len)
{
    return (struct text){ .at = at, .len = len };
}

static inline bool text_equal(struct text a, struct text b)
{
    if ((a.len && !a.at) || (b.len && !b.at))
        __builtin_unreachable(); /* for the analyzer: only an empty text has no bytes */
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* ASCII letters compare without case. */
bool text_equal_nocase(struct text a, struct text b);
bool text_starts(struct text whole, struct text prefix);
bool text_ends(struct text whole, struct text suffix);
int text_compare(struct text a, struct text b); /* as memcmp, shorter first */

/* Index of the first `byte`, or text.len. */
size_t text_find(struct text text, char byte);
/* Index of the last `byte`, or text.len. */
size_t text_find_last(struct text text, char byte);

/* From `start` (bounded) to the end; the first `len` bytes (bounded). */
struct text text_from(struct text text, size_t start);
struct text text_first(struct text text, size_t len);

/* Cut at the first `byte`: true: *head is before it, *rest behind it. False: *head is all, *rest
 * empty. */
bool text_split(struct text text, char byte, struct text *head, struct text *rest);

/* Without spaces and tabs at both ends (HTTP's OWS). */
struct text text_trim(struct text text);

/* Digits only, no sign, no space, nothing behind; false on overflow or empty. Out changes on true
 * only. */
bool text_to_u64(struct text text, uint64_t *number_out);
bool text_hex_to_u64(struct text text, uint64_t *number_out);

/* Lower-case ASCII, in place. */
void text_lower(char *at, size_t len);
char ascii_lower(char c);

/* A terminated copy on the heap; free() it. */
char *text_to_heap(struct text text);

/* A copy into a bounded, terminated buffer; cut when too long. Returns what was copied. */
size_t text_to_buffer(struct text text, char *buffer, size_t bytes);

#endif
