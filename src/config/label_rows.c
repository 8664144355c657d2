/* The rows of labels: those of a service, those of one of its routes, and those that are refused.
 */

#include "label_rows.h"

#include "model/text_check.h"

static const char *const redirects[] = { "none", "www_to_apex", "apex_to_www", NULL };

#define PRIORITY_ROW(type)                                                                         \
    {                                                                                              \
        .name = "priority", FIELD_AT(type, priority), .kind = FIELD_INTEGER, .least = 0,           \
        .most = 1000, .fallback = "0",                                                             \
        .help = "Of two routes with the same path the one with the higher priority wins.",         \
    }

#define NETWORK_ROW(type)                                                                          \
    {                                                                                              \
        .name = "network", FIELD_AT(type, network), .kind = FIELD_TEXT, .least = 1, .most = 128,   \
        .opt_in = true,                                                                            \
        .help = "The network over which it is reached; needed when it and swarmward share "        \
                "several.",                                                                        \
    }

#define PORT_ROW(type)                                                                             \
    {                                                                                              \
        .name = "port", FIELD_AT(type, port), .kind = FIELD_INTEGER, .least = 1, .most = 65535,    \
        .opt_in = true,                                                                            \
        .help =                                                                                    \
            "The port that its containers listen at; needed unless the mapping file gives it.",    \
    }

static const struct field flat_rows[] = {
    {
        .name = "enable",
        FIELD_AT(struct label_flat, enable),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "`true`: the other labels are read.",
    },
    {
        .name = "domain",
        FIELD_AT(struct label_flat, domain),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 4096,
        .help = "The domains, with commas between them; `*.NAME` stands for the names one label "
                "below NAME.",
    },
    {
        .name = "path",
        FIELD_AT(struct label_flat, path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "/",
        .help = "Prefix of the paths that it takes, on the borders of segments.",
    },
    PORT_ROW(struct label_flat),
    NETWORK_ROW(struct label_flat),
    PRIORITY_ROW(struct label_flat),
    {
        .name = "redirect",
        FIELD_AT(struct label_flat, redirect),
        .kind = FIELD_CHOICE,
        .choices = redirects,
        .fallback = "none",
        .help = "`www_to_apex`: requests for www.NAME are sent to NAME by a 308 that keeps path "
                "and query, `apex_to_www` the other way round; `domain` must have both names.",
    },
    {
        .name = "maintenance",
        FIELD_AT(struct label_flat, maintenance),
        .kind = FIELD_BOOL,
        .fallback = "false",
        .help = "`true`: the requests that this service would get are answered 503 with "
                "Retry-After; a page and who may come nevertheless are the mapping file's.",
    },
};

const struct field_table label_flat_rows = {
    .section = "",
    .fields = flat_rows,
    .count = sizeof(flat_rows) / sizeof(flat_rows[0]),
    .struct_bytes = sizeof(struct label_flat),
};

static const struct field route_rows[] = {
    {
        .name = "host",
        FIELD_AT(struct label_route_keys, host),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 253,
        .opt_in = true,
        .help = "One name; left out, all domains of the service.",
    },
    {
        .name = "path",
        FIELD_AT(struct label_route_keys, path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "/",
        .help = "Prefix of the paths that this route takes.",
    },
    PORT_ROW(struct label_route_keys),
    NETWORK_ROW(struct label_route_keys),
    PRIORITY_ROW(struct label_route_keys),
};

const struct field_table label_route_rows = {
    .section = "routes.NAME",
    .fields = route_rows,
    .count = sizeof(route_rows) / sizeof(route_rows[0]),
    .struct_bytes = sizeof(struct label_route_keys),
};

/* Known from the file; by a label they would let the application decide what is the operator's. */
#define OPERATOR_ROW(name_)                                                                        \
    {                                                                                              \
        .name = (name_), .kind = FIELD_LATER, .help = ""                                           \
    }

static const struct field operator_rows[] = {
    OPERATOR_ROW("tls"),        OPERATOR_ROW("certificate"), OPERATOR_ROW("acme"),
    OPERATOR_ROW("aliases"),    OPERATOR_ROW("client_auth"), OPERATOR_ROW("access"),
    OPERATOR_ROW("rate_limit"), OPERATOR_ROW("basic_auth"),  OPERATOR_ROW("forward_auth"),
    OPERATOR_ROW("headers"),    OPERATOR_ROW("hsts"),        OPERATOR_ROW("trusted_proxies"),
    OPERATOR_ROW("redirects"),  OPERATOR_ROW("policy"),      OPERATOR_ROW("limits"),
    OPERATOR_ROW("log"),
};

const struct field_table label_operator_rows = {
    .section = "",
    .fields = operator_rows,
    .count = sizeof(operator_rows) / sizeof(operator_rows[0]),
    .struct_bytes = 0,
};
