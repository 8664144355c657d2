/* The table of metrics, and what writes it. Called by admin.c for every scrape. */

#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mapping_file.h"
#include "metrics_private.h"

#define WORKER(member) .offset = offsetof(struct board_worker, member)

const struct metric metrics[] = {
    { "build_info", "gauge", "Always 1; the version is a label.", .write = metric_build },
    { "up", "gauge", "1 while traffic is served.", .write = metric_health },
    { "start_time_seconds", "gauge", "When this instance was started, Unix time.",
      .write = metric_start },
    { "requests_total", "counter",
      "Requests over HTTPS by class of the status; 499: the client went away.",
      .write = metric_requests },
    { "domain_requests_total", "counter", "Requests over HTTPS by domain and class of the status.",
      .write = metric_domain_requests },
    { "request_duration_seconds", "histogram",
      "From the complete head of a request to the last byte of its response.",
      .write = metric_durations },
    { "domain_request_duration_seconds", "histogram", "The durations of requests by domain.",
      .write = metric_domain_durations },
    { "refusals_total", "counter", "Requests and connections refused or cut, by reason.",
      .write = metric_refusals },
    { "rate_limits_forgotten_total", "counter",
      "Clients whose count of rate_limit was forgotten for another's, because the table was full.",
      NULL, WORKER(rate_limits_forgotten) },
    { "redirects_total", "counter", "Requests over plain HTTP, each answered with a redirect.",
      NULL, WORKER(redirects) },
    { "connections_accepted_total", "counter", "Client connections.", NULL,
      WORKER(connections_accepted) },
    { "connections_open", "gauge", "Client connections that are open.", NULL,
      WORKER(connections_open) },
    { "connections_refused_total", "counter", "Client connections beyond a limit.", NULL,
      WORKER(connections_refused) },
    { "connections_shed_total", "counter", "Idle client connections closed to make room.", NULL,
      WORKER(connections_shed) },
    { "mesh_connections_total", "counter",
      "Client connections through Docker's routing mesh, which hides who they are.", NULL,
      WORKER(mesh_connections) },
    { "accept_pauses_total", "counter", "Times that accepting stopped for want of descriptors.",
      NULL, WORKER(accept_pauses) },
    { "exchanges_open", "gauge", "Requests that run.", NULL, WORKER(exchanges_open) },
    { "tunnels_open", "gauge", "WebSockets and other tunnels that are open.", NULL,
      WORKER(tunnels_open) },
    { "received_bytes_total", "counter", "Bytes of requests.", NULL, WORKER(bytes_in) },
    { "sent_bytes_total", "counter", "Bytes of responses.", NULL, WORKER(bytes_out) },
    { "tls_handshakes_total", "counter", "TLS handshakes by result.", "result=\"full\"",
      WORKER(handshakes_full) },
    { "tls_handshakes_total", "counter", "", "result=\"resumed\"", WORKER(handshakes_resumed) },
    { "tls_handshakes_total", "counter", "", "result=\"failed\"", WORKER(handshakes_failed) },
    { "tls_signatures_total", "counter", "Signatures that the workers asked swarmward-keys for.",
      NULL, WORKER(signatures) },
    { "tls_signatures_again_total", "counter",
      "Signatures asked for once more, because swarmward-keys died.", NULL,
      WORKER(signatures_again) },
    { "tls_signatures_refused_total", "counter", "Signatures that swarmward-keys refused.", NULL,
      WORKER(signatures_refused) },
    { "tls_version_total", "counter", "Handshakes by version.", "version=\"1.2\"",
      WORKER(tls_1_2) },
    { "tls_version_total", "counter", "", "version=\"1.3\"", WORKER(tls_1_3) },
    { "tls_group_total", "counter", "Handshakes by the group of the key exchange.",
      "group=\"X25519MLKEM768\"", WORKER(group_x25519mlkem768) },
    { "tls_group_total", "counter", "", "group=\"X25519\"", WORKER(group_x25519) },
    { "tls_group_total", "counter", "", "group=\"secp256r1\"", WORKER(group_secp256r1) },
    { "tls_group_total", "counter", "", "group=\"secp384r1\"", WORKER(group_secp384r1) },
    { "tls_group_total", "counter", "", "group=\"other\"", WORKER(group_other) },
    { "retries_total", "counter", "Requests that went to another endpoint.", NULL,
      WORKER(retries) },
    { "ejections_total", "counter", "Endpoints taken out because they could not be reached.", NULL,
      WORKER(ejections) },
    { "drains_total", "counter", "Endpoints that began to drain, once a worker.", NULL,
      WORKER(drains) },
    { "drains_cut_total", "counter", "Requests and tunnels cut at the end of a drain.", NULL,
      WORKER(drains_cut) },
    { "log_lines_total", "counter", "Lines of the access log.", NULL, WORKER(log_lines) },
    { "log_lines_dropped_total", "counter", "Lines that nobody took in time.", NULL,
      WORKER(log_lines_dropped) },
    { "snapshot_generation", "gauge", "The generation that is served.",
      .write = metric_generation },
    { "snapshot_generations_alive", "gauge",
      "Generations that some worker still holds, at the worker that holds most.",
      .write = metric_generations_alive },
    { "certificate_expiry_seconds", "gauge", "The end of a certificate, Unix time.",
      .write = metric_certificates },
    { "services", "gauge",
      "Services: served; refused: their requests are answered 503; quarantined: their labels are "
      "wrong.",
      .write = metric_services },
    { "endpoints", "gauge", "Endpoints by state.", .write = metric_endpoints },
    { "process_restarts_total", "counter", "Times that a process of ours was started again.",
      .write = metric_restarts },
    { "sandbox_ends_total", "counter",
      "Times that a process was ended by its sandbox: it did what our code never does.",
      .write = metric_sandbox },
    { "process_resident_bytes", "gauge", "Memory of each process.", .write = metric_memory },
    { "discovery_up", "gauge", "1 while the Docker API is followed live.", "",
      .write = metric_discovery },
    { "discovery_stale", "gauge", "1 while nobody has confirmed the table within the lease.", "",
      .write = metric_discovery },
    { "discovery_lag_seconds", "gauge", "From the last event to the mapping that came of it.", "",
      .write = metric_discovery },
    { "discovery_errors_total", "counter", "Answers that failed.", "source=\"api\"",
      .write = metric_discovery },
    { "discovery_errors_total", "counter", "", "source=\"dns\"", .write = metric_discovery },
    { "discovery_requests_total", "counter", "Questions to the Docker API and to DNS.",
      "source=\"api\"", .write = metric_discovery },
    { "discovery_requests_total", "counter", "", "source=\"dns\"", .write = metric_discovery },
    { "discovery_reconnects_total", "counter", "Times that the Docker API was lost.", "",
      .write = metric_discovery },
    { "discovery_events_total", "counter", "Events of the swarm.", "", .write = metric_discovery },
    { "discovery_changes_total", "counter", "Changes of the swarm that may matter to routes.", "",
      .write = metric_discovery },
    { "discovery_services", "gauge", "Services of the swarm.", "which=\"seen\"",
      .write = metric_discovery },
    { "discovery_services", "gauge", "", "which=\"followed\"", .write = metric_discovery },
};

const size_t metric_count = sizeof(metrics) / sizeof(metrics[0]);

/* --- writing -------------------------------------------------------------------------------------
 */

static void put_number(double value, struct buffer *out)
{
    if (value == floor(value) && fabs(value) < 9e15)
        buffer_format(out, " %lld\n", (long long)value);
    else
        buffer_format(out, " %.6f\n", value);
}

void metric_put(const struct metric *metric, const char *labels, double value, struct buffer *out)
{
    buffer_format(out, "swarmward_%s", metric->name);
    if (labels && labels[0])
        buffer_format(out, "{%s}", labels);
    put_number(value, out);
}

/* Backslash, quote and line end are escaped; what is no printable ASCII becomes a question mark. */
void metric_escape(struct buffer *out, struct text value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];

        if (c < ' ' || c > '~')
            c = '?';
        if (c == '\\' || c == '"')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, c);
    }
}

void metric_put_named(const struct metric *metric, const char *label, struct text value,
                      double number, struct buffer *out)
{
    buffer_format(out, "swarmward_%s{%s=\"", metric->name, label);
    metric_escape(out, value);
    buffer_append_text(out, TEXT("\"}"));
    put_number(number, out);
}

static double sum(const struct board *board, size_t offset)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++)
        total += board_get((const _Atomic uint64_t *)((const char *)&board->worker[i] + offset));
    return (
        double)(int64_t)total; /* of a gauge one worker's share may be below zero for a moment */
}

static bool begins_a_metric(size_t i)
{
    return i == 0 || strcmp(metrics[i].name, metrics[i - 1].name) != 0;
}

void metrics_write(const struct control *control, struct buffer *out)
{
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metrics[i];

        if (begins_a_metric(i))
            buffer_format(out, "# HELP swarmward_%s %s\n# TYPE swarmward_%s %s\n", metric->name,
                          metric->help, metric->name, metric->type);
        if (metric->write)
            metric->write(metric, control, out);
        else
            metric_put(metric, metric->labels, sum(control->board, metric->offset), out);
    }
}

bool metrics_are_on(const struct mapping_file *file)
{
    return !file || file->settings->metrics.prometheus;
}

static const char head[] =
    "# Metrics\n"
    "\n"
    "What `/metrics` of the admin listener shows (`listeners.admin`), in the text format of\n"
    "Prometheus. This page is made from the table in `src/control/metrics.c` (`make docs`); a "
    "test\n"
    "fails when it is stale. `conf/grafana-dashboard.json` and `conf/prometheus-alerts.yaml` use\n"
    "these names.\n"
    "\n"
    "Labels have words of this program, domains of the mapping and names of certificates as their\n"
    "values, never anything that a client sent. Domains without a request are left out. Counters\n"
    "go on when a process of ours is started again (those of discovery begin again with control)\n"
    "and begin at zero with the instance, `swarmward_start_time_seconds`; those of a domain begin\n"
    "again when it was gone for a while. No series is the sum of others in its family, so that\n"
    "`sum()` counts nothing twice.\n"
    "\n"
    "| metric | type | meaning |\n"
    "|---|---|---|\n";

void metrics_write_reference(struct buffer *out)
{
    buffer_append_text(out, text_of(head));
    for (size_t i = 0; i < metric_count; i++)
        if (begins_a_metric(i))
            buffer_format(out, "| `swarmward_%s` | %s | %s |\n", metrics[i].name, metrics[i].type,
                          metrics[i].help);
}
