/*
 * Numbers with units, both ways: durations, sizes, rates, percentages, fractions. Called through
 * field_table.c. A unit is required wherever two programs would guess a bare number differently.
 */

#include <limits.h>

#include "field_private.h"

#define FRACTION_ONE    1000000
#define FRACTION_DIGITS 6

struct unit {
    const char *name;
    int64_t scale;
};

/* Largest first, as they are tried for printing. */
static const struct unit durations[] = {
    { "h", 3600000 },
    { "m", 60000 },
    { "s", 1000 },
    { "ms", 1 },
};

static const struct unit sizes[] = {
    { "GiB", 1073741824 },
    { "MiB", 1048576 },
    { "KiB", 1024 },
    { "B", 1 },
};

#define UNIT_COUNT 4

struct text field_shown(struct text value)
{
    const size_t most = 60;

    if (value.len <= most)
        return value;
    value.len = most;
    while (value.len && ((unsigned char)value.at[value.len] & 0xC0) == 0x80)
        value.len--; /* not within a UTF-8 sequence */
    return value;
}

static size_t digits_len(struct text value)
{
    size_t len = 0;

    while (len < value.len && value.at[len] >= '0' && value.at[len] <= '9')
        len++;
    return len;
}

/* Digits without leading zeros; too large a number is INT64_MAX, which no row allows. */
static bool parse_whole(struct text digits, int64_t *number_out)
{
    uint64_t number = 0;

    if (digits.len == 0 || digits_len(digits) != digits.len)
        return false;
    if (digits.len > 1 && digits.at[0] == '0')
        return false;
    if (!text_to_u64(digits, &number) || number > INT64_MAX)
        number = INT64_MAX;
    *number_out = (int64_t)number;
    return true;
}

static bool parse_with_unit(struct text value, const struct unit *units, int64_t *number_out)
{
    struct text digits = text_first(value, digits_len(value));
    struct text name = text_from(value, digits.len);
    int64_t number = 0;

    if (!parse_whole(digits, &number))
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (!text_equal(name, text_of(units[i].name)))
            continue;
        if (__builtin_mul_overflow(number, units[i].scale, &number))
            number = INT64_MAX;
        *number_out = number;
        return true;
    }
    return false;
}

static int parse_duration(struct text value, int64_t *number_out, struct err *err)
{
    struct text shown = field_shown(value);

    if (parse_with_unit(value, durations, number_out))
        return 0;
    if (value.len && digits_len(value) == value.len)
        return err_set(err, "\"%.*s\" has no unit; write %.*sms, %.*ss, %.*sm or %.*sh",
                       TEXT_ARGS(shown), TEXT_ARGS(shown), TEXT_ARGS(shown), TEXT_ARGS(shown),
                       TEXT_ARGS(shown));
    return err_set(err,
                   "\"%.*s\" is no duration; write a whole number and ms, s, m or h, like 500ms",
                   TEXT_ARGS(shown));
}

static int parse_size(struct text value, int64_t *number_out, struct err *err)
{
    struct text shown = field_shown(value);

    if (parse_with_unit(value, sizes, number_out))
        return 0;
    if (text_equal(value, TEXT("0"))) {
        *number_out = 0;
        return 0;
    }
    if (value.len && digits_len(value) == value.len)
        return err_set(err, "\"%.*s\" has no unit; write %.*sB, %.*sKiB, %.*sMiB or %.*sGiB",
                       TEXT_ARGS(shown), TEXT_ARGS(shown), TEXT_ARGS(shown), TEXT_ARGS(shown),
                       TEXT_ARGS(shown));
    return err_set(err,
                   "\"%.*s\" is no size; write a whole number and B, KiB, MiB or GiB, like 32KiB",
                   TEXT_ARGS(shown));
}

static int parse_rate(struct text value, int64_t *number_out, struct err *err)
{
    struct text size = text_first(value, value.len - (value.len >= 2 ? 2 : 0));

    if (text_ends(value, TEXT("/s")) && parse_with_unit(size, sizes, number_out))
        return 0;
    return err_set(err, "\"%.*s\" is no rate; write a size a second, like 500B/s",
                   TEXT_ARGS(field_shown(value)));
}

static int parse_percent(struct text value, int64_t *number_out, struct err *err)
{
    if (text_ends(value, TEXT("%")) && parse_whole(text_first(value, value.len - 1), number_out))
        return 0;
    return err_set(err, "\"%.*s\" is no percentage; write it like 20%%",
                   TEXT_ARGS(field_shown(value)));
}

static int parse_fraction(struct text value, int64_t *number_out, struct err *err)
{
    struct text whole;
    struct text behind;
    int64_t number = 0;
    int64_t scale = FRACTION_ONE;
    bool point = text_split(value, '.', &whole, &behind);
    bool good = parse_whole(whole, &number) && number <= 1 && (!point || behind.len) &&
                behind.len <= FRACTION_DIGITS && digits_len(behind) == behind.len;

    if (!good)
        return err_set(err, "\"%.*s\" is no fraction; write 0.0 to 1.0 with at most %d digits",
                       TEXT_ARGS(field_shown(value)), FRACTION_DIGITS);
    number *= FRACTION_ONE;
    for (size_t i = 0; i < behind.len; i++) {
        scale /= 10;
        number += (behind.at[i] - '0') * scale;
    }
    *number_out = number;
    return 0;
}

static int parse_integer(struct text value, int64_t *number_out, struct err *err)
{
    if (parse_whole(value, number_out))
        return 0;
    return err_set(err, "\"%.*s\" is no whole number", TEXT_ARGS(field_shown(value)));
}

static int parse_auto(struct text value, int64_t *number_out, struct err *err)
{
    if (text_equal(value, TEXT("auto"))) {
        *number_out = -1;
        return 0;
    }
    if (parse_whole(value, number_out))
        return 0;
    return err_set(err, "\"%.*s\" is neither auto nor a whole number",
                   TEXT_ARGS(field_shown(value)));
}

int field_parse_number(const struct field *field, struct text value, int64_t *number_out,
                       struct err *err)
{
    if (field->kind == FIELD_MILLISECONDS)
        return parse_duration(value, number_out, err);
    if (field->kind == FIELD_BYTES)
        return parse_size(value, number_out, err);
    if (field->kind == FIELD_BYTE_RATE)
        return parse_rate(value, number_out, err);
    if (field->kind == FIELD_PERCENT)
        return parse_percent(value, number_out, err);
    if (field->kind == FIELD_FRACTION)
        return parse_fraction(value, number_out, err);
    if (field->kind == FIELD_AUTO_INTEGER)
        return parse_auto(value, number_out, err);
    return parse_integer(value, number_out, err);
}

static void print_with_unit(int64_t number, const struct unit *units, struct buffer *out)
{
    size_t i = 0;

    while (i < UNIT_COUNT - 1 && (number == 0 || number % units[i].scale != 0))
        i++;
    if (number == 0 && units == durations)
        i = 2; /* 0s reads better than 0ms */
    buffer_format(out, "%lld%s", (long long)(number / units[i].scale), units[i].name);
}

static void print_fraction(int64_t number, struct buffer *out)
{
    int64_t behind = number % FRACTION_ONE;
    int digits = FRACTION_DIGITS;

    while (digits > 1 && behind % 10 == 0) {
        behind /= 10;
        digits--;
    }
    buffer_format(out, "%lld.%0*lld", (long long)(number / FRACTION_ONE), digits,
                  (long long)behind);
}

void field_print_number(const struct field *field, int64_t number, struct buffer *out)
{
    if (field->kind == FIELD_MILLISECONDS)
        print_with_unit(number, durations, out);
    else if (field->kind == FIELD_BYTES || field->kind == FIELD_BYTE_RATE)
        print_with_unit(number, sizes, out);
    else if (field->kind == FIELD_FRACTION)
        print_fraction(number, out);
    else if (field->kind == FIELD_AUTO_INTEGER && number < 0)
        buffer_append_text(out, TEXT("auto"));
    else
        buffer_format(out, "%lld", (long long)number);
    if (field->kind == FIELD_BYTE_RATE)
        buffer_append_text(out, TEXT("/s"));
    if (field->kind == FIELD_PERCENT)
        buffer_append_byte(out, '%');
}
