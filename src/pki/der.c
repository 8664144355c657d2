/*
 * DER, walked in place. OpenSSL 3.0 needs 400 us to parse one certificate and its key, most of it
 * for choosing decoders; the facts that control wants are found here in a few (docs/decisions).
 * Strict, but knows nothing of X.509.
 */

#include "der.h"

#define LENGTH_BYTES_MAX 4

/* The length behind a tag; the head's bytes through `head_out`. */
static bool read_length(struct text in, size_t *head_out, size_t *length_out)
{
    const unsigned char *at = (const unsigned char *)in.at;
    size_t length = 0;
    size_t bytes;

    if (in.len < 2)
        return false;
    if (at[1] < 0x80) {
        *head_out = 2;
        *length_out = at[1];
        return true;
    }
    bytes = at[1] & 0x7fU;
    if (bytes == 0 || bytes > LENGTH_BYTES_MAX || in.len < 2 + bytes || at[2] == 0)
        return false;
    for (size_t i = 0; i < bytes; i++)
        length = length << 8 | at[2 + i];
    if (length < 0x80)
        return false;
    *head_out = 2 + bytes;
    *length_out = length;
    return true;
}

bool der_next(struct text *in, struct der *value_out)
{
    size_t head;
    size_t length;

    if (!read_length(*in, &head, &length) || length > in->len - head)
        return false;
    if (((unsigned char)in->at[0] & 0x1f) == 0x1f) /* tags of several bytes: not in X.509 */
        return false;
    value_out->tag = (uint8_t)in->at[0];
    value_out->content = text_make(in->at + head, length);
    value_out->whole = text_make(in->at, head + length);
    *in = text_from(*in, head + length);
    return true;
}

bool der_is(struct text in, uint8_t tag)
{
    return in.len > 0 && (uint8_t)in.at[0] == tag;
}

bool der_take(struct text *in, uint8_t tag, struct text *content_out)
{
    struct der value;

    if (!der_is(*in, tag) || !der_next(in, &value))
        return false;
    *content_out = value.content;
    return true;
}

bool der_take_number(struct text *in, struct text *number_out)
{
    struct text number;

    if (!der_take(in, DER_INTEGER, &number) || number.len == 0 || (uint8_t)number.at[0] >= 0x80)
        return false;
    if (number.at[0] == 0 && number.len > 1) {
        number = text_from(number, 1);
        if ((uint8_t)number.at[0] < 0x80)
            return false; /* not the shortest form */
    }
    *number_out = number;
    return true;
}

bool der_take_bits(struct text *in, struct text *bits_out)
{
    struct text bits;

    if (!der_take(in, DER_BIT_STRING, &bits) || bits.len == 0 || bits.at[0] != 0)
        return false;
    *bits_out = text_from(bits, 1);
    return true;
}

/* Two digits off the front, at most `most`. */
static bool take_pair(struct text *in, int most, int *value_out)
{
    int value;

    if (in->len < 2 || in->at[0] < '0' || in->at[0] > '9' || in->at[1] < '0' || in->at[1] > '9')
        return false;
    value = (in->at[0] - '0') * 10 + in->at[1] - '0';
    *in = text_from(*in, 2);
    *value_out = value;
    return value <= most;
}

/* Days from 1970-01-01 in the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year; /* the year begins in March */
    int64_t era = shifted / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static bool read_time(struct text text, bool four_digits, int64_t *time_out)
{
    int century = 0;
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;

    if (four_digits && !take_pair(&text, 99, &century))
        return false;
    if (!take_pair(&text, 99, &year) || !take_pair(&text, 12, &month) ||
        !take_pair(&text, 31, &day) || !take_pair(&text, 23, &hour) ||
        !take_pair(&text, 59, &minute) || !take_pair(&text, 59, &second))
        return false;
    if (!text_equal(text, TEXT("Z")) || month == 0 || day == 0)
        return false;
    if (four_digits)
        year += century * 100;
    else
        year += year < 50 ? 2000 : 1900; /* RFC 5280 section 4.1.2.5.1 */
    *time_out = days_of(year, month, day) * 86400 + (hour * 60 + minute) * INT64_C(60) + second;
    return true;
}

bool der_take_time(struct text *in, int64_t *time_out)
{
    struct der value;

    if (!der_is(*in, DER_UTC_TIME) && !der_is(*in, DER_GENERALIZED_TIME))
        return false;
    return der_next(in, &value) &&
           read_time(value.content, value.tag == DER_GENERALIZED_TIME, time_out);
}
