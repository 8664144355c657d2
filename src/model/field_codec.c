/*
 * The members of a field table as bytes, for the snapshot. What comes in is checked against the
 * same rows as what an operator wrote. Texts are views into the bytes that are decoded.
 */

#include "field_private.h"
#include "ipc/wire.h"
#include "net/address.h"

static void put_list(const struct text_list *list, struct buffer *out)
{
    wire_put_u32(out, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++)
        wire_put_text(out, list->items[i]);
}

static void put_map(const struct text_map *map, struct buffer *out)
{
    wire_put_u32(out, (uint32_t)map->count);
    for (size_t i = 0; i < map->count; i++) {
        wire_put_text(out, map->pairs[i].name);
        wire_put_text(out, map->pairs[i].value);
    }
}

static void put_address(const struct address *address, struct buffer *out)
{
    char text[ADDRESS_TEXT_BYTES];
    size_t len = address_print(address, text);

    wire_put_text(out, text_make(text, len));
}

static void put_status(const struct status_range *range, struct buffer *out)
{
    wire_put_u32(out, (uint32_t)range->least);
    wire_put_u32(out, (uint32_t)range->most);
}

static void put_rate(const struct rate *rate, struct buffer *out)
{
    wire_put_i64(out, rate->count);
    wire_put_i64(out, rate->period_ms);
}

static void put_member(const struct field *field, const void *member, struct buffer *out)
{
    if (field_is_number(field))
        wire_put_i64(out, *(const int64_t *)member);
    else if (field->kind == FIELD_BOOL)
        wire_put_bool(out, *(const bool *)member);
    else if (field->kind == FIELD_CHOICE)
        wire_put_u32(out, (uint32_t) * (const int *)member);
    else if (field->kind == FIELD_TEXT)
        wire_put_text(out, *(const struct text *)member);
    else if (field->kind == FIELD_TEXT_LIST)
        put_list(member, out);
    else if (field->kind == FIELD_TEXT_MAP)
        put_map(member, out);
    else if (field->kind == FIELD_ADDRESS)
        put_address(member, out);
    else if (field->kind == FIELD_STATUS_RANGE)
        put_status(member, out);
    else if (field->kind == FIELD_RATE)
        put_rate(member, out);
}

void fields_encode(const struct field_table *table, const void *source, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++)
        put_member(&table->fields[i], field_member_const(&table->fields[i], source), out);
}

static int get_number(const struct field *field, int64_t *member, struct wire *wire)
{
    *member = wire_get_i64(wire);
    return field_check_number(field, *member, NULL);
}

static int get_choice(const struct field *field, int *member, struct wire *wire)
{
    uint32_t index = wire_get_u32(wire);

    if (index >= field_choice_count(field))
        return -1;
    *member = (int)index;
    return 0;
}

static int get_text(const struct field *field, struct text *member, struct wire *wire)
{
    *member = wire_get_text(wire, (size_t)field->most);
    return wire->bad ? -1 : field_check_text(field, *member, NULL);
}

static int get_list(const struct field *field, struct text_list *member, struct wire *wire,
                    struct arena *arena)
{
    size_t count = wire_get_count(wire, (size_t)field->most, sizeof(uint32_t));

    *member = (struct text_list){ 0 };
    for (size_t i = 0; i < count; i++) {
        struct text item = wire_get_text(wire, FIELD_ITEM_BYTES);

        if (wire->bad || field_check_item(field, item, NULL) < 0)
            return -1;
        text_list_add(member, item, arena);
    }
    return member->count < (size_t)field->least ? -1 : 0;
}

static int get_map(const struct field *field, struct text_map *member, struct wire *wire,
                   struct arena *arena)
{
    size_t count = wire_get_count(wire, (size_t)field->most, 2 * sizeof(uint32_t));

    *member = (struct text_map){ 0 };
    for (size_t i = 0; i < count; i++) {
        struct text_pair pair;

        pair.name = wire_get_text(wire, FIELD_ITEM_BYTES);
        pair.value = wire_get_text(wire, FIELD_VALUE_BYTES);
        if (wire->bad || field_check_pair(field, &pair, NULL) < 0 ||
            text_map_has(member, pair.name))
            return -1;
        text_map_add(member, &pair, arena);
    }
    return 0;
}

static int get_address(struct address *member, struct wire *wire)
{
    return address_parse(wire_get_text(wire, ADDRESS_TEXT_BYTES), member, NULL);
}

static int get_status(const struct field *field, struct status_range *member, struct wire *wire)
{
    uint32_t least = wire_get_u32(wire);
    uint32_t most = wire_get_u32(wire);

    if (least > INT32_MAX || most > INT32_MAX)
        return -1;
    *member = (struct status_range){ .least = (int)least, .most = (int)most };
    return field_check_status(field, *member, NULL);
}

static int get_rate(const struct field *field, struct rate *member, struct wire *wire)
{
    member->count = wire_get_i64(wire);
    member->period_ms = wire_get_i64(wire);
    return field_check_rate(field, *member, NULL);
}

static int get_member(const struct field *field, void *member, struct wire *wire,
                      struct arena *arena)
{
    if (field_is_number(field))
        return get_number(field, member, wire);
    if (field->kind == FIELD_CHOICE)
        return get_choice(field, member, wire);
    if (field->kind == FIELD_TEXT)
        return get_text(field, member, wire);
    if (field->kind == FIELD_TEXT_LIST)
        return get_list(field, member, wire, arena);
    if (field->kind == FIELD_TEXT_MAP)
        return get_map(field, member, wire, arena);
    if (field->kind == FIELD_ADDRESS)
        return get_address(member, wire);
    if (field->kind == FIELD_STATUS_RANGE)
        return get_status(field, member, wire);
    if (field->kind == FIELD_RATE)
        return get_rate(field, member, wire);
    if (field->kind == FIELD_BOOL)
        *(bool *)member = wire_get_bool(wire);
    return 0;
}

int fields_decode(const struct field_table *table, void *target, struct wire *wire,
                  struct arena *arena)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];

        if (get_member(field, field_member(field, target), wire, arena) < 0 || wire->bad)
            return -1;
    }
    return 0;
}
