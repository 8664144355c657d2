/*
 * Heads as both codecs know them: which field is which, the ordered list, and moving a head to
 * bytes that last. Called by the parsers, framing, forwarding and the worker. Knows no syntax.
 */

#include "http/head.h"

#include <assert.h>

#include "field_names.h"
#include "h1_bytes.h"

#define FIRST_CAPACITY 16

bool method_is_idempotent(enum http_method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_PUT:
    case METHOD_DELETE:
    case METHOD_OPTIONS:
    case METHOD_TRACE:
        return true;
    case METHOD_OTHER:
    case METHOD_POST:
    case METHOD_PATCH:
    case METHOD_CONNECT:
        return false;
    }
    return false;
}

const struct field_line *field_list_find(const struct field_list *fields, enum field_id id)
{
    if (!field_list_has(fields, id))
        return NULL;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == id && !fields->lines[i].dropped)
            return &fields->lines[i];
    return NULL;
}

const struct field_line *field_list_find_name(const struct field_list *fields, struct text name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (!fields->lines[i].dropped && text_equal_nocase(fields->lines[i].name, name))
            return &fields->lines[i];
    return NULL;
}

void field_list_add(struct field_list *fields, struct arena *arena, struct text name,
                    struct text value)
{
    struct field_line *line;

    if (fields->count == fields->capacity) {
        size_t capacity = fields->capacity ? fields->capacity * 2 : FIRST_CAPACITY;
        struct field_line *lines = arena_new(arena, capacity, sizeof(*lines));

        if (fields->count)
            memcpy(lines, fields->lines, fields->count * sizeof(*lines));
        fields->lines = lines;
        fields->capacity = capacity;
    }
    line = &fields->lines[fields->count++];
    *line = (struct field_line){ .name = name, .value = value, .id = field_identify(name) };
    line->odd_name = !h1_all_bytes_are(name, BYTE_PLAIN);
    fields->present |= 1U << line->id;
}

static bool list_has_token(struct text list, struct text token)
{
    struct text element;

    while (h1_list_next(&list, &element))
        if (text_equal_nocase(element, token))
            return true;
    return false;
}

bool field_list_has_token(const struct field_list *fields, enum field_id id, struct text token)
{
    if (!field_list_has(fields, id))
        return false;
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (line->id == id && list_has_token(line->value, token))
            return true;
    }
    return false;
}

/* Texts that point elsewhere (a static "/", a value from an arena) stay where they are. */
struct move {
    const char *from;
    size_t len;
    const char *to;
};

static void text_move(struct text *text, const struct move *move)
{
    uintptr_t offset = (uintptr_t)text->at - (uintptr_t)move->from;

    if (text->at && offset <= move->len)
        text->at = move->to + offset;
}

static void field_list_move(struct field_list *fields, const struct move *move, struct arena *arena)
{
    size_t capacity = fields->count + 2; /* room for what the worker usually adds */
    struct field_line *lines = arena_alloc(arena, capacity * sizeof(*lines));

    assert(fields->count <= FIELD_LINES_MAX);
    for (size_t i = 0; i < fields->count; i++) {
        lines[i] = fields->lines[i];
        text_move(&lines[i].name, move);
        text_move(&lines[i].value, move);
    }
    fields->lines = lines;
    fields->capacity = capacity;
}

void request_head_rebase(struct request_head *head, const char *from, size_t len, const char *to,
                         struct arena *arena)
{
    const struct move move = { .from = from, .len = len, .to = to };

    text_move(&head->method_text, &move);
    text_move(&head->target, &move);
    text_move(&head->scheme, &move);
    text_move(&head->host, &move);
    text_move(&head->authority, &move);
    text_move(&head->path, &move);
    text_move(&head->query, &move);
    text_move(&head->protocol, &move);
    field_list_move(&head->fields, &move, arena);
}

void response_head_rebase(struct response_head *head, const char *from, size_t len, const char *to,
                          struct arena *arena)
{
    const struct move move = { .from = from, .len = len, .to = to };

    text_move(&head->reason, &move);
    field_list_move(&head->fields, &move, arena);
}
