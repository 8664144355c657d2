/*
 * Lists of the Engine's objects. They are cut into their members by counting brackets, without a
 * parser, because a tree of 5,000 tasks is several times as large as their text, and because one
 * member that is no JSON must not take the others along.
 */

#include "list.h"

/* More than any swarm that was ever heard of; bounds what a list of small objects becomes. */
#define ITEMS_MAX 200000

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_space(struct text *rest)
{
    size_t at = 0;

    while (at < rest->len && is_space(rest->at[at]))
        at++;
    *rest = text_from(*rest, at);
}

/* Behind the quote that ends the string which begins at `at`; the length when none does. */
static size_t skip_string(struct text text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++)
        if (text.at[at] == '\\')
            at++;
    return at < text.len ? at + 1 : text.len;
}

/* Where the member that begins here ends: at the comma or bracket behind it, or the length. */
static size_t item_length(struct text text)
{
    size_t depth = 0;
    size_t at = 0;

    while (at < text.len) {
        char c = text.at[at];

        if (depth == 0 && (c == ',' || c == ']'))
            return at;
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth > 0)
            depth--;
        at++;
    }
    return text.len;
}

/* Over `byte`, with the space in front of it; false: something else is there. */
static bool skip_byte(struct text *rest, char byte)
{
    skip_space(rest);
    if (!rest->len || rest->at[0] != byte)
        return false;
    *rest = text_from(*rest, 1);
    return true;
}

static enum list_step list_end(struct list_cursor *cursor)
{
    skip_space(&cursor->rest);
    return cursor->rest.len ? LIST_BROKEN : LIST_END;
}

enum list_step list_next(struct list_cursor *cursor, struct text *item_out)
{
    size_t len;

    if (!cursor->begun) {
        cursor->begun = true;
        if (!skip_byte(&cursor->rest, '['))
            return LIST_BROKEN;
        if (skip_byte(&cursor->rest, ']'))
            return list_end(cursor);
    } else if (skip_byte(&cursor->rest, ']')) {
        return list_end(cursor);
    } else if (!skip_byte(&cursor->rest, ',')) {
        return LIST_BROKEN;
    }
    len = item_length(cursor->rest);
    if (len == cursor->rest.len)
        return LIST_BROKEN;
    *item_out = text_first(cursor->rest, len);
    cursor->rest = text_from(cursor->rest, len);
    return LIST_ITEM;
}

static int count_items(const struct list_kind *kind, struct text json, size_t *count_out,
                       struct err *err)
{
    struct list_cursor cursor = { .rest = json };
    enum list_step step;
    struct text item;
    size_t count = 0;

    while ((step = list_next(&cursor, &item)) == LIST_ITEM)
        count++;
    if (step == LIST_BROKEN)
        return err_set(err, "%s: no list, or one that ends in the middle (%zu bytes)", kind->name,
                       json.len);
    if (count > ITEMS_MAX)
        return err_set(err, "%s: %zu in one list, at most %d are read", kind->name, count,
                       ITEMS_MAX);
    *count_out = count;
    return 0;
}

static bool read_item(const struct list_kind *kind, struct text item, struct arena *arena,
                      void *into)
{
    json_t *object = json_read(item, kind->name, NULL);
    bool good;

    if (!object)
        return kind->salvage && kind->salvage(item, arena, into);
    good = json_is_object(object) && kind->read(object, arena, into);
    json_decref(object);
    return good;
}

int list_read(const struct list_kind *kind, struct text json, struct arena *arena,
              struct list_result *result_out, struct err *err)
{
    struct list_cursor cursor = { .rest = json };
    struct text item;
    size_t count = 0;
    size_t used = 0;
    char *items;

    if (count_items(kind, json, &count, err) < 0)
        return -1;
    items = arena_new(arena, count + 1, kind->bytes);
    while (list_next(&cursor, &item) == LIST_ITEM)
        used += read_item(kind, item, arena, items + used * kind->bytes);
    *result_out = (struct list_result){ .items = items, .count = used, .bad = count - used };
    return 0;
}
