/*
 * The bounds of a row, in one place: asked when a value is read from a file or a label, and asked
 * again when a snapshot is decoded, because whoever sent it may be broken.
 */

#include "field_private.h"

#define STATUS_LEAST 100
#define STATUS_MOST  599

bool field_is_number(const struct field *field)
{
    switch (field->kind) {
    case FIELD_INTEGER:
    case FIELD_MILLISECONDS:
    case FIELD_BYTES:
    case FIELD_BYTE_RATE:
    case FIELD_PERCENT:
    case FIELD_FRACTION:
    case FIELD_AUTO_INTEGER:
        return true;
    case FIELD_BOOL:
    case FIELD_CHOICE:
    case FIELD_TEXT:
    case FIELD_TEXT_LIST:
    case FIELD_TEXT_MAP:
    case FIELD_ADDRESS:
    case FIELD_STATUS_RANGE:
    case FIELD_RATE:
    case FIELD_LATER:
        return false;
    }
    return false;
}

size_t field_choice_count(const struct field *field)
{
    size_t count = 0;

    while (field->choices[count])
        count++;
    return count;
}

/* FIELD_INTEGER with `choices`: only these numbers. */
static int check_listed_number(const struct field *field, int64_t number, struct err *err)
{
    struct buffer list = { 0 };
    bool found = false;

    for (size_t i = 0; field->choices[i]; i++) {
        uint64_t choice = 0;

        found |= text_to_u64(text_of(field->choices[i]), &choice) && (int64_t)choice == number;
        buffer_format(&list, "%s%s", i ? ", " : "", field->choices[i]);
    }
    if (!found)
        err_set(err, "must be one of %.*s", TEXT_ARGS(buffer_text(&list)));
    buffer_done(&list);
    return found ? 0 : -1;
}

int field_check_number(const struct field *field, int64_t number, struct err *err)
{
    bool is_auto = field->kind == FIELD_AUTO_INTEGER;
    struct buffer bounds = { 0 };

    if (field->choices)
        return check_listed_number(field, number, err);
    if ((is_auto && number == -1) || (number >= field->least && number <= field->most))
        return 0;
    field_print_number(field, field->least, &bounds);
    buffer_append_text(&bounds, TEXT(" and "));
    field_print_number(field, field->most, &bounds);
    err_set(err, "must be %sbetween %.*s", is_auto ? "auto or " : "",
            TEXT_ARGS(buffer_text(&bounds)));
    buffer_done(&bounds);
    return -1;
}

static bool has_control(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];

        if (byte < 0x20 || byte == 0x7F)
            return true;
        if (byte == 0xC2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xA0)
            return true; /* U+0080 to U+009F: terminals obey some of them */
    }
    return false;
}

static int check_plain(struct text text, int64_t most, struct err *err)
{
    if (text.len > (size_t)most)
        return err_set(err, "%zu bytes are more than the %lld that fit", text.len, (long long)most);
    if (has_control(text))
        return err_set(err, "has a line break or a control character; write it on one line");
    return 0;
}

int field_check_text(const struct field *field, struct text text, struct err *err)
{
    if (text.len == 0 && field->least > 0)
        return err_set(err, "must not be empty");
    if (check_plain(text, field->most, err) < 0)
        return -1;
    return text.len && field->check ? field->check(text, err) : 0;
}

int field_check_item(const struct field *field, struct text item, struct err *err)
{
    if (item.len == 0)
        return err_set(err, "an item of a list must not be empty");
    if (check_plain(item, FIELD_ITEM_BYTES, err) < 0)
        return -1;
    return field->check ? field->check(item, err) : 0;
}

int field_check_pair(const struct field *field, const struct text_pair *pair, struct err *err)
{
    if (field_check_item(field, pair->name, err) < 0 ||
        check_plain(pair->value, FIELD_VALUE_BYTES, err) < 0)
        return -1;
    return field->check_value ? field->check_value(pair->value, err) : 0;
}

int field_check_status(const struct field *field, struct status_range range, struct err *err)
{
    (void)field;
    if (range.least < STATUS_LEAST || range.most > STATUS_MOST || range.least > range.most)
        return err_set(err, "must be within %d-%d, the smaller one first", STATUS_LEAST,
                       STATUS_MOST);
    return 0;
}
