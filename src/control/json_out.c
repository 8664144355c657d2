/* JSON, written in the order it is said. Used by the answers on the command socket. */

#include "json_out.h"

#include <time.h>

static void begin(struct json_out *json, const char *key)
{
    if (json->comma)
        buffer_append_byte(json->out, ',');
    json->comma = true;
    if (!key)
        return;
    buffer_append_json(json->out, text_of(key));
    buffer_append_byte(json->out, ':');
}

static void open_with(struct json_out *json, const char *key, char bracket)
{
    begin(json, key);
    buffer_append_byte(json->out, bracket);
    json->comma = false;
}

static void close_with(struct json_out *json, char bracket)
{
    buffer_append_byte(json->out, bracket);
    json->comma = true;
}

void json_put_object(struct json_out *json, const char *key)
{
    open_with(json, key, '{');
}

void json_put_array(struct json_out *json, const char *key)
{
    open_with(json, key, '[');
}

void json_put_object_end(struct json_out *json)
{
    close_with(json, '}');
}

void json_put_array_end(struct json_out *json)
{
    close_with(json, ']');
}

void json_put_text(struct json_out *json, const char *key, struct text value)
{
    begin(json, key);
    buffer_append_json(json->out, value);
}

void json_put_number(struct json_out *json, const char *key, int64_t value)
{
    begin(json, key);
    buffer_format(json->out, "%lld", (long long)value);
}

void json_put_bool(struct json_out *json, const char *key, bool value)
{
    begin(json, key);
    buffer_append_text(json->out, value ? TEXT("true") : TEXT("false"));
}

void json_put_time(struct json_out *json, const char *key, int64_t wall_s)
{
    time_t seconds = (time_t)wall_s;
    struct tm utc;
    char stamp[32];

    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_put_text(json, key, text_of(stamp));
}
