/* The rows of the sections "policy" and "shutdown": what an auditor and an orchestrator ask. */

#include "model/sections.h"

static const char *const encryptions[] = { "overlay", "none", NULL };
static const char *const later_encryptions[] = { "tls", "mtls", NULL };
static const char *const default_owners[] = { "deny", "allow", NULL };

static const struct field policy_rows[] = {
    {
        .name = "backend_encryption",
        FIELD_AT(struct policy_settings, backend_encryption),
        .kind = FIELD_CHOICE,
        .choices = encryptions,
        .later_choices = later_encryptions,
        .fallback = "overlay",
        .help = "`overlay`: services in Swarm are reached over an encrypted overlay network only, "
                "with an Engine on every node that encrypts it (20.10.24, 23.0.3 or later), and "
                "fixed servers on this machine only; `none` accepts all and needs `exception`.",
    },
    {
        .name = "exception",
        FIELD_AT(struct policy_settings, exception),
        .kind = FIELD_TEXT,
        .most = 200,
        .fallback = "",
        .help = "Why `backend_encryption: none` is right here, in one line; it goes into the "
                "evidence.",
    },
    {
        .name = "backend_tls",
        .kind = FIELD_LATER,
        .help = "backends are spoken to in plain HTTP/1.1 only",
    },
    {
        .name = "default_owner",
        FIELD_AT(struct policy_settings, default_owner),
        .kind = FIELD_CHOICE,
        .choices = default_owners,
        .fallback = "deny",
        .help = "Whether a service may claim by label a domain that no row of `owners` has.",
    },
};

const struct field_table policy_fields = {
    .section = "policy",
    .fields = policy_rows,
    .count = sizeof(policy_rows) / sizeof(policy_rows[0]),
    .struct_bytes = sizeof(struct policy_settings),
};

static const struct field shutdown_rows[] = {
    {
        .name = "delay",
        FIELD_AT(struct shutdown_settings, delay_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 0,
        .most = 600000,
        .fallback = "5s",
        .opt_in = true,
        .help = "After SIGTERM, keep accepting for this long with health red, so that whoever "
                "sends traffic here can stop.",
    },
    {
        .name = "drain",
        FIELD_AT(struct shutdown_settings, drain_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 0,
        .most = 3600000,
        .fallback = "20s",
        .opt_in = true,
        .help = "Then let exchanges finish for at most this long; delay and drain together must "
                "stay below the stop_grace_period of the container.",
    },
};

const struct field_table shutdown_fields = {
    .section = "shutdown",
    .fields = shutdown_rows,
    .count = sizeof(shutdown_rows) / sizeof(shutdown_rows[0]),
    .struct_bytes = sizeof(struct shutdown_settings),
};
