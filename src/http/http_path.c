/*
 * The path that routes match on. Called by the worker before a route is looked for. Only what
 * every backend would read alike is changed; what some would read as a way up is refused.
 */

#include "http/http_path.h"

#include "h1_bytes.h"

static char hex_pair(const char *at)
{
    uint64_t value = 0;

    text_hex_to_u64(text_make(at, 2), &value);
    return (char)value;
}

/* Controls, backslashes (raw or %5C), %00, and escapes that are none: never. */
static bool bytes_are_fine(struct text path, bool *has_dots_out)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];

        if ((unsigned char)c < 0x20 || c == 0x7f || c == '\\')
            return false;
        if (c == '%') {
            if (path.len - i < 3 || !byte_is(path.at[i + 1], BYTE_HEX) ||
                !byte_is(path.at[i + 2], BYTE_HEX))
                return false;
            c = hex_pair(path.at + i + 1);
            if (c == '\0' || c == '\\')
                return false;
            if (c == '.' && path.at[i - 1] == '/')
                *has_dots_out = true;
        } else if (c == '.' && path.at[i - 1] == '/') {
            *has_dots_out = true;
        }
    }
    return true;
}

/* How many dots (raw or %2E) a segment begins with, and what is behind them. */
static size_t leading_dots(struct text segment, struct text *rest_out)
{
    size_t dots = 0;

    for (;;) {
        if (text_starts(segment, TEXT(".")))
            segment = text_from(segment, 1);
        else if (text_starts(segment, TEXT("%2e")) || text_starts(segment, TEXT("%2E")))
            segment = text_from(segment, 3);
        else
            break;
        dots++;
    }
    *rest_out = segment;
    return dots;
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
 * section 5.2.4). "..;x" is a way up for servers that cut path parameters before they resolve dots.
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
        if ((dots == 1 || dots == 2) && behind.len && behind.at[0] == ';')
            return false;
        if ((dots == 1 || dots == 2) && behind.len == 0) {
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
