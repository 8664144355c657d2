/*
 * Fuzz target: any bytes as a mapping file. Beyond not crashing: a refusal has a reason, an
 * accepted file keeps what the readers of settings rely on, and reading it again gives the same.
 */

#include <stdlib.h>

#include "config/settings_file.h"
#include "fuzz_target.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static void check_domain(const struct settings *settings, const struct domain_settings *domain)
{
    must(domain->name.len > 0 && domain->route_count > 0);
    for (size_t i = 0; i < domain->route_count; i++) {
        const struct route_settings *route = &domain->routes[i];

        must(route->path.len > 0 && route->path.at[0] == '/');
        must(route->service_index < settings->service_count);
        must(text_equal(settings->services[route->service_index].name, route->service));
        must(route->name.len > 0 && route->port >= 0 && route->port <= 65535);
    }
}

static void check_docker(const struct settings *settings)
{
    const struct docker_settings *docker = &settings->docker;

    must(settings->domain_count > 0 ||
         (settings->docker_given && docker->label_policy != LABEL_POLICY_IGNORE));
    must(docker->lease_ms > 2 * docker->resync_interval_ms);
    must((docker->tls_ca.len > 0) == (docker->tls_key.len > 0));
    for (size_t i = 0; i < settings->owner_count; i++)
        must(settings->owners[i].domain.len > 0 && settings->owners[i].stacks.count > 0);
}

static void check_settings(const struct settings *settings)
{
    must(settings->domain_count <= SETTINGS_DOMAINS);
    check_docker(settings);
    for (size_t i = 0; i < settings->domain_count; i++)
        check_domain(settings, &settings->domains[i]);
    for (size_t i = 0; i < settings->service_count; i++)
        if (settings->services[i].in_swarm)
            must(settings->services[i].server_count == 0 && settings->docker_given);
        else
            must(settings->services[i].server_count > 0);
    for (size_t i = 0; i < settings->certificate_count; i++)
        must(settings->certificates[i].cert_path.len && settings->certificates[i].key_path.len);
}

/* What was accepted goes through the codec of the snapshot, which checks the bounds again. */
static void check_round_trip(const struct field_table *table, const void *section)
{
    struct arena arena = { 0 };
    struct buffer bytes = { 0 };
    void *back = arena_new(&arena, 1, table->struct_bytes);
    struct wire wire;

    fields_encode(table, section, &bytes);
    wire = wire_read(buffer_text(&bytes));
    must(fields_decode(table, back, &wire, &arena) == 0 && wire_is_done(&wire));
    buffer_done(&bytes);
    arena_done(&arena);
}

static void check_lines(struct text lines)
{
    for (size_t i = 0; lines.at && i < lines.len; i++)
        must((unsigned char)lines.at[i] >= 0x20 || lines.at[i] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct problems problems = { 0 };
    struct settings *settings =
        settings_parse("f.yaml", text_make((const char *)bytes, len), &problems);

    must((settings == NULL) == (problems.error_count > 0));
    check_lines(buffer_text(&problems.lines));
    if (settings) {
        check_settings(settings);
        check_round_trip(&listener_fields, &settings->listeners);
        check_round_trip(&tls_fields, &settings->tls);
        check_round_trip(&service_fields, &settings->service_defaults);
        if (settings->domain_count > 0)
            check_round_trip(&route_fields, &settings->domains[0].routes[0].policy);
        check_round_trip(&docker_fields, &settings->docker);
        check_round_trip(&metrics_fields, &settings->metrics);
        check_round_trip(&policy_fields, &settings->policy);
        check_round_trip(&header_fields, &settings->headers);
        check_round_trip(&limit_fields, &settings->limits);
        check_round_trip(&log_fields, &settings->log);
    }
    settings_free(settings);
    problems_done(&problems);
    return 0;
}
