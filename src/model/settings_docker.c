/* The rows of the sections "docker" and "metrics": where services are looked up, and what is shown.
 */

#include "model/sections.h"
#include "model/text_check.h"

static const char *const label_policies[] = { "strict", "lenient", "ignore", NULL };

static const struct field docker_rows[] = {
    {
        .name = "endpoint",
        FIELD_AT(struct docker_settings, endpoint),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "unix:///run/swarmward/docker.sock",
        .help = "The Docker API: `unix:///path`, or `tcp://host:port` with the files under `tls`; "
                "empty is no API, tasks are then found by DNS alone and labels are not read.",
    },
    {
        .name = "tls.ca",
        FIELD_AT(struct docker_settings, tls_ca),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with the CA that the Engine's certificate must come from.",
    },
    {
        .name = "tls.cert",
        FIELD_AT(struct docker_settings, tls_cert),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with the certificate that is shown to the Engine.",
    },
    {
        .name = "tls.key",
        FIELD_AT(struct docker_settings, tls_key),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with its private key.",
    },
    {
        .name = "networks",
        FIELD_AT(struct docker_settings, networks),
        .kind = FIELD_TEXT_LIST,
        .most = 64,
        .fallback = "",
        .help = "The overlay networks that tasks may be reached over, by name; none are those of "
                "swarmward's own task.",
    },
    {
        .name = "label_prefix",
        FIELD_AT(struct docker_settings, label_prefix),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 64,
        .fallback = "swarmward",
        .check = text_check_name,
        .help = "What the labels of services begin with, before the first dot.",
    },
    {
        .name = "label_policy",
        FIELD_AT(struct docker_settings, label_policy),
        .kind = FIELD_CHOICE,
        .choices = label_policies,
        .fallback = "strict",
        .help = "What becomes of an unknown label: `strict` keeps its service at its last good "
                "state, `lenient` warns; `ignore` reads no label at all.",
    },
    {
        .name = "dns_interval",
        FIELD_AT(struct docker_settings, dns_interval_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 100,
        .most = 10000,
        .fallback = "500ms",
        .help = "How often tasks.SERVICE is looked up; with many services less often, so that all "
                "together stay below 200 a second.",
    },
    {
        .name = "resync_interval",
        FIELD_AT(struct docker_settings, resync_interval_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 5000,
        .most = 600000,
        .fallback = "30s",
        .help = "How often everything is listed again, in case an event was lost.",
    },
    {
        .name = "lease",
        FIELD_AT(struct docker_settings, lease_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10000,
        .most = 86400000,
        .fallback = "90s",
        .help = "A task that neither the API nor DNS has confirmed for this long is used only when "
                "no other is confirmed; more than twice resync_interval.",
    },
    {
        .name = "dns_server",
        FIELD_AT(struct docker_settings, dns_server),
        .kind = FIELD_TEXT,
        .most = 64,
        .fallback = "",
        .opt_in = true,
        .help = "ADDRESS:PORT of the name server to ask; empty is the system's, which in a task is "
                "Docker's own.",
    },
    {
        .name = "snapshot",
        FIELD_AT(struct docker_settings, snapshot),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "/var/lib/swarmward/routes.json",
        .help = "Where the last good table is kept, without secrets, so that a start while the "
                "managers are down still serves; empty is off.",
    },
};

const struct field_table docker_fields = {
    .section = "docker",
    .fields = docker_rows,
    .count = sizeof(docker_rows) / sizeof(docker_rows[0]),
    .struct_bytes = sizeof(struct docker_settings),
};

static const struct field metrics_rows[] = {
    {
        .name = "prometheus",
        FIELD_AT(struct metrics_settings, prometheus),
        .kind = FIELD_BOOL,
        .fallback = "true",
        .help = "Whether the admin listener answers /metrics.",
    },
    {
        .name = "per_domain",
        FIELD_AT(struct metrics_settings, per_domain),
        .kind = FIELD_BOOL,
        .fallback = "true",
        .help = "Whether requests are shown for every domain, not only for all together.",
    },
};

const struct field_table metrics_fields = {
    .section = "metrics",
    .fields = metrics_rows,
    .count = sizeof(metrics_rows) / sizeof(metrics_rows[0]),
    .struct_bytes = sizeof(struct metrics_settings),
};
