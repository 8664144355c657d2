/* The rows of the sections "policy" and "shutdown": what an auditor and an orchestrator ask. */

#include "model/sections.h"
#include "model/text_check.h"

static const char *const encryptions[] = { "overlay", "none", "tls", "mtls", NULL };
static const char *const verifications[] = { "full", "ca", NULL };
static const char *const default_owners[] = { "deny", "allow", NULL };

static const struct field policy_rows[] = {
    {
        .name = "backend_encryption",
        FIELD_AT(struct policy_settings, backend_encryption),
        .kind = FIELD_CHOICE,
        .choices = encryptions,
        .fallback = "overlay",
        .help = "`overlay`: services in Swarm are reached over an encrypted overlay network only, "
                "with an Engine on every node that encrypts it (20.10.24, 23.0.3 or later), and "
                "fixed servers on this machine only, unless their protocol has TLS; `tls`: every "
                "service has a protocol with TLS, over whatever network; `mtls`: and asks for our "
                "certificate; `none` accepts all and needs `exception`. What is in clear against "
                "it is answered 503.",
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
        .name = "backend_tls.ca",
        FIELD_AT(struct policy_settings, backend_tls.ca),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with the CAs that backends are verified with, perhaps config:NAME; empty "
                "is the CAs of this system. There is no way to switch verification off.",
    },
    {
        .name = "backend_tls.verify",
        FIELD_AT(struct policy_settings, backend_tls.verify),
        .kind = FIELD_CHOICE,
        .choices = verifications,
        .fallback = "full",
        .help = "`full`: the certificate is of one of the CAs and has the name of the backend; "
                "`ca`: it is of one of the CAs.",
    },
    {
        .name = "backend_tls.server_name",
        FIELD_AT(struct policy_settings, backend_tls.server_name),
        .kind = FIELD_TEXT,
        .most = 253,
        .fallback = "",
        .check = text_check_name,
        .help = "The name that is asked for (SNI) and that the certificate must have; empty is the "
                "name of the service in Swarm, and of fixed servers their IP address.",
    },
    {
        .name = "backend_tls.cert",
        FIELD_AT(struct policy_settings, backend_tls.cert_path),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with the certificate (and its chain) that is shown to backends that ask "
                "for one; `backend_encryption: mtls` needs it.",
    },
    {
        .name = "backend_tls.key",
        FIELD_AT(struct policy_settings, backend_tls.key_path),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with its private key, perhaps secret:NAME.",
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
