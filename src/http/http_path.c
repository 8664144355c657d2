/*
 * The path that routes match on. Called by the worker before a route is looked for. Only what
 * every backend would read alike is changed; what some would read as a way up is refused.
 */

#include "http/http_path.h"

/* How many dots (raw or %2E) a text begins with, and what is behind them. */
static size_t leading_dots(struct text text, struct text *behind_out)
{
    size_t dots = 0;

    for (;;) {
        if (text_starts(text, TEXT(".")))
            text = text_from(text, 1);
        else if (text_starts(text, TEXT("%2e")) || text_starts(text, TEXT("%2E")))
            text = text_from(text, 3);
        else
            break;
        dots++;
    }
    *behind_out = text;
    return dots;
}

/*
 * What is behind a slash. A dot segment is resolved later when both its borders are real; where an
 * encoded slash or a parameter (";") is the border, some servers would see a way up and others a
 * name: refused.
 */
static bool segment_is_fine(struct text from_here, bool slash_is_encoded, bool *has_dots_out)
{
    struct text behind;
    size_t dots = leading_dots(from_here, &behind);

    if (dots != 1 && dots != 2)
        return true;
    if (behind.len == 0 || behind.at[0] == '/') {
        *has_dots_out = true;
        return !slash_is_encoded;
    }
    return behind.at[0] != ';' && !text_starts(behind, TEXT("%2f")) &&
           !text_starts(behind, TEXT("%2F"));
}

static bool escape_is_fine(struct text from_here, bool *has_dots_out)
{
    uint64_t byte;

    if (from_here.len < 3 || !text_hex_to_u64(text_first(text_from(from_here, 1), 2), &byte))
        return false;
    if (byte == '/')
        return segment_is_fine(text_from(from_here, 3), true, has_dots_out);
    return byte != 0 && byte != '\\';
}

/* Controls, backslashes (raw or %5C), %00, and escapes that are none: never. */
static bool bytes_are_fine(struct text path, bool *has_dots_out)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];

        if ((unsigned char)c < 0x20 || c == 0x7f || c == '\\')
            return false;
        if (c == '%' && !escape_is_fine(text_from(path, i), has_dots_out))
            return false;
        if (c == '/' && !segment_is_fine(text_from(path, i + 1), false, has_dots_out))
            return false;
    }
    return true;
}

/* Back to behind the "/" that the last segment of `out` follows. False: there is none. */
static bool remove_last_segment(struct text *out)
{
    if (out->len <= 1)
        return false;
    out->len--;
    out->len = text_find_last(*out, '/') + 1;
    return true;
}

/*
 * `out` always ends with "/" before a segment. A final dot segment leaves that "/" behind (RFC 3986
 * section 5.2.4).
 */
static bool resolve(struct text path, char *buffer, struct text *out)
{
    struct text rest = text_from(path, 1);
    bool more = true;

    buffer[0] = '/';
    *out = text_make(buffer, 1);
    while (more) {
        struct text segment;
        struct text behind;
        size_t dots;

        more = text_split(rest, '/', &segment, &rest);
        dots = leading_dots(segment, &behind);
        if (behind.len == 0 && (dots == 1 || dots == 2)) {
            if (dots == 2 && !remove_last_segment(out))
                return false;
            continue;
        }
        memcpy(buffer + out->len, segment.at, segment.len);
        out->len += segment.len;
        if (more)
            buffer[out->len++] = '/';
    }
    return true;
}

bool http_path_normalise(struct text path, char *buffer, struct text *path_out)
{
    struct text resolved = path;
    bool has_dots = false;

    if (text_equal(path, TEXT("*"))) { /* OPTIONS: the server as a whole */
        *path_out = path;
        return true;
    }
    if (path.len == 0 || path.at[0] != '/' || !bytes_are_fine(path, &has_dots))
        return false;
    if (has_dots && !resolve(path, buffer, &resolved))
        return false;
    *path_out = text_equal(resolved, path) ? path : resolved;
    return true;
}
