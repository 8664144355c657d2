/* Metrics of what is: health, generations, certificates, services, processes, discovery. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "endpoint_facts.h"
#include "health.h"
#include "mapping.h"
#include "metrics_private.h"
#include "swarm_link.h"

void metric_build(const struct metric *metric, const struct control *control, struct buffer *out)
{
    (void)control;
    metric_put_named(metric, "version", text_of(SWARMWARD_VERSION), 1, out);
}

/*
 * Not process_start_time_seconds, the name of the convention: that is one process, and what is
 * counted here outlives each of ours but the parent.
 */
void metric_start(const struct metric *metric, const struct control *control, struct buffer *out)
{
    metric_put(metric, NULL, (double)control->board->created_wall_ms / 1000, out);
}

void metric_health(const struct metric *metric, const struct control *control, struct buffer *out)
{
    metric_put(metric, NULL, strcmp(health_word(control), "ready") == 0, out);
}

void metric_generation(const struct metric *metric, const struct control *control,
                       struct buffer *out)
{
    metric_put(metric, NULL, (double)atomic_load(&control->board->generation), out);
}

void metric_generations_alive(const struct metric *metric, const struct control *control,
                              struct buffer *out)
{
    const struct board *board = control->board;
    uint64_t most = 0;

    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++) {
        uint64_t alive = board_get(&board->worker[i].snapshots_alive);

        most = alive > most ? alive : most;
    }
    metric_put(metric, NULL, (double)most, out);
}

/* --- processes -----------------------------------------------------------------------------------
 */

typedef double child_number(const struct board_child *child);

static void for_each_child(const struct metric *metric, const struct control *control,
                           child_number *number, struct buffer *out)
{
    const struct board *board = control->board;
    char name[32];

    metric_put_named(metric, "process", TEXT("control"), number(&board->control), out);
    metric_put_named(metric, "process", TEXT("keys"), number(&board->keys), out);
    metric_put_named(metric, "process", TEXT("checker"), number(&board->checker), out);
    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++) {
        snprintf(name, sizeof(name), "worker%u", i);
        metric_put_named(metric, "process", text_of(name), number(&board->workers[i]), out);
    }
}

static double restarts_of(const struct board_child *child)
{
    return (double)atomic_load(&child->restarts);
}

static double sandbox_ends_of(const struct board_child *child)
{
    return (double)atomic_load(&child->sandbox_ends);
}

/* Resident pages of proc(5), statm; 0 for a process that is not there. */
static double memory_of(const struct board_child *child)
{
    char path[64];
    char line[256];
    unsigned long pages = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/statm", atomic_load(&child->pid));
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file) && strchr(line, ' '))
        pages = strtoul(strchr(line, ' '), NULL, 10);
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

void metric_restarts(const struct metric *metric, const struct control *control, struct buffer *out)
{
    for_each_child(metric, control, restarts_of, out);
}

void metric_sandbox(const struct metric *metric, const struct control *control, struct buffer *out)
{
    for_each_child(metric, control, sandbox_ends_of, out);
}

void metric_memory(const struct metric *metric, const struct control *control, struct buffer *out)
{
    for_each_child(metric, control, memory_of, out);
}

/* --- the mapping ---------------------------------------------------------------------------------
 */

void metric_certificates(const struct metric *metric, const struct control *control,
                         struct buffer *out)
{
    const struct snapshot *snapshot = control->snapshot;

    for (uint32_t i = 0; snapshot && i < snapshot->certificate_count; i++) {
        const struct snapshot_certificate *certificate = &snapshot->certificates[i];

        buffer_format(out, "swarmward_%s{name=\"", metric->name);
        metric_escape(out, certificate->name);
        buffer_format(out, "\",key=\"%s\",id=\"", certificate->kind == KEY_RSA ? "rsa" : "ecdsa");
        for (size_t j = 0; j < 8; j++)
            buffer_format(out, "%02x", certificate->id[j]);
        buffer_format(out, "\"} %lld\n", (long long)certificate->not_after_s);
    }
}

void metric_services(const struct metric *metric, const struct control *control, struct buffer *out)
{
    const struct snapshot *snapshot = control->snapshot;
    const struct mapping *mapping = control->loader.mapping;
    double refused = 0;

    for (uint32_t i = 0; snapshot && i < snapshot->service_count; i++)
        refused += snapshot->services[i].refusal != SERVICE_SERVED;
    metric_put(metric, "state=\"served\"", snapshot ? snapshot->service_count - refused : 0, out);
    metric_put(metric, "state=\"refused\"", refused, out);
    metric_put(metric, "state=\"quarantined\"", mapping ? (double)mapping->quarantined_count : 0,
               out);
}

void metric_endpoints(const struct metric *metric, const struct control *control,
                      struct buffer *out)
{
    static const char *const states[] = { "up", "down", "ejected" };
    const struct snapshot *snapshot = control->snapshot;
    double counts[sizeof(states) / sizeof(states[0])] = { 0 };

    for (uint32_t i = 0; snapshot && i < snapshot->service_count; i++)
        for (uint32_t j = 0; j < snapshot->services[i].endpoint_count; j++) {
            struct endpoint_facts facts =
                endpoint_facts(control->board, &snapshot->services[i].endpoints[j]);

            for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
                counts[k] += strcmp(facts.state, states[k]) == 0;
        }
    for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
        metric_put_named(metric, "state", text_of(states[k]), counts[k], out);
}

/* --- discovery -----------------------------------------------------------------------------------
 */

static double discovery_number(const struct metric *metric, const struct discovery_facts *facts,
                               bool stale)
{
    struct text name = text_of(metric->name);
    bool first = text_ends(text_of(metric->labels), TEXT("api\"")) ||
                 text_ends(text_of(metric->labels), TEXT("seen\""));

    if (text_equal(name, TEXT("discovery_up")))
        return facts->link == DISCOVERY_LIVE;
    if (text_equal(name, TEXT("discovery_stale")))
        return stale;
    if (text_equal(name, TEXT("discovery_lag_seconds")))
        return (double)facts->last_lag_ms / 1000;
    if (text_equal(name, TEXT("discovery_errors_total")))
        return (double)(first ? facts->api_errors : facts->dns_errors);
    if (text_equal(name, TEXT("discovery_requests_total")))
        return (double)(first ? facts->api_requests : facts->dns_queries);
    if (text_equal(name, TEXT("discovery_reconnects_total")))
        return (double)facts->api_reconnects;
    if (text_equal(name, TEXT("discovery_events_total")))
        return (double)facts->events;
    if (text_equal(name, TEXT("discovery_changes_total")))
        return (double)facts->changes;
    return (double)(first ? facts->services_seen : facts->services_followed);
}

void metric_discovery(const struct metric *metric, const struct control *control,
                      struct buffer *out)
{
    struct discovery_facts facts;

    if (!swarm_link_facts(control->link, &facts))
        return; /* nothing is followed: no series */
    metric_put(metric, metric->labels, discovery_number(metric, &facts, health_is_stale(control)),
               out);
}
