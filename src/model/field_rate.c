/* Counts over a time: "100/s", "30/m", "100/10s", both ways. Called through field_table.c. */

#include "field_private.h"

#define PERIOD_MOST_MS 3600000

static const struct {
    char name;
    int64_t ms;
} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 } };

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

/* "s", "10s", "m": false: no period, or not one of 1s to 1h. */
static bool parse_period(struct text text, int64_t *period_ms_out)
{
    uint64_t number = 1;
    struct text digits = text_first(text, text.len ? text.len - 1 : 0);

    if (!text.len || (digits.len && (!text_to_u64(digits, &number) || digits.at[0] == '0')))
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (text.at[text.len - 1] == units[i].name &&
            number <= (uint64_t)(PERIOD_MOST_MS / units[i].ms)) {
            *period_ms_out = (int64_t)number * units[i].ms;
            return true;
        }
    return false;
}

int field_check_rate(const struct field *field, struct rate rate, struct err *err)
{
    if (rate.count < field->least || rate.count > field->most)
        return err_set(err, "must be between %lld and %lld in a time", (long long)field->least,
                       (long long)field->most);
    if (rate.period_ms < units[0].ms || rate.period_ms > PERIOD_MOST_MS || rate.period_ms % 1000)
        return err_set(err, "the time must be whole seconds, 1s to 1h");
    return 0;
}

int field_parse_rate(const struct field *field, struct text value, struct rate *rate_out,
                     struct err *err)
{
    struct text count;
    struct text period;
    uint64_t number = 0;
    struct rate rate = { 0 };

    if (!text_split(value, '/', &count, &period) || !text_to_u64(count, &number) ||
        (count.len > 1 && count.at[0] == '0') || !parse_period(period, &rate.period_ms))
        return err_set(err,
                       "\"%.*s\" is no rate; write a whole number and a time of 1s to 1h, like "
                       "20/s, 100/10s or 300/m",
                       TEXT_ARGS(field_shown(value)));
    rate.count = number > INT64_MAX ? INT64_MAX : (int64_t)number;
    if (field_check_rate(field, rate, err) < 0)
        return -1;
    *rate_out = rate;
    return 0;
}

void field_print_rate(struct rate rate, struct buffer *out)
{
    size_t at = UNIT_COUNT - 1;

    while (at > 0 && rate.period_ms % units[at].ms)
        at--;
    buffer_format(out, "%lld/", (long long)rate.count);
    if (rate.period_ms != units[at].ms)
        buffer_format(out, "%lld", (long long)(rate.period_ms / units[at].ms));
    buffer_append_byte(out, units[at].name);
}
