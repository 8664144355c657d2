/* RFC 3339 times, as Go writes them: "2026-11-24T09:00:00.123456789Z". */

#include <time.h>

#include "docker/engine_facts.h"

/* Two or four digits at a place; -1: they are none. */
static int digits(struct text text, size_t at, size_t count)
{
    uint64_t number;

    if (at + count > text.len || !text_to_u64(text_make(text.at + at, count), &number))
        return -1;
    return (int)number;
}

static bool has_marks(struct text text)
{
    return text.len >= 20 && text.at[4] == '-' && text.at[7] == '-' &&
           (text.at[10] == 'T' || text.at[10] == 't') && text.at[13] == ':' && text.at[16] == ':';
}

/* ".123456789" -> microseconds; `*used_out` bytes were read. */
static int64_t fraction_us(struct text text, size_t *used_out)
{
    int64_t fraction = 0;
    size_t i = 1;
    int scale = 0;

    if (text.len < 2 || text.at[0] != '.') {
        *used_out = 0;
        return 0;
    }
    for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        if (scale < 6) {
            fraction = fraction * 10 + (text.at[i] - '0');
            scale++;
        }
    for (; scale < 6; scale++)
        fraction *= 10;
    *used_out = i;
    return fraction;
}

/* "Z" or "+01:30" -> seconds to take off; false: neither. */
static bool offset_s(struct text text, int64_t *seconds_out)
{
    int hours;
    int minutes;

    if (text.len == 1 && (text.at[0] == 'Z' || text.at[0] == 'z')) {
        *seconds_out = 0;
        return true;
    }
    if (text.len != 6 || (text.at[0] != '+' && text.at[0] != '-') || text.at[3] != ':')
        return false;
    hours = digits(text, 1, 2);
    minutes = digits(text, 4, 2);
    if (hours < 0 || minutes < 0)
        return false;
    *seconds_out = ((int64_t)hours * 60 + minutes) * 60 * (text.at[0] == '-' ? -1 : 1);
    return true;
}

int64_t docker_time_us(struct text written)
{
    struct tm date = { 0 };
    int64_t fraction;
    int64_t offset;
    size_t used;

    if (!has_marks(written))
        return 0;
    date.tm_year = digits(written, 0, 4) - 1900;
    date.tm_mon = digits(written, 5, 2) - 1;
    date.tm_mday = digits(written, 8, 2);
    date.tm_hour = digits(written, 11, 2);
    date.tm_min = digits(written, 14, 2);
    date.tm_sec = digits(written, 17, 2);
    if (date.tm_year < 70 || date.tm_mon < 0 || date.tm_mon > 11 || date.tm_mday < 1 ||
        date.tm_mday > 31 || date.tm_hour < 0 || date.tm_min < 0 || date.tm_sec < 0)
        return 0;
    fraction = fraction_us(text_from(written, 19), &used);
    if (!offset_s(text_from(written, 19 + used), &offset))
        return 0;
    return ((int64_t)timegm(&date) - offset) * 1000000 + fraction;
}
