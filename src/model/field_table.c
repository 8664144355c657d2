/*
 * Written values -> struct members and back, by the rows of a field table. Called by the reader of
 * the mapping file, by settings_new() and by whoever shows settings. Knows no section and no YAML.
 */

#include "model/field_table.h"

#include <stdlib.h>

#include "field_private.h"
#include "model/nearest.h"
#include "net/address.h"

const struct field *fields_find(const struct field_table *table, struct text name)
{
    for (size_t i = 0; i < table->count; i++)
        if (text_equal(name, text_of(table->fields[i].name)))
            return &table->fields[i];
    return NULL;
}

const char *fields_nearest(const struct field_table *table, struct text name)
{
    struct nearest nearest;

    nearest_start(&nearest, name);
    for (size_t i = 0; i < table->count; i++)
        nearest_offer(&nearest, text_of(table->fields[i].name));
    return nearest.best.at; /* a whole name of a row, so it is terminated */
}

void fields_set_defaults(const struct field_table *table, void *target, struct arena *arena)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];

        if (field->fallback && field_set(field, target, text_of(field->fallback), arena, NULL) < 0)
            abort();
    }
}

void text_list_add(struct text_list *list, struct text item, struct arena *arena)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? list->count * 2 : 1;
        struct text *items = arena_new(arena, room, sizeof(*items));

        if (list->count)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
    }
    list->items[list->count++] = item;
}

void text_map_add(struct text_map *map, const struct text_pair *pair, struct arena *arena)
{
    if ((map->count & (map->count - 1)) == 0) {
        size_t room = map->count ? map->count * 2 : 1;
        struct text_pair *pairs = arena_new(arena, room, sizeof(*pairs));

        if (map->count)
            memcpy(pairs, map->pairs, map->count * sizeof(*pairs));
        map->pairs = pairs;
    }
    map->pairs[map->count++] = *pair;
}

bool text_map_has(const struct text_map *map, struct text name)
{
    for (size_t i = 0; i < map->count; i++)
        if (text_equal_nocase(map->pairs[i].name, name))
            return true;
    return false;
}

static int set_bool(bool *member, struct text value, struct err *err)
{
    if (!text_equal(value, TEXT("true")) && !text_equal(value, TEXT("false")))
        return err_set(err, "\"%.*s\" is neither true nor false", TEXT_ARGS(field_shown(value)));
    *member = value.len == 4;
    return 0;
}

static int set_number(const struct field *field, int64_t *member, struct text value,
                      struct err *err)
{
    int64_t number = 0;

    if (field_parse_number(field, value, &number, err) < 0 ||
        field_check_number(field, number, err) < 0)
        return -1;
    *member = number;
    return 0;
}

/* "a, b or c" */
static void print_choices(const char *const *choices, struct buffer *out)
{
    for (size_t i = 0; choices[i]; i++) {
        const char *joint = choices[i + 1] ? ", " : " or ";

        buffer_format(out, "%s%s", i ? joint : "", choices[i]);
    }
}

static bool is_one_of(struct text value, const char *const *words)
{
    for (size_t i = 0; words && words[i]; i++)
        if (text_equal(value, text_of(words[i])))
            return true;
    return false;
}

static int set_choice(const struct field *field, int *member, struct text value, struct err *err)
{
    struct buffer words = { 0 };

    for (size_t i = 0; field->choices[i]; i++) {
        if (text_equal(value, text_of(field->choices[i]))) {
            *member = (int)i;
            return 0;
        }
    }
    print_choices(field->choices, &words);
    if (is_one_of(value, field->later_choices))
        err_set(err, "\"%.*s\" is not available in this version; write %.*s", TEXT_ARGS(value),
                TEXT_ARGS(buffer_text(&words)));
    else
        err_set(err, "\"%.*s\" is not known here; write %.*s", TEXT_ARGS(field_shown(value)),
                TEXT_ARGS(buffer_text(&words)));
    buffer_done(&words);
    return -1;
}

static int set_text(const struct field *field, struct text *member, struct text value,
                    struct arena *arena, struct err *err)
{
    if (is_one_of(value, field->later_choices))
        return err_set(err, "\"%.*s\" is not available in this version", TEXT_ARGS(value));
    if (field_check_text(field, value, err) < 0)
        return -1;
    *member = value.len ? arena_text(arena, value) : TEXT_NONE;
    return 0;
}

/* "a,b,c"; an empty text is an empty list. */
static int set_list(const struct field *field, void *target, struct text value, struct arena *arena,
                    struct err *err)
{
    struct text_list *member = field_member(field, target);
    struct text_list before = *member;
    struct text item;

    *member = (struct text_list){ 0 };
    while (value.len) {
        text_split(value, ',', &item, &value);
        if (field_add(field, target, text_trim(item), arena, err) < 0) {
            *member = before;
            return -1;
        }
    }
    return 0;
}

static int set_status(const struct field *field, struct status_range *member, struct text value,
                      struct err *err)
{
    struct text from;
    struct text to;
    uint64_t least = 0;
    uint64_t most = 0;
    struct status_range range;

    if (!text_split(value, '-', &from, &to))
        to = from;
    if (from.len != 3 || to.len != 3 || !text_to_u64(from, &least) || !text_to_u64(to, &most))
        return err_set(err, "\"%.*s\" is no range of statuses; write it like 200-399 or 204",
                       TEXT_ARGS(field_shown(value)));
    range = (struct status_range){ .least = (int)least, .most = (int)most };
    if (field_check_status(field, range, err) < 0)
        return -1;
    *member = range;
    return 0;
}

int field_add(const struct field *field, void *target, struct text value, struct arena *arena,
              struct err *err)
{
    struct text_list *list = field_member(field, target);

    if (field_check_item(field, value, err) < 0)
        return -1;
    if (list->count >= (size_t)field->most)
        return err_set(err, "has more than %lld items", (long long)field->most);
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->items[i], value))
            return err_set(err, "\"%.*s\" is there twice", TEXT_ARGS(value));
    text_list_add(list, arena_text(arena, value), arena);
    return 0;
}

int field_add_pair(const struct field *field, void *target, const struct text_pair *pair,
                   struct arena *arena, struct err *err)
{
    struct text_map *map = field_member(field, target);
    struct text_pair copy;

    if (field_check_pair(field, pair, err) < 0)
        return -1;
    if (map->count >= (size_t)field->most)
        return err_set(err, "has more than %lld names", (long long)field->most);
    if (text_map_has(map, pair->name))
        return err_set(err, "\"%.*s\" is there twice", TEXT_ARGS(pair->name));
    copy.name = arena_text(arena, pair->name);
    copy.value = pair->value.len ? arena_text(arena, pair->value) : TEXT_NONE;
    text_map_add(map, &copy, arena);
    return 0;
}

/* A map cannot be written in one text; only the empty one is. */
static int set_map(struct text_map *member, struct text value, struct err *err)
{
    if (value.len)
        return err_set(err, "must be a mapping, like { name: value }");
    *member = (struct text_map){ 0 };
    return 0;
}

int field_set(const struct field *field, void *target, struct text value, struct arena *arena,
              struct err *err)
{
    void *member = field_member(field, target);

    switch (field->kind) {
    case FIELD_BOOL:
        return set_bool(member, value, err);
    case FIELD_INTEGER:
    case FIELD_MILLISECONDS:
    case FIELD_BYTES:
    case FIELD_BYTE_RATE:
    case FIELD_PERCENT:
    case FIELD_FRACTION:
    case FIELD_AUTO_INTEGER:
        return set_number(field, member, value, err);
    case FIELD_CHOICE:
        return set_choice(field, member, value, err);
    case FIELD_TEXT:
        return set_text(field, member, value, arena, err);
    case FIELD_TEXT_LIST:
        return set_list(field, target, value, arena, err);
    case FIELD_TEXT_MAP:
        return set_map(member, value, err);
    case FIELD_ADDRESS:
        return address_parse(value, member, err);
    case FIELD_STATUS_RANGE:
        return set_status(field, member, value, err);
    case FIELD_RATE:
        return field_parse_rate(field, value, member, err);
    case FIELD_LATER:
        return err_set(err, "is not available in this version: %s", field->help);
    }
    return err_set(err, "has a kind that nobody knows");
}

static void print_list(const struct text_list *list, struct buffer *out)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buffer_append_byte(out, ',');
        buffer_append_text(out, list->items[i]);
    }
}

static void print_map(const struct text_map *map, struct buffer *out)
{
    for (size_t i = 0; i < map->count; i++)
        buffer_format(out, "%s%.*s: %.*s", i ? ", " : "", TEXT_ARGS(map->pairs[i].name),
                      TEXT_ARGS(map->pairs[i].value));
}

static void print_address(const struct address *address, struct buffer *out)
{
    char text[ADDRESS_TEXT_BYTES];
    size_t len = address_print(address, text);

    buffer_append(out, text, len);
}

static void print_status(const struct status_range *range, struct buffer *out)
{
    buffer_format(out, "%d", range->least);
    if (range->most != range->least)
        buffer_format(out, "-%d", range->most);
}

void field_print(const struct field *field, const void *target, struct buffer *out)
{
    const void *member = field_member_const(field, target);

    switch (field->kind) {
    case FIELD_BOOL:
        buffer_append_text(out, *(const bool *)member ? TEXT("true") : TEXT("false"));
        break;
    case FIELD_INTEGER:
    case FIELD_MILLISECONDS:
    case FIELD_BYTES:
    case FIELD_BYTE_RATE:
    case FIELD_PERCENT:
    case FIELD_FRACTION:
    case FIELD_AUTO_INTEGER:
        field_print_number(field, *(const int64_t *)member, out);
        break;
    case FIELD_CHOICE:
        buffer_append_text(out, text_of(field->choices[*(const int *)member]));
        break;
    case FIELD_TEXT:
        buffer_append_text(out, *(const struct text *)member);
        break;
    case FIELD_TEXT_LIST:
        print_list(member, out);
        break;
    case FIELD_TEXT_MAP:
        print_map(member, out);
        break;
    case FIELD_ADDRESS:
        print_address(member, out);
        break;
    case FIELD_STATUS_RANGE:
        print_status(member, out);
        break;
    case FIELD_RATE:
        field_print_rate(*(const struct rate *)member, out);
        break;
    case FIELD_LATER:
        break;
    }
}

static size_t member_bytes(enum field_kind kind)
{
    switch (kind) {
    case FIELD_BOOL:
        return sizeof(bool);
    case FIELD_INTEGER:
    case FIELD_MILLISECONDS:
    case FIELD_BYTES:
    case FIELD_BYTE_RATE:
    case FIELD_PERCENT:
    case FIELD_FRACTION:
    case FIELD_AUTO_INTEGER:
        return sizeof(int64_t);
    case FIELD_CHOICE:
        return sizeof(int);
    case FIELD_TEXT:
        return sizeof(struct text);
    case FIELD_TEXT_LIST:
        return sizeof(struct text_list);
    case FIELD_TEXT_MAP:
        return sizeof(struct text_map);
    case FIELD_ADDRESS:
        return sizeof(struct address);
    case FIELD_STATUS_RANGE:
        return sizeof(struct status_range);
    case FIELD_RATE:
        return sizeof(struct rate);
    case FIELD_LATER:
        return 0;
    }
    return 0;
}

void fields_overlay(const struct field_table *table, void *target, const void *source,
                    uint64_t mask)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        size_t bytes = member_bytes(field->kind);

        if (mask >> i & 1 && bytes)
            memcpy(field_member(field, target), field_member_const(field, source), bytes);
    }
}
