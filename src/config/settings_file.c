/*
 * The mapping file: text -> YAML tree -> settings, all errors at once. Called by control on start
 * and on SIGHUP, and by `swarmward check`. Reads no certificate and asks nobody.
 */

#include "config/settings_file.h"

#include <stdlib.h>

#include "base/file.h"
#include "reading.h"
#include "text_scan.h"

static const struct source_place nowhere = { 0, 0 };

static void parse(struct reading *reading, struct text yaml)
{
    struct arena arena = { 0 };
    const struct yaml_node *root = NULL;

    if (text_starts(yaml, TEXT("\xEF\xBB\xBF")))
        yaml = text_from(yaml, 3); /* libyaml knows it only when it guesses the encoding itself */
    if (yaml.len > SETTINGS_FILE_BYTES)
        problems_error(reading->problems, reading->settings, nowhere,
                       "%zu bytes are more than the limit of %zu", yaml.len, SETTINGS_FILE_BYTES);
    else if (text_scan(yaml, reading->settings, reading->problems))
        root = yaml_read(yaml, &arena, reading->settings, reading->problems);
    if (root)
        read_root(reading, root);
    else if (reading->problems->error_count == 0)
        problems_error(reading->problems, reading->settings, nowhere,
                       "the file is empty; it needs version: 1 and domains:");
    arena_done(&arena);
}

struct settings *settings_parse(const char *path, struct text yaml, struct problems *problems)
{
    struct settings *settings = settings_new();
    struct reading reading = {
        .settings = settings,
        .problems = problems,
        .reference = "docs/configuration.md",
    };
    size_t errors = problems->error_count;

    settings->path = arena_text(&settings->arena, text_of(path));
    parse(&reading, yaml);
    string_map_done(&reading.service_names);
    string_map_done(&reading.certificate_names);
    string_map_done(&reading.host_names);
    problems_settle(problems, settings);
    if (problems->error_count == errors)
        return settings;
    settings_free(settings);
    return NULL;
}

struct settings *settings_load(const char *path, struct problems *problems)
{
    struct settings *settings = NULL;
    char *text = NULL;
    size_t len = 0;
    struct err err;

    if (file_read(path, SETTINGS_FILE_BYTES, &text, &len, &err) == 0) {
        settings = settings_parse(path, text_make(text, len), problems);
    } else {
        struct settings nothing = { .path = text_of(path) };
        struct text prefix = text_of(path);
        struct text why = text_of(err.text);

        /* the message of file_read() begins with the path, and so does a problem */
        if (text_starts(why, prefix))
            why = text_from(why, prefix.len + 2);
        problems_error(problems, &nothing, nowhere, "%.*s", TEXT_ARGS(why));
    }
    free(text);
    return settings;
}
