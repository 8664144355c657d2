/*
 * The bytes of a mapping file, before libyaml sees them: libyaml counts only offsets where we want
 * line and column, and takes characters for line breaks that no editor shows as such.
 */

#include "text_scan.h"

struct scan {
    struct text left;
    struct source_place place;
    uint32_t character;
};

static bool is_continuation(struct text text, size_t at)
{
    return at < text.len && ((unsigned char)text.at[at] & 0xC0) == 0x80;
}

/* The length of the sequence at the start, 0 when it is not valid UTF-8 (RFC 3629). */
static size_t decode(struct text text, uint32_t *character_out)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t character = first;

    if (first >= 0x80 && (first < 0xC2 || first > 0xF4))
        return 0;
    if (len > 1)
        character = first & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        if (!is_continuation(text, i))
            return 0;
        character = character << 6 | ((unsigned char)text.at[i] & 0x3FU);
    }
    if (character < least[len] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF))
        return 0;
    *character_out = character;
    return len;
}

static bool is_allowed(const struct scan *scan, size_t len)
{
    uint32_t c = scan->character;

    if (c == '\r')
        return scan->left.len > len && scan->left.at[len] == '\n';
    if (c < 0x20)
        return c == '\t' || c == '\n';
    return c != 0x7F && !(c >= 0x80 && c < 0xA0) && c != 0x2028 && c != 0x2029 && c != 0xFEFF;
}

static void advance(struct scan *scan, size_t len)
{
    if (scan->character == '\n') {
        scan->place.line++;
        scan->place.column = 1;
    } else {
        scan->place.column++;
    }
    scan->left = text_from(scan->left, len);
}

bool text_scan(struct text yaml, const struct settings *settings, struct problems *problems)
{
    struct scan scan = { .left = yaml, .place = { 1, 1 } };
    size_t errors_before = problems->error_count;

    while (scan.left.len) {
        size_t len = decode(scan.left, &scan.character);

        if (len == 0) {
            problems_error(problems, settings, scan.place,
                           "byte 0x%02X is not valid UTF-8; save the file as UTF-8",
                           (unsigned char)scan.left.at[0]);
            break; /* whatever follows is noise */
        }
        if (!is_allowed(&scan, len))
            problems_error(problems, settings, scan.place, "control character U+%04X; remove it",
                           (unsigned)scan.character);
        else if (scan.character == '%' && scan.place.column == 1)
            problems_error(problems, settings, scan.place,
                           "YAML directives are not accepted; remove the line");
        advance(&scan, len);
    }
    return problems->error_count == errors_before;
}
