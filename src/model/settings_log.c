/* The rows of the sections "log" and "tracing"; their names begin at the root of the file. */

#include "model/sections.h"
#include "model/text_check.h"

static const char *const queries[] = { "none", "full", NULL };
static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const traceparents[] = { "pass", "off", NULL };
static const char *const later_traceparents[] = { "generate", NULL };

static const struct field rows[] = {
    {
        .name = "log.access.output",
        FIELD_AT(struct log_settings, access_output),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "stdout",
        .check = text_check_log_output,
        .help = "Where one JSON line for each exchange goes: `stdout`, `off`, or the path of a "
                "file (reopened on SIGUSR1).",
    },
    {
        .name = "log.access.sample",
        FIELD_AT(struct log_settings, access_sample),
        .kind = FIELD_FRACTION,
        .least = 0,
        .most = 1000000,
        .fallback = "1.0",
        .help = "The share of exchanges that is logged; failures are always logged.",
    },
    {
        .name = "log.access.query",
        FIELD_AT(struct log_settings, access_query),
        .kind = FIELD_CHOICE,
        .choices = queries,
        .fallback = "none",
        .help = "Whether the query of a request target is logged: `none` or `full`; it often "
                "holds secrets.",
    },
    {
        .name = "log.access.format",
        .kind = FIELD_LATER,
        .help = "the access log is always JSON",
    },
    {
        .name = "log.access.client_ip",
        .kind = FIELD_LATER,
        .help = "the address of the client is always logged in full",
    },
    {
        .name = "log.access.headers",
        .kind = FIELD_LATER,
        .help = "no header field is logged",
    },
    {
        .name = "log.error.level",
        FIELD_AT(struct log_settings, error_level),
        .kind = FIELD_CHOICE,
        .choices = levels,
        .fallback = "info",
        .help = "How much goes to standard error: `error`, `warn`, `info` or `debug`.",
    },
    {
        .name = "log.chain",
        .kind = FIELD_LATER,
        .help = "the log is not chained by hashes yet",
    },
    {
        .name = "tracing.traceparent",
        FIELD_AT(struct log_settings, traceparent),
        .kind = FIELD_CHOICE,
        .choices = traceparents,
        .later_choices = later_traceparents,
        .fallback = "pass",
        .help = "`pass` hands the traceparent and tracestate of a request on, `off` removes them.",
    },
};

const struct field_table log_fields = {
    .section = "",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct log_settings),
};
