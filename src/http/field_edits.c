/* Fields set and removed by hand. Called by the worker once for each head that has such edits. */

#include "http/field_edits.h"

#include "h1_bytes.h"

static bool is_same_octet(char a, char b)
{
    if (!byte_is(a, BYTE_PLAIN))
        a = '-';
    return ascii_lower(a) == ascii_lower(b);
}

/* `name` is ours, with letters, digits and "-" or other marks as they are meant. */
static bool is_taken_for(const struct field_line *line, struct text name)
{
    if (line->name.len != name.len)
        return false;
    if (text_equal_nocase(line->name, name))
        return true;
    if (!line->odd_name)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_same_octet(line->name.at[i], name.at[i]))
            return false;
    return true;
}

void field_edits_drop(struct field_list *fields, struct text name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (is_taken_for(&fields->lines[i], name))
            fields->lines[i].dropped = true;
}

/* The writers leave out what a peer may not say, by its id. This one is not a peer's. */
void field_edits_add(struct field_list *fields, struct arena *arena, struct text name,
                     struct text value)
{
    struct field_line *line;

    field_list_add(fields, arena, name, value);
    line = &fields->lines[fields->count - 1];
    if (line->id == FIELD_IDENTITY || line->id == FIELD_X_FORWARDED)
        line->id = FIELD_OTHER;
}

void field_edits_set(struct field_list *fields, struct arena *arena, struct text name,
                     struct text value)
{
    field_edits_drop(fields, name);
    field_edits_add(fields, arena, name, value);
}
