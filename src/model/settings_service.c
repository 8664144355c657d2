/* The rows of a service: written under "defaults" for all and under "services" for one. */

#include "model/policies.h"
#include "model/text_check.h"

static const char *const balances[] = { "least_conn", "round_robin", "source_hash", NULL };
static const char *const later_balances[] = { "random_two", NULL };

static const char *const protocols[] = { "http1", "https", "h2c", "h2", NULL };

static const char *const backend_modes[] = { "task", "vip", NULL };

static const struct field rows[] = {
    {
        .name = "balance",
        FIELD_AT(struct service_policy, balance),
        .kind = FIELD_CHOICE,
        .choices = balances,
        .later_choices = later_balances,
        .fallback = "least_conn",
        .help = "Which endpoint gets the next request: `least_conn` the less busy of two drawn by "
                "lot, `round_robin` one after the other, `source_hash` the same one for the same "
                "client address.",
    },
    {
        .name = "max_connections",
        FIELD_AT(struct service_policy, max_connections),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 1000000,
        .fallback = "0",
        .help = "At most this many connections to one endpoint; 0 is no limit.",
    },
    {
        .name = "queue.size",
        FIELD_AT(struct service_policy, queue_size),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 100000,
        .fallback = "0",
        .help = "How many requests may wait while every endpoint is at max_connections.",
    },
    {
        .name = "queue.timeout",
        FIELD_AT(struct service_policy, queue_timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 10,
        .most = 600000,
        .fallback = "5s",
        .help = "Answer 503 to a request that has waited this long.",
    },
    {
        .name = "retry_budget",
        FIELD_AT(struct service_policy, retry_budget_percent),
        .kind = FIELD_PERCENT,
        .least = 0,
        .most = 100,
        .fallback = "20%",
        .help = "At most this share of the requests may be retries, so that retries never add to "
                "an overload.",
    },
    {
        .name = "slow_start",
        FIELD_AT(struct service_policy, slow_start_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 0,
        .most = 3600000,
        .fallback = "0s",
        .help = "Let the share of a new or recovered endpoint grow to its full weight over this "
                "time; 0s is off.",
    },
    {
        .name = "health.path",
        FIELD_AT(struct service_policy, health.path),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_target,
        .help = "Ask every endpoint for this path at intervals; empty is no active checks.",
    },
    {
        .name = "health.interval",
        FIELD_AT(struct service_policy, health.interval_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 100,
        .most = 3600000,
        .fallback = "10s",
        .help = "The time between two checks of one endpoint.",
    },
    {
        .name = "health.timeout",
        FIELD_AT(struct service_policy, health.timeout_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 50,
        .most = 300000,
        .fallback = "3s",
        .help = "A check that takes longer has failed; not longer than the interval.",
    },
    {
        .name = "health.rise",
        FIELD_AT(struct service_policy, health.rise),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 100,
        .fallback = "2",
        .help = "So many good checks in a row bring an endpoint back.",
    },
    {
        .name = "health.fall",
        FIELD_AT(struct service_policy, health.fall),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 100,
        .fallback = "3",
        .help = "So many failed checks in a row take an endpoint out.",
    },
    {
        .name = "health.status",
        FIELD_AT(struct service_policy, health.status),
        .kind = FIELD_STATUS_RANGE,
        .fallback = "200-399",
        .help = "The statuses of a good check.",
    },
    {
        .name = "outlier.failures",
        FIELD_AT(struct service_policy, outlier.failures),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 100,
        .fallback = "1",
        .help = "So many failures to connect in a row take an endpoint out for a while.",
    },
    {
        .name = "outlier.base_ejection",
        FIELD_AT(struct service_policy, outlier.base_ejection_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 100,
        .most = 3600000,
        .fallback = "5s",
        .help = "For how long the first time; it doubles with every time.",
    },
    {
        .name = "outlier.max_ejection",
        FIELD_AT(struct service_policy, outlier.max_ejection_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 100,
        .most = 86400000,
        .fallback = "60s",
        .help = "For how long at most; not shorter than base_ejection.",
    },
    {
        .name = "outlier.max_ejected",
        FIELD_AT(struct service_policy, outlier.max_ejected_percent),
        .kind = FIELD_PERCENT,
        .least = 0,
        .most = 100,
        .fallback = "50%",
        .help = "At most this share of the endpoints is taken out at the same time.",
    },
    {
        .name = "backend_mode",
        FIELD_AT(struct service_policy, backend_mode),
        .kind = FIELD_CHOICE,
        .choices = backend_modes,
        .fallback = "task",
        .help = "How a service in Swarm is reached: `task` its tasks one by one, `vip` its virtual "
                "address, behind which Swarm balances connections and nothing can be drained.",
    },
    {
        .name = "protocol",
        FIELD_AT(struct service_policy, protocol),
        .kind = FIELD_CHOICE,
        .choices = protocols,
        .fallback = "http1",
        .help = "What is spoken with it: `http1` HTTP/1.1 in clear, `https` HTTP/1.1 over TLS, "
                "`h2c` HTTP/2 in clear, `h2` HTTP/2 over TLS; gRPC needs one of the last two. TLS "
                "is verified as policy.backend_tls says.",
    },
    {
        .name = "drain",
        FIELD_AT(struct service_policy, drain_ms),
        .kind = FIELD_MILLISECONDS,
        .least = 0,
        .most = 86400000,
        .fallback = "20s",
        .help = "An endpoint that leaves gets no new request; what still runs on it is cut off "
                "after this.",
    },
};

const struct field_table service_fields = {
    .section = "defaults",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct service_policy),
};
