/*
 * conf/swarmward.yaml: every setting with its help and its default, made from the same rows as the
 * reference. It is itself a file that settings_parse() accepts; a test says so.
 */

#include "config/settings_file.h"
#include "document.h"
#include "entries.h"

#define COLUMNS 100

static const char head[] =
    "# Every setting of swarmward with its default. Only version and domains are required: leave\n"
    "# out what you do not change. A # without a space behind it hides a setting that means more\n"
    "# when it is written than when it is left out.\n"
    "#\n"
    "# This file is made from the tables of the program (make docs). The same as a reference is\n"
    "# docs/configuration.md.\n"
    "\n"
    "version: 1\n";

static const char certificates[] =
    "  #certificates:\n"
    "    #- { name: clinic, cert: /run/secrets/clinic.crt, key: /run/secrets/clinic.key }\n";

static const char owners[] = "  # Which stacks may claim which domains by label.\n"
                             "  #owners:\n"
                             "    #- { domain: \"*.clinic.example\", stacks: [portal, lab] }\n";

static const char services[] = "  portal:\n"
                               "    servers:\n"
                               "      - \"127.0.0.1:3000\"\n"
                               "      - { address: \"127.0.0.1:3001\", weight: 1 }\n"
                               "    # And whatever `defaults` has for services.\n"
                               "    health: { path: /healthz }\n";

static const char domains_short[] =
    "  # The short form: SERVICE, SERVICE:PORT, or the ADDRESS:PORT of one fixed server.\n"
    "  www.example.com: \"127.0.0.1:8080\"\n"
    "  # Names that begin with * are quoted; * is one label.\n"
    "  \"*.lab.example.com\": portal\n"
    "  # The full form.\n"
    "  portal.example.com:\n"
    "    # Names that are answered alike.\n"
    "    aliases: [portal.example.org]\n";

static const char policy_head[] = "    certificate: auto\n";

static const char redirects_head[] = "    # Paths that are sent somewhere else.\n";

static const char redirects[] = "    redirects:\n"
                                "      - { path: /old, to: /live, status: 307 }\n";

static const char routes_head[] = "    # Which paths go where. A route has these names, and "
                                  "whatever `defaults` has for routes.\n";

static const char routes[] =
    "    routes:\n"
    "      - { name: app, path: /, service: portal, priority: 0 }\n"
    "      - { name: upload, path: /upload, service: portal, max_body: 1GiB }\n"
    "      - { name: live, path: /live, service: portal, sticky: { cookie: live } }\n";

static void print_indent(size_t level, struct buffer *out)
{
    for (size_t i = 0; i < level; i++)
        buffer_append_text(out, TEXT("  "));
}

/* One paragraph, wrapped. */
static void print_comment(size_t level, struct text text, struct buffer *out)
{
    size_t used = 0;
    struct text word;

    while (text.len) {
        text_split(text, ' ', &word, &text);
        if (used == 0 || used + 1 + word.len > COLUMNS) {
            if (used)
                buffer_append_byte(out, '\n');
            print_indent(level, out);
            buffer_append_byte(out, '#');
            used = level * 2 + 1;
        }
        buffer_append_byte(out, ' ');
        buffer_append_text(out, word);
        used += 1 + word.len;
    }
    buffer_append_byte(out, '\n');
}

/* The default as YAML: quoted where it is text, a list in brackets. */
static void print_default(const struct field *field, struct buffer *out)
{
    struct text rest = text_of(field->fallback);
    struct text item;
    bool quoted = field->kind == FIELD_TEXT || field->kind == FIELD_ADDRESS ||
                  field->kind == FIELD_STATUS_RANGE;

    if (field->kind == FIELD_TEXT_MAP) {
        buffer_append_text(out, TEXT("{}"));
        return;
    }
    if (field->kind != FIELD_TEXT_LIST) {
        buffer_format(out, quoted ? "\"%.*s\"" : "%.*s", TEXT_ARGS(rest));
        return;
    }
    buffer_append_byte(out, '[');
    for (bool more = true; more;) {
        more = text_split(rest, ',', &item, &rest);
        buffer_append_text(out, item);
        buffer_append_text(out, more ? TEXT(", ") : TEXT("]"));
    }
}

/* The names above this one that were not opened for the row before. Returns its level. */
static size_t open_groups(struct text name, struct text before, size_t level, struct buffer *out)
{
    struct text group;
    struct text behind;
    struct text group_before;
    bool same = true;

    while (text_split(name, '.', &group, &behind)) {
        text_split(before, '.', &group_before, &before);
        same = same && text_equal(group, group_before);
        if (!same) {
            print_indent(level, out);
            buffer_format(out, "%.*s:\n", TEXT_ARGS(group));
        }
        level++;
        name = behind;
    }
    return level;
}

static struct text last_part(struct text name)
{
    size_t dot = text_find_last(name, '.');

    return dot < name.len ? text_from(name, dot + 1) : name;
}

static void print_rows(const struct field_table *table, size_t level, struct buffer *out)
{
    struct text before = TEXT_NONE;

    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        struct text name = text_of(field->name);
        size_t depth;

        if (field->kind == FIELD_LATER)
            continue;
        if (level == 0 &&
            (i == 0 || !text_starts(name, text_first(before, text_find(before, '.') + 1))))
            buffer_append_byte(out, '\n');
        depth = open_groups(name, before, level, out);
        print_comment(depth, text_of(field->help), out);
        print_indent(depth, out);
        if (field->opt_in)
            buffer_append_byte(out, '#');
        buffer_format(out, "%.*s: ", TEXT_ARGS(last_part(name)));
        print_default(field, out);
        buffer_append_byte(out, '\n');
        before = name;
    }
}

/* What an entry of a list may have: the names with their help, as comments. */
static void print_entry_help(const struct field_table *table, size_t level, struct buffer *out)
{
    struct buffer line = { 0 };

    for (size_t i = 0; i < table->count; i++) {
        if (table->fields[i].kind == FIELD_LATER)
            continue;
        buffer_clear(&line);
        buffer_format(&line, "%s: %s", table->fields[i].name, table->fields[i].help);
        print_comment(level, buffer_text(&line), out);
    }
    buffer_done(&line);
}

static bool is_all_opt_in(const struct field_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (!table->fields[i].opt_in && table->fields[i].kind != FIELD_LATER)
            return false;
    return true;
}

static void print_section(const struct document_section *section, struct text before,
                          struct buffer *out)
{
    struct text name = text_of(section->name);
    size_t level = 0;

    if (name.len) {
        bool is_new = !text_starts(name, before) || before.len == 0;

        level = text_find(name, '.') < name.len ? 2 : 1;
        if (is_new)
            buffer_format(out, "\n%s%.*s:\n", is_all_opt_in(section->table) ? "#" : "",
                          TEXT_ARGS(name));
        else if (level == 2 && !text_equal(name, before))
            buffer_format(out, "  %.*s:\n", TEXT_ARGS(last_part(name)));
    }
    print_rows(section->table, level, out);
    if (section->table == &tls_fields) {
        print_comment(1, TEXT("A list; each item has these names:"), out);
        print_entry_help(&certificate_entry, 1, out);
        buffer_append_text(out, text_of(certificates));
    }
    if (section->table == &policy_fields)
        buffer_append_text(out, text_of(owners));
}

void settings_write_example(struct buffer *out)
{
    struct text before = TEXT_NONE;

    buffer_append_text(out, text_of(head));
    for (size_t i = 0; i < document_section_count; i++) {
        print_section(&document_sections[i], before, out);
        before = text_of(document_sections[i].name);
    }
    buffer_append_text(out, TEXT("\nservices:\n"));
    print_comment(1, TEXT("Names for fixed servers. Each is an address, or has these names:"), out);
    print_entry_help(&server_entry, 1, out);
    buffer_append_text(out, text_of(services));
    buffer_append_text(out, TEXT("\ndomains:\n"));
    buffer_append_text(out, text_of(domains_short));
    print_entry_help(&domain_entry, 2, out);
    buffer_append_text(out, text_of(policy_head));
    print_rows(&domain_policy_fields, 2, out);
    buffer_append_text(out, text_of(redirects_head));
    print_entry_help(&redirect_entry, 2, out);
    buffer_append_text(out, text_of(redirects));
    buffer_append_text(out, text_of(routes_head));
    print_entry_help(&route_entry, 2, out);
    buffer_append_text(out, text_of(routes));
}
