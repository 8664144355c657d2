/*
 * Fuzz target: any bytes as the labels of a service, a line "name=value" each; the first byte
 * chooses the label policy. Beyond not crashing: a refusal has a reason, who has not opted in is
 * left alone, and what was accepted keeps what the mapping relies on.
 */

#include <stdlib.h>

#include "config/labels.h"
#include "fuzz_target.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static size_t cut_into_labels(struct text lines, struct label labels[LABELS_MAX + 1])
{
    struct text line;
    size_t count = 0;

    while (lines.len && count <= LABELS_MAX) {
        struct label *label = &labels[count++];

        text_split(lines, '\n', &line, &lines);
        text_split(line, '=', &label->name, &label->value);
    }
    return count;
}

static void check_host(struct text host)
{
    must(host.len > 0 && host.len <= 255);
    for (size_t i = 0; i < host.len; i++) {
        char byte = host.at[i];

        must((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
             byte == '.' || (byte == '*' && i == 0));
    }
}

/* What was accepted goes through the codec of the snapshot, which checks the bounds again. */
static void check_round_trip(const struct field_table *table, const void *policy)
{
    struct arena arena = { 0 };
    struct buffer bytes = { 0 };
    void *back = arena_new(&arena, 1, table->struct_bytes);
    struct wire wire;

    fields_encode(table, policy, &bytes);
    wire = wire_read(buffer_text(&bytes));
    must(fields_decode(table, back, &wire, &arena) == 0 && wire_is_done(&wire));
    buffer_done(&bytes);
    arena_done(&arena);
}

static void check_route(const struct label_route *route, const struct label_route *flat)
{
    must((route->name.len == 0) == (route == flat));
    must(route->path.len > 0 && route->path.at[0] == '/');
    must(route->port >= 0 && route->port <= 65535);
    must(route->priority >= 0 && route->priority <= 1000);
    must((flat->service_given & ~route->service_given) == 0);
    must((flat->policy_given & ~route->policy_given) == 0);
    if (route->host.len)
        check_host(route->host);
    check_round_trip(&service_fields, &route->service_policy);
    check_round_trip(&route_fields, &route->policy);
}

static void check_labels(const struct label_settings *labels)
{
    must(labels->domain_count > 0 && labels->domain_count <= LABEL_DOMAINS_MAX);
    must(labels->route_count > 0 && labels->route_count <= LABEL_ROUTES_MAX);
    for (size_t i = 0; i < labels->domain_count; i++)
        check_host(labels->domains[i]);
    for (size_t i = 0; i < labels->route_count; i++)
        check_route(&labels->routes[i], &labels->routes[0]);
}

static bool has_opted_in(const struct label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(labels[i].name, TEXT("enable")))
            return !text_equal(labels[i].value, TEXT("false"));
    return false;
}

/* No label can begin a line of the log. */
static void check_lines(const struct problems *problems)
{
    struct text lines = buffer_text(&problems->lines);
    struct text line;

    while (lines.len) {
        text_split(lines, '\n', &line, &lines);
        must(text_starts(line, TEXT("service portal_web: ")) || text_starts(line, TEXT("and ")));
        for (size_t i = 0; i < line.len; i++)
            must(line.at[i] >= ' ' && line.at[i] <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct settings *file;
    struct text input = text_make((const char *)bytes, len);
    struct label labels[LABELS_MAX + 1];
    size_t count = cut_into_labels(text_from(input, 1), labels);
    struct problems problems = { 0 };
    struct label_settings *settings;

    if (!file)
        file = settings_new();
    file->docker.label_policy = len && bytes[0] == 'l' ? LABEL_POLICY_LENIENT : LABEL_POLICY_STRICT;
    settings = labels_read(file, TEXT("portal_web"), labels, count, &problems);
    must((settings == NULL) == (problems.error_count > 0));
    check_lines(&problems);
    if (!has_opted_in(labels, count))
        must(settings && !settings->enabled && problems.warning_count == 0);
    if (settings && settings->enabled)
        check_labels(settings);
    label_settings_free(settings);
    problems_done(&problems);
    return 0;
}
