/*
 * `swarmward status`: everything that runs, as JSON. Facts of the running snapshot and of the
 * board; the command line makes tables of them.
 */

#include <stdlib.h>

#include "admin.h"
#include "base/clock.h"
#include "base/memory.h"
#include "commands.h"
#include "endpoint_facts.h"
#include "json_out.h"
#include "snapshot_facts.h"
#include "swarm_facts.h"

static const char *const phase_names[] = {
    [BOARD_STARTING] = "starting",
    [BOARD_READY] = "ready",
    [BOARD_DRAINING] = "draining",
};

static const char *const balance_names[] = {
    [BALANCE_LEAST_CONN] = "least_conn",
    [BALANCE_ROUND_ROBIN] = "round_robin",
    [BALANCE_SOURCE_HASH] = "source_hash",
};

static void write_address(const char *key, const struct address *address, struct json_out *json)
{
    char text[ADDRESS_TEXT_BYTES];

    json_put_text(json, key, text_make(text, address_print(address, text)));
}

static void write_routes(const struct snapshot *snapshot, const struct snapshot_domain *domain,
                         struct json_out *json)
{
    json_put_array(json, "routes");
    for (uint32_t i = 0; i < domain->route_count; i++) {
        const struct snapshot_route *route = &snapshot->routes[domain->first_route + i];

        json_put_object(json, NULL);
        json_put_text(json, "name", route->name);
        json_put_text(json, "path", route->path);
        json_put_text(json, "service", snapshot->services[route->service].name);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void write_domains(const struct snapshot *snapshot, struct json_out *json)
{
    char name[256];

    json_put_array(json, "domains");
    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        const struct snapshot_domain *domain = &snapshot->domains[i];

        json_put_object(json, NULL);
        json_put_text(json, "name", snapshot_domain_name(domain, name));
        json_put_array(json, "certificates");
        for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
            if (domain->certificates[kind] != SNAPSHOT_NONE)
                json_put_number(json, NULL, domain->certificates[kind]);
        json_put_array_end(json);
        write_routes(snapshot, domain, json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void write_services(const struct control *control, struct json_out *json)
{
    const struct snapshot *snapshot = control->snapshot;

    json_put_array(json, "services");
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        json_put_object(json, NULL);
        json_put_text(json, "name", service->name);
        json_put_text(json, "balance", text_of(balance_names[service->policy->balance]));
        json_put_text(json, "health_path", service->policy->health.path);
        json_put_text(json, "refusal", text_of(service_refusal_reason(service->refusal)));
        json_put_text(json, "why", service->why);
        json_put_array(json, "endpoints");
        for (uint32_t j = 0; j < service->endpoint_count; j++)
            endpoint_write(control->board, &service->endpoints[j], json);
        json_put_array_end(json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void write_certificates(const struct snapshot *snapshot, struct json_out *json)
{
    int64_t now_s = clock_wall_s();

    json_put_array(json, "certificates");
    for (uint32_t i = 0; i < snapshot->certificate_count; i++)
        snapshot_write_certificate(&snapshot->certificates[i], now_s, json);
    json_put_array_end(json);
}

static void write_child_members(const struct board_child *child, struct json_out *json)
{
    int64_t up_ms = clock_monotonic_ms() - atomic_load(&child->started_ms);

    json_put_number(json, "pid", atomic_load(&child->pid));
    json_put_number(json, "restarts", atomic_load(&child->restarts));
    json_put_number(json, "up_s", atomic_load(&child->pid) ? up_ms / 1000 : 0);
}

static void write_child(const char *key, const struct board_child *child, struct json_out *json)
{
    json_put_object(json, key);
    write_child_members(child, json);
    json_put_object_end(json);
}

#define WRITE_COUNTER(name) json_put_number(json, #name, (int64_t)board_get(&worker->name));

static void write_worker(const struct board *board, uint32_t index, struct json_out *json)
{
    const struct board_worker *worker = &board->worker[index];

    json_put_object(json, NULL);
    json_put_number(json, "index", index);
    write_child_members(&board->workers[index], json);
    BOARD_COUNTERS(WRITE_COUNTER)
    BOARD_GAUGES(WRITE_COUNTER)
    json_put_object_end(json);
}

static void write_processes(const struct board *board, struct json_out *json)
{
    write_child("control", &board->control, json);
    write_child("keys", &board->keys, json);
    write_child("checker", &board->checker, json);
    json_put_array(json, "workers");
    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++)
        write_worker(board, i, json);
    json_put_array_end(json);
}

void status_write(struct control *control, struct json_out *json)
{
    const struct board *board = control->board;
    const struct snapshot *snapshot = control->snapshot;
    uint32_t phase = atomic_load(&board->phase);

    json_put_text(json, "version", text_of(SWARMWARD_VERSION));
    json_put_text(json, "phase", text_of(phase <= BOARD_DRAINING ? phase_names[phase] : "unknown"));
    json_put_number(json, "generation", (int64_t)atomic_load(&board->generation));
    json_put_time(json, "since", atomic_load(&board->committed_wall_ms) / 1000);
    json_put_bool(json, "dev", control->dev);
    json_put_text(json, "file", text_of(control->config_path));
    write_processes(board, json);
    if (!snapshot)
        return;
    write_address("https", &snapshot->listeners.https, json);
    write_address("http", &snapshot->listeners.http, json);
    if (snapshot->listeners.admin_enabled)
        write_address("admin", &snapshot->listeners.admin, json);
    json_put_text(json, "admin_problem", text_of(admin_problem(control->admin)));
    write_domains(snapshot, json);
    write_services(control, json);
    write_certificates(snapshot, json);
    swarm_write_status(control, json);
}
