/*
 * Fuzz target: any bytes as the value of Authorization. Beyond not crashing: what is a password has
 * no control character and no colon in the name, lies within its buffer, and is the same when it is
 * written again.
 */

#include <stdlib.h>

#include "fuzz_target.h"
#include "http/basic_credentials.h"

static void must(bool what)
{
    if (!what)
        abort();
}

/* As RFC 4648 section 4 writes it. */
static size_t encode(struct text bytes, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    size_t len = 0;

    for (size_t i = 0; i < bytes.len; i += 3) {
        uint32_t bits = 0;

        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < bytes.len ? (unsigned char)bytes.at[i + j] : 0U);
        for (size_t j = 0; j < 4; j++)
            out[len++] = digits[i + j > bytes.len ? 64 : bits >> (18 - 6 * j) & 63];
    }
    return len;
}

static void check(const struct basic_credentials *got, struct text value)
{
    struct text whole = text_make(got->bytes, got->user.len + 1 + got->password.len);
    char again[BASIC_CREDENTIALS_BYTES / 3 * 4 + 8];
    struct text scheme;
    struct text written;

    must(got->user.at == got->bytes && whole.len <= BASIC_CREDENTIALS_BYTES);
    must(text_find(got->user, ':') == got->user.len && got->bytes[got->user.len] == ':');
    for (size_t i = 0; i < whole.len; i++)
        must((unsigned char)whole.at[i] >= 0x20 && whole.at[i] != 0x7F);
    text_split(value, ' ', &scheme, &written);
    must(text_equal(text_trim(written), text_make(again, encode(whole, again))));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct field_line line = {
        .name = { "Authorization", 13 },
        .value = text_trim(text_make((const char *)bytes, len)),
        .id = FIELD_AUTHORIZATION,
    };
    struct field_list fields = { .lines = &line, .count = 1, .present = 1U << FIELD_AUTHORIZATION };
    struct basic_credentials got;

    if (basic_credentials_read(&fields, &got) == BASIC_OK)
        check(&got, line.value);
    return 0;
}
