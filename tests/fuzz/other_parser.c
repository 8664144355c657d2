/*
 * http-parser (as Node.js had it before llhttp): shares no line and no author with ours. Debian
 * packages it as libhttp-parser-dev.
 */

#include "other_parser.h"

#include <http_parser.h>
#include <stdio.h>
#include <string.h>

void reading_done(struct reading *reading)
{
    for (size_t i = 0; i < READING_FIELDS_MAX; i++) {
        buffer_done(&reading->names[i]);
        buffer_done(&reading->values[i]);
    }
    buffer_done(&reading->target);
    buffer_done(&reading->body);
}

static int on_target(http_parser *parser, const char *at, size_t len)
{
    buffer_append(&((struct reading *)parser->data)->target, at, len);
    return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;

    if (reading->in_value)
        reading->field_count++;
    reading->in_value = false;
    if (reading->field_count == READING_FIELDS_MAX)
        return 1;
    buffer_append(&reading->names[reading->field_count], at, len);
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;

    reading->in_value = true;
    buffer_append(&reading->values[reading->field_count], at, len);
    return 0;
}

static int on_head(http_parser *parser)
{
    struct reading *reading = parser->data;

    if (reading->in_value)
        reading->field_count++;
    reading->in_value = false;
    reading->head_fields = reading->field_count;
    reading->keep = http_should_keep_alive(parser) != 0;
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    buffer_append(&((struct reading *)parser->data)->body, at, len);
    return 0;
}

static int on_end(http_parser *parser)
{
    struct reading *reading = parser->data;

    if (reading->in_value)
        reading->field_count++;
    reading->in_value = false;
    reading->complete = true;
    http_parser_pause(parser, 1); /* here, whatever follows */
    return 0;
}

void other_parser_read(struct reading *reading, struct text bytes)
{
    http_parser parser;
    http_parser_settings settings;

    http_parser_settings_init(&settings);
    settings.on_url = on_target;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_head;
    settings.on_body = on_body;
    settings.on_message_complete = on_end;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = reading;
    reading->bytes = http_parser_execute(&parser, &settings, bytes.at, bytes.len);
    reading->upgrade = parser.upgrade;
    if (reading->complete)
        snprintf(reading->method, sizeof(reading->method), "%s", http_method_str(parser.method));
}

bool other_parser_knows(const char *method)
{
    for (unsigned number = 0; number <= HTTP_SOURCE; number++)
        if (strcmp(http_method_str((enum http_method)number), method) == 0)
            return true;
    return false;
}
