/* The rows of "defaults.headers": which fields are added, and what becomes of doubtful ones. */

#include "model/sections.h"

static const char *const underscores[] = { "drop", "reject", "keep", NULL };
static const char *const styles[] = { "x_forwarded", "rfc7239", "both", NULL };

static const struct field rows[] = {
    {
        .name = "hsts.max_age",
        FIELD_AT(struct header_settings, hsts_max_age_s),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 315360000,
        .fallback = "63072000",
        .help = "Seconds, as in Strict-Transport-Security itself; 0 leaves the header out.",
    },
    {
        .name = "hsts.include_subdomains",
        FIELD_AT(struct header_settings, hsts_include_subdomains),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "Add includeSubDomains to it.",
    },
    {
        .name = "hsts.preload",
        FIELD_AT(struct header_settings, hsts_preload),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "Add preload to it; needs include_subdomains and a max_age of a year.",
    },
    {
        .name = "underscore",
        FIELD_AT(struct header_settings, underscore),
        .kind = FIELD_CHOICE,
        .choices = underscores,
        .fallback = "drop",
        .help = "What becomes of request fields with _ in the name, which many backends take for "
                "the same name with -: `drop` the field, `reject` the request, or `keep` it.",
    },
    {
        .name = "forwarded",
        FIELD_AT(struct header_settings, forwarded),
        .kind = FIELD_CHOICE,
        .choices = styles,
        .fallback = "x_forwarded",
        .help = "Tell the backend about the client with X-Forwarded-For, -Proto and -Host, with "
                "Forwarded (RFC 7239), or with both.",
    },
};

const struct field_table header_fields = {
    .section = "defaults.headers",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct header_settings),
};
