/* The Connection field, read once for both who decides persistence and who drops fields. */

#include "connection_options.h"

#include "h1_bytes.h"

static const char *take(struct connection_options *options, struct text option)
{
    if (option.len == 0) /* RFC 9110 section 5.6.1: empty elements are to be ignored */
        return NULL;
    if (!h1_all_bytes_are(option, BYTE_TOKEN))
        return "bad_connection_option";
    if (text_equal_nocase(option, TEXT("close")))
        options->close = true;
    else if (text_equal_nocase(option, TEXT("keep-alive")))
        options->keep_alive = true;
    else if (text_equal_nocase(option, TEXT("upgrade")))
        options->upgrade = true;
    else if (options->count == CONNECTION_OPTIONS_MAX)
        return "too_many_connection_options";
    else
        options->names[options->count++] = option;
    return NULL;
}

const char *connection_options_read(const struct field_list *fields,
                                    struct connection_options *options_out)
{
    const char *wrong = NULL;

    options_out->count = 0;
    options_out->close = options_out->keep_alive = options_out->upgrade = false;
    if (!field_list_has(fields, FIELD_CONNECTION))
        return NULL;
    for (size_t i = 0; i < fields->count && !wrong; i++) {
        struct text rest = fields->lines[i].value;
        struct text option;

        if (fields->lines[i].id != FIELD_CONNECTION)
            continue;
        while (!wrong && h1_list_next(&rest, &option))
            wrong = take(options_out, option);
    }
    return wrong;
}
