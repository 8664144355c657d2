/* The rows of a route's policy: written under "defaults" for all and in a route for one. */

#include "model/policies.h"
#include "model/text_check.h"

static const struct field rows[] = {
    {
        .name = "timeout.connect",
        FIELD_AT(struct route_policy, connect_timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10,
        .most = 60000,
        .fallback = "2s",
        .help = "Give up connecting to an endpoint after this and try another one.",
    },
    {
        .name = "timeout.response",
        FIELD_AT(struct route_policy, response_timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10,
        .most = 86400000,
        .fallback = "60s",
        .help = "Answer 504 when the response has not begun this long after the request was sent.",
    },
    {
        .name = "timeout.idle",
        FIELD_AT(struct route_policy, idle_timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10,
        .most = 86400000,
        .fallback = "300s",
        .help = "End an exchange whose response body has not moved for this long.",
    },
    {
        .name = "timeout.tunnel",
        FIELD_AT(struct route_policy, tunnel_timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10,
        .most = 604800000,
        .fallback = "1h",
        .help = "End a WebSocket or another tunnel in which no byte has moved for this long.",
    },
    {
        .name = "max_body",
        FIELD_AT(struct route_policy, max_body_bytes),
        .kind = FIELD_BYTES,
        .least = 0,
        .most = 1099511627776,
        .fallback = "64MiB",
        .help = "Answer 413 to a request with a larger body; 0 is no limit.",
    },
    {
        .name = "retries",
        FIELD_AT(struct route_policy, retries),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 3,
        .fallback = "1",
        .help = "Try so many other endpoints while nothing that matters was sent.",
    },
    {
        .name = "sticky.cookie",
        FIELD_AT(struct route_policy, sticky_cookie),
        .kind = FIELD_TEXT,
        .most = 64,
        .fallback = "",
        .check = text_check_token,
        .help = "Keep a client at its endpoint by a cookie of this name; empty is off.",
    },
};

const struct field_table route_fields = {
    .section = "defaults",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct route_policy),
};
