/*
 * Mappings of the file through field tables. All sections go through here, so every setting gets
 * the same checks and the same words.
 */

#include "section.h"

#include <assert.h>

#include "model/nearest.h"

#define NAME_BYTES 128

/* How far into the section: the dotted name so far. */
struct cursor {
    struct reading *reading;
    const struct section *section;
    const struct trail *trail;
    struct text prefix; /* "timeout.", or empty */
};

static size_t row_of(const struct binding *binding, const struct field *field)
{
    return (size_t)(field - binding->table->fields);
}

bool binding_has(const struct binding *binding, const char *name)
{
    const struct field *field = fields_find(binding->table, text_of(name));

    assert(field);
    return binding->given >> row_of(binding, field) & 1;
}

static const struct field *find_row(const struct section *section, struct text name,
                                    struct binding **binding_out)
{
    for (size_t i = 0; i < section->binding_count; i++) {
        const struct field *field = fields_find(section->bindings[i].table, name);

        if (field) {
            *binding_out = &section->bindings[i];
            return field;
        }
    }
    return NULL;
}

/* Is "timeout." how names of this table begin? */
static bool table_has_prefix(const struct field_table *table, struct text prefix)
{
    for (size_t i = 0; i < table->count; i++)
        if (text_starts(text_of(table->fields[i].name), prefix))
            return true;
    return false;
}

static bool has_prefix(const struct section *section, struct text prefix)
{
    for (size_t i = 0; i < section->binding_count; i++)
        if (table_has_prefix(section->bindings[i].table, prefix))
            return true;
    return false;
}

/* The names that may be written at this place are candidates for what was meant. */
static void offer_table(struct nearest *nearest, const struct field_table *table,
                        struct text prefix)
{
    for (size_t i = 0; i < table->count; i++) {
        struct text name = text_of(table->fields[i].name);

        if (text_starts(name, prefix)) {
            struct text behind = text_from(name, prefix.len);

            nearest_offer(nearest, text_first(behind, text_find(behind, '.')));
        }
    }
}

static struct text meant_name(const struct cursor *cursor, struct text key)
{
    const struct section *section = cursor->section;
    struct nearest nearest;

    nearest_start(&nearest, key);
    for (size_t i = 0; i < section->binding_count; i++)
        offer_table(&nearest, section->bindings[i].table, cursor->prefix);
    if (cursor->prefix.len == 0 && section->others)
        for (size_t i = 0; section->others[i]; i++)
            nearest_offer(&nearest, text_of(section->others[i]));
    return nearest.best;
}

static bool is_other(const struct section *section, struct text name)
{
    for (size_t i = 0; section->others && section->others[i]; i++)
        if (text_equal(name, text_of(section->others[i])))
            return true;
    return false;
}

/* "timeout.connect: 2s" where "timeout: { connect: 2s }" was meant. A dot follows `name`. */
static bool would_be_known(const struct section *section, struct text name)
{
    struct binding *binding;

    return find_row(section, name, &binding) ||
           has_prefix(section, text_make(name.at, name.len + 1));
}

/* Known, but not here. A dot follows `full`. True: it was said. */
static bool said_where_it_belongs(const struct cursor *cursor, const struct yaml_node *node,
                                  struct text full)
{
    const struct section *section = cursor->section;
    struct text key = text_first(node->key, 80);
    struct text prefix = text_make(full.at, full.len + 1); /* with its dot */
    size_t dot = text_find(key, '.');

    if (section->elsewhere &&
        (fields_find(section->elsewhere, full) || table_has_prefix(section->elsewhere, prefix))) {
        reading_error(cursor->reading, cursor->trail, node->key_place, "\"%.*s\" %s",
                      TEXT_ARGS(key), section->elsewhere_hint);
        return true;
    }
    if (dot < key.len && would_be_known(section, full)) {
        reading_error(cursor->reading, cursor->trail, node->key_place,
                      "\"%.*s\" must be nested; write %.*s: { %.*s: ... }", TEXT_ARGS(key),
                      TEXT_ARGS(text_first(key, dot)), TEXT_ARGS(text_from(key, dot + 1)));
        return true;
    }
    return false;
}

/* `full` is empty when the name is longer than any that is known. */
static void unknown_name(const struct cursor *cursor, const struct yaml_node *node,
                         struct text full)
{
    struct text key = text_first(node->key, 80);
    struct text meant = TEXT_NONE;
    void (*say)(struct reading * reading, const struct trail *trail, struct source_place place,
                const char *format, ...) __attribute__((format(printf, 4, 5))) =
        cursor->reading->lenient ? reading_warning : reading_error;

    if (full.len && said_where_it_belongs(cursor, node, full))
        return;
    if (!reading_is_hopeless(cursor->reading))
        meant = meant_name(cursor, node->key);
    if (meant.len)
        say(cursor->reading, cursor->trail, node->key_place,
            "\"%.*s\" is not known; did you mean \"%.*s\"?", TEXT_ARGS(key), TEXT_ARGS(meant));
    else
        say(cursor->reading, cursor->trail, node->key_place,
            "\"%.*s\" is not known; %s lists every setting", TEXT_ARGS(key),
            cursor->reading->reference);
}

static void read_list(const struct cursor *cursor, const struct field *field, void *target,
                      const struct yaml_node *node)
{
    struct arena *arena = &cursor->reading->settings->arena;
    struct err err;

    if (!reading_expects(cursor->reading, cursor->trail, node, YAML_SEQUENCE))
        return;
    if (node->count == 0 && field->least > 0)
        reading_error(cursor->reading, cursor->trail, node->place, "must not be empty");
    field_set(field, target, TEXT_NONE, arena, NULL);
    for (const struct yaml_node *item = node->first; item; item = item->next)
        if (reading_expects(cursor->reading, cursor->trail, item, YAML_SCALAR) &&
            field_add(field, target, item->text, arena, &err) < 0)
            reading_error(cursor->reading, cursor->trail, item->place, "%s", err.text);
}

static void read_map(const struct cursor *cursor, const struct field *field, void *target,
                     const struct yaml_node *node)
{
    struct arena *arena = &cursor->reading->settings->arena;
    struct err err;

    if (!reading_expects(cursor->reading, cursor->trail, node, YAML_MAPPING))
        return;
    field_set(field, target, TEXT_NONE, arena, NULL);
    for (const struct yaml_node *item = node->first; item; item = item->next) {
        struct trail here = { .parent = cursor->trail, .name = item->key };
        struct text_pair pair = { .name = item->key, .value = item->text };

        if (reading_expects(cursor->reading, &here, item, YAML_SCALAR) &&
            field_add_pair(field, target, &pair, arena, &err) < 0)
            reading_error(cursor->reading, &here, item->key_place, "%s", err.text);
    }
}

static void read_row(const struct cursor *cursor, const struct field *field,
                     struct binding *binding, const struct yaml_node *node)
{
    struct reading *reading = cursor->reading;
    struct err err;

    binding->given |= UINT64_C(1) << row_of(binding, field);
    if (field->kind == FIELD_LATER) {
        reading_error(reading, cursor->trail, node->key_place,
                      "is not available in this version: %s; remove it", field->help);
        return;
    }
    if (field->kind == FIELD_TEXT_LIST) {
        read_list(cursor, field, binding->target, node);
        return;
    }
    if (field->kind == FIELD_TEXT_MAP) {
        read_map(cursor, field, binding->target, node);
        return;
    }
    if (!reading_expects(reading, cursor->trail, node, YAML_SCALAR))
        return;
    if (field_set(field, binding->target, node->text, &reading->settings->arena, &err) < 0)
        reading_error(reading, cursor->trail, node->place, "%s", err.text);
}

static void read_mapping(const struct cursor *cursor, const struct yaml_node *mapping);

static void read_name(const struct cursor *cursor, const struct yaml_node *node)
{
    char name[NAME_BYTES];
    size_t len = cursor->prefix.len + node->key.len;
    struct trail here = { .parent = cursor->trail, .name = node->key };
    struct cursor inner = *cursor;
    const struct field *field;
    struct binding *binding = NULL;
    struct text full;
    bool plain;

    if (cursor->prefix.len == 0 && is_other(cursor->section, node->key))
        return;
    if (len + 1 >= sizeof(name)) {
        unknown_name(cursor, node, TEXT_NONE);
        return;
    }
    if (cursor->prefix.len)
        memcpy(name, cursor->prefix.at, cursor->prefix.len);
    if (node->key.len)
        memcpy(name + cursor->prefix.len, node->key.at, node->key.len);
    name[len] = '.';
    full = text_make(name, len);
    inner.trail = &here;
    inner.prefix = text_make(name, len + 1);
    /* a dot within a written name is no nesting */
    plain = node->key.len && text_find(node->key, '.') == node->key.len;
    field = plain ? find_row(cursor->section, full, &binding) : NULL;
    if (field)
        read_row(&inner, field, binding, node);
    else if (plain && has_prefix(cursor->section, inner.prefix))
        read_mapping(&inner, node);
    else
        unknown_name(cursor, node, full);
}

static void read_mapping(const struct cursor *cursor, const struct yaml_node *mapping)
{
    if (!reading_expects(cursor->reading, cursor->trail, mapping, YAML_MAPPING))
        return;
    for (const struct yaml_node *node = mapping->first; node; node = node->next)
        read_name(cursor, node);
}

static void check_required(const struct cursor *cursor, const struct binding *binding,
                           const struct yaml_node *mapping)
{
    assert(binding->table->count <= 64);
    for (size_t i = 0; i < binding->table->count; i++) {
        const struct field *field = &binding->table->fields[i];

        if (field->fallback || field->opt_in || field->kind == FIELD_LATER)
            continue;
        if (!(binding->given >> i & 1))
            reading_error(cursor->reading, cursor->trail, mapping->place, "\"%s\" is missing: %s",
                          field->name, field->help);
    }
}

void section_read(struct reading *reading, const struct section *section,
                  const struct yaml_node *mapping)
{
    struct cursor cursor = { .reading = reading, .section = section, .trail = section->trail };

    if (!mapping)
        return;
    read_mapping(&cursor, mapping);
    if (mapping->kind != YAML_MAPPING)
        return;
    for (size_t i = 0; i < section->binding_count; i++)
        check_required(&cursor, &section->bindings[i], mapping);
}
