/*
 * docs/configuration.md, made from the rows that the program itself obeys. Called by the tool
 * settings_documents and by the test that finds a stale document.
 */

#include "config/settings_file.h"
#include "document.h"
#include "entries.h"

const struct document_section document_sections[] = {
    { &listener_fields, "listeners", "Where swarmward answers." },
    { &docker_fields, "docker",
      "Services in Swarm. The section may be empty (`docker: {}`); it is there by itself when a "
      "route names a service that is not under `services`." },
    { &tls_fields, "tls", "The list `tls.certificates` has a table of its own below." },
    { &policy_fields, "policy",
      "What an auditor asks. The list `policy.owners` has a table of its own below." },
    { &service_fields, "defaults",
      "For every service; `services.NAME` may have the same names for one." },
    { &route_fields, "defaults", "For every route; a route may have the same names for itself." },
    { &delivery_fields, "defaults",
      "What changes on the way; a domain may have the same names for itself, and what it writes "
      "takes the place of the default as a whole. [delivery.md](delivery.md) has examples." },
    { &header_fields, "defaults.headers",
      "What is added to heads, and what becomes of doubtful "
      "fields." },
    { &edit_fields, "defaults.headers",
      "Fields of your own; a domain may have these for itself under `headers`." },
    { &limit_fields, "limits", "How much time and memory a client may take." },
    { &log_fields, "", "Logs and traces." },
    { &metrics_fields, "metrics", "What the admin listener shows." },
    { &shutdown_fields, "shutdown", "What SIGTERM does; a second one ends the program at once." },
};

const size_t document_section_count = sizeof(document_sections) / sizeof(document_sections[0]);

static const char head[] =
    "# Configuration\n"
    "\n"
    "This page is made from the tables that the program reads its files with (`make docs`); a\n"
    "test fails when it is stale. `conf/swarmward.yaml` shows every setting with its default,\n"
    "`conf/minimal.yaml` is the least that works.\n"
    "\n"
    "One YAML file maps domains to services. `version` and `domains` are required, every other\n"
    "section may be left out:\n"
    "\n"
    "```yaml\n"
    "version: 1\n"
    "services:\n"
    "  portal: { servers: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"] }\n"
    "domains:\n"
    "  portal.example.com: portal                # a service\n"
    "  www.example.com: \"127.0.0.1:8080\"         # one fixed server\n"
    "  \"*.lab.example.com\":                      # the full form\n"
    "    routes:\n"
    "      - { path: /, service: portal }\n"
    "      - { path: /upload, service: portal, max_body: 1GiB, timeout: { response: 5m } }\n"
    "```\n"
    "\n"
    "`swarmward check FILE` reads a file and says everything that is wrong with it, each with "
    "line\n"
    "and column. SIGHUP or `swarmward reload` reads it again; a file with an error is refused\n"
    "whole and the running mapping stays.\n"
    "\n"
    "## How it is written\n"
    "\n"
    "- Unknown names, names that are there twice, anchors, aliases, merge keys, tags and a second\n"
    "  document are errors. A setting that this version does not have yet is an error too.\n"
    "- A name that begins with `*` must be quoted.\n"
    "- Durations need a unit: `ms`, `s`, `m` or `h`. Sizes need one too: `B`, `KiB`, `MiB` or\n"
    "  `GiB` (only `0` may stand alone). Rates are `500B/s`, percentages `20%`. Booleans are\n"
    "  exactly `true` or `false`.\n"
    "- A dot in the tables below is one level of nesting: `limits.header.bytes` is written\n"
    "  `limits: { header: { bytes: 32KiB } }`.\n"
    "- Domain names are letters, digits and hyphens; others are written in their `xn--` form. `*`\n"
    "  may be the whole first label and stands for exactly one label. An exact name beats a\n"
    "  wildcard. A name, alias or not, is there once.\n"
    "- At most 900 KiB, 10000 domains and aliases, and 8 levels of nesting.\n";

static const char tail_head[] =
    "\n"
    "## Not available yet\n"
    "\n"
    "These names are known and will come. Until then writing one is an error, so that nobody\n"
    "believes in a setting that does nothing.\n"
    "\n"
    "| setting | what is the case now |\n"
    "|---|---|\n";

static void print_bounds(const struct field *field, struct buffer *out)
{
    struct field bound = *field;
    int64_t limits[] = { field->least, field->most };

    /* printing needs the kind of the row and a member that is at hand */
    bound.offset = 0;
    for (size_t i = 0; i < 2; i++) {
        buffer_append_text(out, i ? TEXT(" to ") : TEXT(" "));
        field_print(&bound, &limits[i], out);
    }
}

static void print_words(const char *const *words, struct buffer *out)
{
    for (size_t i = 0; words[i]; i++)
        buffer_format(out, "%s`%s`", i ? ", " : "", words[i]);
}

static void print_number(const struct field *field, struct buffer *out)
{
    if (field->choices) {
        print_words(field->choices, out);
        return;
    }
    buffer_append_text(out, TEXT("number"));
    print_bounds(field, out);
}

static void print_value(const struct field *field, struct buffer *out)
{
    switch (field->kind) {
    case FIELD_BOOL:
        buffer_append_text(out, TEXT("`true`, `false`"));
        break;
    case FIELD_INTEGER:
        print_number(field, out);
        break;
    case FIELD_MILLISECONDS:
        buffer_append_text(out, TEXT("duration"));
        print_bounds(field, out);
        break;
    case FIELD_BYTES:
        buffer_append_text(out, TEXT("size"));
        print_bounds(field, out);
        break;
    case FIELD_BYTE_RATE:
        buffer_append_text(out, TEXT("rate"));
        print_bounds(field, out);
        break;
    case FIELD_PERCENT:
        buffer_append_text(out, TEXT("percentage"));
        print_bounds(field, out);
        break;
    case FIELD_FRACTION:
        buffer_append_text(out, TEXT("fraction"));
        print_bounds(field, out);
        break;
    case FIELD_AUTO_INTEGER:
        buffer_append_text(out, TEXT("`auto` or number"));
        print_bounds(field, out);
        break;
    case FIELD_CHOICE:
        print_words(field->choices, out);
        break;
    case FIELD_TEXT:
        buffer_format(out, "text, at most %lld bytes", (long long)field->most);
        break;
    case FIELD_TEXT_LIST:
        buffer_format(out, "list, at most %lld items", (long long)field->most);
        break;
    case FIELD_TEXT_MAP:
        buffer_format(out, "mapping, at most %lld names", (long long)field->most);
        break;
    case FIELD_ADDRESS:
        buffer_append_text(out, TEXT("address and port"));
        break;
    case FIELD_STATUS_RANGE:
        buffer_append_text(out, TEXT("range of statuses"));
        break;
    case FIELD_RATE:
        buffer_format(out, "count in a time, like `20/s`, `100/10s` or `300/m`, %lld to %lld",
                      (long long)field->least, (long long)field->most);
        break;
    case FIELD_LATER:
        break;
    }
}

static void print_default(const struct field *field, struct buffer *out)
{
    struct text rest = text_of(field->fallback);
    struct text item;

    if (!field->fallback) {
        buffer_append_text(out, field->opt_in ? TEXT("-") : TEXT("required"));
        return;
    }
    if (field->fallback[0] == '\0') {
        buffer_append_text(out, field->kind == FIELD_TEXT_MAP    ? TEXT("`{}`")
                                : field->kind == FIELD_TEXT_LIST ? TEXT("`[]`")
                                                                 : TEXT("`\"\"`"));
        return;
    }
    if (field->kind != FIELD_TEXT_LIST) {
        buffer_format(out, "`%s`", field->fallback);
        return;
    }
    for (bool more = true; more;) {
        more = text_split(rest, ',', &item, &rest);
        buffer_format(out, "`%.*s`%s", TEXT_ARGS(item), more ? ", " : "");
    }
}

static void print_full_name(const char *section, const struct field *field, struct buffer *out)
{
    buffer_format(out, "`%s%s%s`", section, section[0] ? "." : "", field->name);
}

void document_print_table(const struct field_table *table, const char *section, struct buffer *out)
{
    buffer_append_text(out, TEXT("\n| setting | value | default | meaning |\n|---|---|---|---|\n"));
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];

        if (field->kind == FIELD_LATER)
            continue;
        buffer_append_text(out, TEXT("| "));
        print_full_name(section, field, out);
        buffer_append_text(out, TEXT(" | "));
        print_value(field, out);
        buffer_append_text(out, TEXT(" | "));
        print_default(field, out);
        buffer_format(out, " | %s |\n", field->help);
    }
}

void document_print_later(const struct field_table *table, const char *section, struct buffer *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];

        if (field->kind == FIELD_LATER) {
            buffer_append_text(out, TEXT("| "));
            print_full_name(section, field, out);
            buffer_format(out, " | %s |\n", field->help);
        }
        if (field->later_choices) {
            buffer_append_text(out, TEXT("| "));
            print_full_name(section, field, out);
            buffer_append_text(out, TEXT(": "));
            print_words(field->later_choices, out);
            buffer_append_text(out, TEXT(" | this value is not built yet |\n"));
        }
    }
}

static void print_entries(struct buffer *out)
{
    buffer_append_text(out, TEXT("\n## policy.owners\n\nA list: which stacks may claim which "
                                 "domains by label.\n"));
    document_print_table(&owner_entry, "", out);
    buffer_append_text(out, TEXT("\n## tls.certificates\n\nA list. Leave it out and run "
                                 "with `--dev` for a first try without certificates.\n"));
    document_print_table(&certificate_entry, "", out);
    buffer_append_text(
        out, TEXT("\n## services\n\nNames for fixed servers. `services.NAME.servers` is a list; an "
                  "item is an address, or a mapping with these names. A name without `servers` is "
                  "that of a service\nin Swarm, and what is written here goes before its "
                  "labels.\n"));
    document_print_table(&server_entry, "", out);
    buffer_append_text(
        out, TEXT("\nBeside `servers` a service may have everything that `defaults` has for "
                  "services, like\n`services: { portal: { servers: [...], health: { path: /healthz "
                  "} } }`.\n"));
    buffer_append_text(
        out, TEXT("\n## domains\n\nA name and what it is mapped to: `SERVICE`, `SERVICE:PORT`, "
                  "`ADDRESS:PORT`, or a mapping with\n`routes`, perhaps `aliases` (a list of names "
                  "that are answered alike) and:\n"));
    document_print_table(&domain_entry, "", out);
    buffer_append_text(out, TEXT("\nWho may come and where they are sent; in which order this is "
                                 "looked at says [policy.md](policy.md):\n"));
    document_print_table(&domain_policy_fields, "", out);
    buffer_append_text(out, TEXT("\n`domains.NAME.redirects` is a list:\n"));
    document_print_table(&redirect_entry, "", out);
    buffer_append_text(
        out, TEXT("\nBeside these a domain may have `headers.request`, `headers.response`, "
                  "`error_pages`, `compression` and\n`forward_auth` as `defaults` has them, like\n"
                  "`headers: { response: { set: { X-Frame-Options: DENY } } }`.\n"));
    buffer_append_text(
        out, TEXT("\n`domains.NAME.routes` is a list. A route may have everything that `defaults` "
                  "has for routes, and what follows. What belongs to\nits service (`protocol`, "
                  "`balance`, `health` and so on) is refused there, and the message says where it "
                  "is written.\n"));
    document_print_table(&route_entry, "", out);
}

void settings_write_reference(struct buffer *out)
{
    buffer_append_text(out, text_of(head));
    for (size_t i = 0; i < document_section_count; i++) {
        const struct document_section *section = &document_sections[i];
        bool follows = i && text_equal(text_of(section->name), text_of(section[-1].name));

        if (!follows)
            buffer_format(out, "\n## %s\n", section->name[0] ? section->name : "log and tracing");
        buffer_format(out, "\n%s\n", section->intro);
        document_print_table(section->table, section->name, out);
    }
    print_entries(out);
    buffer_append_text(out, text_of(tail_head));
    for (size_t i = 0; i < document_section_count; i++)
        document_print_later(document_sections[i].table, document_sections[i].name, out);
    document_print_later(&domain_entry, domain_entry.section, out);
    document_print_later(&route_entry, route_entry.section, out);
}
