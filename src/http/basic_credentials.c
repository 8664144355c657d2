/*
 * The field Authorization of a request, strictly: one line, padded base64 (RFC 4648 section 4)
 * without stray bits, no control characters (RFC 7617 section 2). Called by the worker for domains
 * that ask for a password.
 */

#include "http/basic_credentials.h"

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Four digits, of which the last `pad` are "=". */
static bool decode_group(const char *at, size_t pad, unsigned char out[3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - pad ? digit(at[i]) : 0;

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    out[0] = (unsigned char)(bits >> 16);
    out[1] = (unsigned char)(bits >> 8);
    out[2] = (unsigned char)bits;
    return pad == 0 || (bits & (pad == 1 ? 0xFFU : 0xFFFFU)) == 0; /* nothing behind the end */
}

static bool decode(struct text in, struct basic_credentials *out, size_t *len_out)
{
    size_t len = 0;

    if (in.len == 0 || in.len % 4 || in.len / 4 * 3 > sizeof(out->bytes))
        return false;
    for (size_t i = 0; i < in.len; i += 4) {
        size_t pad = 0;
        unsigned char group[3];

        if (i + 4 == in.len)
            pad = in.at[i + 3] != '=' ? 0 : in.at[i + 2] != '=' ? 1 : 2;
        if (!decode_group(in.at + i, pad, group))
            return false;
        memcpy(out->bytes + len, group, 3 - pad);
        len += 3 - pad;
    }
    *len_out = len;
    return true;
}

static bool has_control(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7F)
            return true;
    return false;
}

/* NULL: none, or `*repeated_out`. */
static const struct field_line *find_line(const struct field_list *fields, bool *repeated_out)
{
    const struct field_line *found = NULL;

    *repeated_out = false;
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id != FIELD_AUTHORIZATION)
            continue;
        *repeated_out |= found != NULL;
        found = &fields->lines[i];
    }
    return found;
}

enum basic_status basic_credentials_read(const struct field_list *fields,
                                         struct basic_credentials *credentials_out)
{
    struct text scheme;
    struct text encoded;
    size_t len = 0;
    bool repeated;
    const struct field_line *line;

    if (!field_list_has(fields, FIELD_AUTHORIZATION))
        return BASIC_NONE;
    line = find_line(fields, &repeated);
    if (!line)
        return BASIC_NONE;
    if (repeated)
        return BASIC_BAD;
    text_split(line->value, ' ', &scheme, &encoded);
    if (!text_equal_nocase(scheme, TEXT("Basic")))
        return BASIC_NONE;
    if (!decode(text_trim(encoded), credentials_out, &len) ||
        has_control(text_make(credentials_out->bytes, len)) ||
        !text_split(text_make(credentials_out->bytes, len), ':', &credentials_out->user,
                    &credentials_out->password))
        return BASIC_BAD;
    return BASIC_OK;
}
