/*
 * What control knows of the swarm, as JSON: the link to the Engine, services with their tasks, and
 * those that are quarantined. Used by status.c and explain.c.
 */

#include "swarm_facts.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "swarm_link.h"

static const char *const link_names[] = {
    [DISCOVERY_OFF] = "off",         [DISCOVERY_CONNECTING] = "connecting",
    [DISCOVERY_LISTING] = "listing", [DISCOVERY_LIVE] = "live",
    [DISCOVERY_LOST] = "lost",
};

static const char *const membership_names[] = {
    [SWARM_STARTING] = "starting",
    [SWARM_USABLE] = "usable",
    [SWARM_DRAINING] = "draining",
};

/* Seconds since a monotonic moment; -1: it never came. */
static int64_t age_s(int64_t at_ms)
{
    return at_ms ? (clock_monotonic_ms() - at_ms) / 1000 : -1;
}

static void write_link(const struct control *control, struct json_out *json)
{
    const struct swarm *swarm = swarm_link_swarm(control->link);
    struct discovery_facts facts;
    char problem[400];

    swarm_link_facts(control->link, &facts);
    snprintf(problem, sizeof(problem), "%s%s%s",
             control->loader.held ? "waiting for the swarm; the mapping of before is served" : "",
             control->loader.held && facts.problem[0] ? ": " : "", facts.problem);
    json_put_object(json, "docker");
    json_put_text(json, "link", text_of(link_names[facts.link]));
    json_put_text(json, "problem", text_of(problem));
    json_put_text(json, "api_version", text_of(facts.api_version));
    json_put_bool(json, "complete", swarm->complete);
    json_put_bool(json, "stale", swarm->stale);
    json_put_bool(json, "engines_encrypt", swarm->engines_encrypt);
    json_put_text(json, "engines_why", swarm->engines_why);
    json_put_number(json, "api_heard_s_ago", age_s(facts.last_live_ms));
    json_put_number(json, "dns_heard_s_ago", age_s(facts.last_dns_ms));
    json_put_number(json, "api_requests", (int64_t)facts.api_requests);
    json_put_number(json, "api_errors", (int64_t)facts.api_errors);
    json_put_number(json, "dns_queries", (int64_t)facts.dns_queries);
    json_put_number(json, "dns_errors", (int64_t)facts.dns_errors);
    json_put_number(json, "services_seen", (int64_t)facts.services_seen);
    json_put_number(json, "services_followed", (int64_t)facts.services_followed);
    json_put_object_end(json);
}

static void write_address(const struct swarm *swarm, const struct swarm_address *address,
                          struct json_out *json)
{
    char text[ADDRESS_TEXT_BYTES];
    size_t len = address_print_host(&address->address, text);

    json_put_object(json, NULL);
    json_put_text(json, "address", text_make(text, len));
    json_put_text(json, "network",
                  address->network < swarm->network_count ? swarm->networks[address->network].name
                                                          : TEXT_NONE);
    json_put_text(json, "membership", text_of(membership_names[address->membership]));
    json_put_bool(json, "confirmed", address->confirmed);
    json_put_object_end(json);
}

static void write_task(const struct swarm *swarm, const struct swarm_task *task,
                       struct json_out *json)
{
    json_put_object(json, NULL);
    json_put_text(json, "name", task->name);
    json_put_text(json, "id", task->id);
    json_put_text(json, "node", task->node);
    json_put_text(json, "state", text_of(task->state));
    json_put_array(json, "addresses");
    for (size_t i = 0; i < task->address_count; i++)
        write_address(swarm, &task->addresses[i], json);
    json_put_array_end(json);
    json_put_object_end(json);
}

static void write_service(const struct swarm *swarm, const struct swarm_service *service,
                          struct json_out *json)
{
    json_put_object(json, NULL);
    json_put_text(json, "name", service->name);
    json_put_text(json, "id", service->id);
    json_put_text(json, "stack", service->stack);
    json_put_bool(json, "updating", service->updating);
    json_put_bool(json, "seen_in_dns", service->seen_in_dns);
    json_put_array(json, "networks");
    for (size_t i = 0; i < service->network_count; i++)
        if (service->networks[i] < swarm->network_count)
            json_put_text(json, NULL, swarm->networks[service->networks[i]].name);
    json_put_array_end(json);
    json_put_array(json, "tasks");
    for (size_t i = 0; i < service->task_count; i++)
        write_task(swarm, &service->tasks[i], json);
    json_put_array_end(json);
    json_put_object_end(json);
}

void swarm_write_quarantined(const struct quarantined_service *one, struct json_out *json)
{
    json_put_text(json, "service", one->service);
    json_put_text(json, "reason", one->reason);
    json_put_bool(json, "last_good", one->last_good);
    json_put_array(json, "domains");
    for (size_t i = 0; i < one->domain_count; i++)
        json_put_text(json, NULL, one->domains[i]);
    json_put_array_end(json);
}

void swarm_write_status(const struct control *control, struct json_out *json)
{
    const struct mapping *mapping = control->loader.mapping;
    const struct swarm *swarm;

    if (!control->link)
        return;
    swarm = swarm_link_swarm(control->link);
    write_link(control, json);
    json_put_array(json, "swarm_services");
    for (size_t i = 0; i < swarm->service_count; i++)
        write_service(swarm, &swarm->services[i], json);
    json_put_array_end(json);
    json_put_array(json, "quarantined");
    for (size_t i = 0; mapping && i < mapping->quarantined_count; i++) {
        json_put_object(json, NULL);
        swarm_write_quarantined(&mapping->quarantined[i], json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

/* "*.x" is a claim to the names one label below x. */
static bool claims(struct text domain, struct text host)
{
    if (text_equal(domain, host))
        return true;
    return text_starts(domain, TEXT("*.")) &&
           text_equal(text_from(domain, 1), text_from(host, text_find(host, '.')));
}

const struct quarantined_service *swarm_find_claim(const struct control *control, struct text host)
{
    const struct mapping *mapping = control->loader.mapping;

    for (size_t i = 0; mapping && i < mapping->quarantined_count; i++)
        for (size_t j = 0; j < mapping->quarantined[i].domain_count; j++)
            if (claims(mapping->quarantined[i].domains[j], host))
                return &mapping->quarantined[i];
    return NULL;
}

void swarm_warn_of_mesh(struct control *control)
{
    const struct board *board = control->board;
    uint32_t workers = atomic_load(&board->worker_count);
    uint64_t connections = 0;

    if (control->warned_of_mesh)
        return;
    for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
        connections += board_get(&board->worker[i].mesh_connections);
    if (!connections)
        return;
    control->warned_of_mesh = true;
    log_warn("event=routing_mesh connections=%llu reason=\"clients come through Docker's routing "
             "mesh, which hides their addresses behind its own: limits for one address are off for "
             "them, and logs and backends see the mesh; publish the ports with mode: host "
             "(conf/stack-host.yaml)\"",
             (unsigned long long)connections);
}
