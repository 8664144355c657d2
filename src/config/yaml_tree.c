/*
 * libyaml's events -> a tree of plain mappings, sequences and scalars, with every rule of the file
 * that is about YAML itself: one document, no anchors, aliases, merge keys or tags, no name twice,
 * bounded depth. Called by settings_parse(); knows no setting.
 */

#include "yaml_tree.h"

#include <yaml.h>

#include "base/hash.h"

/* Up to so many names are compared one by one, more are found by hash. */
#define FEW_NAMES 12

struct level {
    struct yaml_node *node;
    struct yaml_node **tail;
    struct string_map names; /* of a large mapping: name -> line */
    bool has_key;
    bool skip_value; /* its name is of no use */
    struct text key;
    struct source_place key_place;
};

struct reader {
    yaml_parser_t parser;
    struct arena *arena;
    const struct settings *settings;
    struct problems *problems;
    struct yaml_node *root;
    struct level levels[YAML_DEPTH];
    size_t depth;
    size_t documents;
    bool stopped; /* no use in reading on */
};

static struct source_place place_of(yaml_mark_t mark)
{
    return (struct source_place){
        .line = (uint32_t)mark.line + 1,
        .column = (uint32_t)mark.column + 1,
    };
}

static void stop(struct reader *reader, struct source_place place, const char *what)
{
    problems_error(reader->problems, reader->settings, place, "%s", what);
    reader->stopped = true;
}

static struct level *top(struct reader *reader)
{
    return reader->depth ? &reader->levels[reader->depth - 1] : NULL;
}

const struct yaml_node *yaml_find(const struct yaml_node *node, const char *name)
{
    if (!node || node->kind != YAML_MAPPING)
        return NULL;
    for (const struct yaml_node *child = node->first; child; child = child->next)
        if (text_equal(child->key, text_of(name)))
            return child;
    return NULL;
}

/* The line of an earlier use of this name, 0: none. */
static size_t line_of_first(const struct level *level, struct text key)
{
    size_t line = 0;

    if (level->names.count) {
        string_map_get(&level->names, key, &line);
        return line;
    }
    for (const struct yaml_node *child = level->node->first; child; child = child->next)
        if (text_equal(child->key, key))
            return child->key_place.line;
    return 0;
}

static void remember_name(struct level *level, const struct yaml_node *child)
{
    if (level->node->count < FEW_NAMES)
        return;
    if (level->names.count == 0)
        for (const struct yaml_node *at = level->node->first; at; at = at->next)
            string_map_put(&level->names, at->key, at->key_place.line);
    string_map_put(&level->names, child->key, child->key_place.line);
}

static void take_key(struct reader *reader, struct level *level, const yaml_event_t *event)
{
    struct text key = text_make((const char *)event->data.scalar.value, event->data.scalar.length);
    size_t line;

    level->has_key = true;
    level->key = arena_text(reader->arena, key);
    level->key_place = place_of(event->start_mark);
    line = line_of_first(level, key);
    level->skip_value = line != 0;
    if (line)
        problems_error(reader->problems, reader->settings, level->key_place,
                       "\"%.*s\" is there twice, the first time in line %zu; remove one",
                       TEXT_ARGS(text_first(key, 80)), line);
}

/* Hang a new node into the collection that is open; what has no good name hangs nowhere. */
static struct yaml_node *add_node(struct reader *reader, enum yaml_kind kind,
                                  const yaml_event_t *event)
{
    struct yaml_node *node = arena_new(reader->arena, 1, sizeof(*node));
    struct level *level = top(reader);

    node->kind = kind;
    node->place = place_of(event->start_mark);
    if (!level) {
        reader->root = node;
        return node;
    }
    node->key = level->key;
    node->key_place = level->key_place;
    level->has_key = false;
    level->node->count++; /* so that what was refused does not look empty */
    if (level->skip_value)
        return node;
    *level->tail = node;
    level->tail = &node->next;
    if (level->node->kind == YAML_MAPPING)
        remember_name(level, node);
    return node;
}

static bool wants_key(struct reader *reader)
{
    struct level *level = top(reader);

    return level && level->node->kind == YAML_MAPPING && !level->has_key;
}

/* Anchors and tags are complained about, and then as if they were not there. */
static void refuse_properties(struct reader *reader, const yaml_event_t *event,
                              const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct source_place place = place_of(event->start_mark);

    if (anchor)
        problems_error(reader->problems, reader->settings, place,
                       "anchors (&%.60s) are not accepted; write the value where it is needed, or "
                       "quote it if the & belongs to it",
                       (const char *)anchor);
    if (tag)
        problems_error(reader->problems, reader->settings, place,
                       "tags (%.60s) are not accepted; remove it, or quote the value if the ! "
                       "belongs to it",
                       (const char *)tag);
}

static void refuse_merge(struct reader *reader, struct level *level)
{
    problems_error(reader->problems, reader->settings, level->key_place,
                   "merge keys (<<) are not accepted; write the settings out");
    level->skip_value = true;
}

static bool is_null(const yaml_event_t *event)
{
    struct text text = text_make((const char *)event->data.scalar.value, event->data.scalar.length);

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    return text.len == 0 || text_equal(text, TEXT("~")) || text_equal_nocase(text, TEXT("null"));
}

/* Messages and paths end at a NUL, so it must not get any further. */
static bool has_nul(struct reader *reader, const yaml_event_t *event)
{
    struct text text = text_make((const char *)event->data.scalar.value, event->data.scalar.length);

    if (text_find(text, '\0') == text.len)
        return false;
    problems_error(reader->problems, reader->settings, place_of(event->start_mark),
                   "the escape \\0 is not accepted, no setting can have a NUL byte; remove it");
    return true;
}

static void skip_key(struct level *level)
{
    level->has_key = true;
    level->skip_value = true;
}

static void on_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct text text = text_make((const char *)event->data.scalar.value, event->data.scalar.length);
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool nul = has_nul(reader, event);
    struct yaml_node *node;

    refuse_properties(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (wants_key(reader) && nul) {
        skip_key(top(reader));
        return;
    }
    if (wants_key(reader)) {
        take_key(reader, top(reader), event);
        if (plain && text_equal(text, TEXT("<<")))
            refuse_merge(reader, top(reader));
        return;
    }
    node = add_node(reader, nul ? YAML_BROKEN : is_null(event) ? YAML_NOTHING : YAML_SCALAR, event);
    node->text = arena_text(reader->arena, text);
}

static void on_start(struct reader *reader, const yaml_event_t *event, enum yaml_kind kind)
{
    struct source_place place = place_of(event->start_mark);
    struct yaml_node *node;

    if (kind == YAML_MAPPING)
        refuse_properties(reader, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
    else
        refuse_properties(reader, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
    if (wants_key(reader)) {
        stop(reader, place, "a name must be plain text; quote a value that begins with { or [");
        return;
    }
    if (reader->depth == YAML_DEPTH) {
        stop(reader, place, "nested deeper than 8 levels; nothing in this file needs that");
        return;
    }
    node = add_node(reader, kind, event);
    reader->levels[reader->depth++] = (struct level){ .node = node, .tail = &node->first };
}

static void on_end(struct reader *reader)
{
    string_map_done(&top(reader)->names);
    reader->depth--;
}

static void on_alias(struct reader *reader, const yaml_event_t *event)
{
    struct source_place place = place_of(event->start_mark);

    problems_error(reader->problems, reader->settings, place,
                   "aliases (*%.60s) are not accepted; quote a name that begins with *",
                   (const char *)event->data.alias.anchor);
    if (wants_key(reader)) {
        skip_key(top(reader));
        return;
    }
    add_node(reader, YAML_BROKEN, event);
}

static void on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++reader->documents > 1)
            stop(reader, place_of(event->start_mark),
                 "a second document begins here; one file is one document");
        break;
    case YAML_ALIAS_EVENT:
        on_alias(reader, event);
        break;
    case YAML_SCALAR_EVENT:
        on_scalar(reader, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_start(reader, event, YAML_SEQUENCE);
        break;
    case YAML_MAPPING_START_EVENT:
        on_start(reader, event, YAML_MAPPING);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        on_end(reader);
        break;
    case YAML_STREAM_END_EVENT:
        reader->stopped = true;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
}

/* libyaml's words, and what they mean where people trip. */
static void on_syntax_error(struct reader *reader, struct text yaml)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    const char *context = parser->context ? parser->context : "";
    struct source_place place = place_of(parser->problem_mark);
    size_t at = parser->problem_mark.index;
    const char *hint = "check quotes, brackets and indentation around here";

    if (strstr(context, "alias") || strstr(context, "anchor"))
        hint = "quote a name that begins with * or &, like \"*.example.com\"";
    else if (at < yaml.len && yaml.at[at] == '\t')
        hint = "indent with spaces, not with tabs";
    else if (strstr(problem, "mapping values are not allowed"))
        hint = "quote a value that has \": \" in it, and indent the lines of a mapping alike";
    problems_error(reader->problems, reader->settings, place, "not YAML: %s%s%s; %s", problem,
                   context[0] ? " " : "", context, hint);
}

const struct yaml_node *yaml_read(struct text yaml, struct arena *arena,
                                  const struct settings *settings, struct problems *problems)
{
    struct reader reader = { .arena = arena, .settings = settings, .problems = problems };
    bool good = yaml_parser_initialize(&reader.parser);
    yaml_event_t event;

    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(yaml.len ? yaml.at : ""),
                                 yaml.len);
    while (good && !reader.stopped) {
        good = yaml_parser_parse(&reader.parser, &event);
        if (good) {
            on_event(&reader, &event);
            yaml_event_delete(&event);
        }
    }
    if (!good) {
        on_syntax_error(&reader, yaml);
        reader.root = NULL;
    }
    while (reader.depth) {
        on_end(&reader);
        reader.root = NULL; /* it was given up half read */
    }
    yaml_parser_delete(&reader.parser);
    return reader.root;
}
