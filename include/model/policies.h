#ifndef SWARMWARD_MODEL_POLICIES_H
#define SWARMWARD_MODEL_POLICIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/field_table.h"

/*
 * How services and routes behave: what `defaults`, a service, or a route of the mapping file may
 * say. Durations in milliseconds, sizes in bytes.
 */

enum balance {
    BALANCE_LEAST_CONN,
    BALANCE_ROUND_ROBIN,
    BALANCE_SOURCE_HASH,
};

enum backend_mode {
    BACKEND_MODE_TASK,
    BACKEND_MODE_VIP,
};

enum protocol {
    PROTOCOL_HTTP1, /* in clear */
    PROTOCOL_HTTPS, /* HTTP/1.1 over TLS */
    PROTOCOL_H2C,   /* HTTP/2 in clear, by prior knowledge */
    PROTOCOL_H2,    /* HTTP/2 over TLS */
};

struct health_settings {
    struct text path; /* "" = no active checks */
    int64_t interval_ms;
    int64_t timeout_ms;
    int64_t rise;
    int64_t fall;
    struct status_range status;
};

struct outlier_settings {
    int64_t failures;
    int64_t base_ejection_ms;
    int64_t max_ejection_ms;
    int64_t max_ejected_percent;
};

/* What belongs to a service and its endpoints, whatever route leads there. */
struct service_policy {
    int balance;             /* enum balance */
    int64_t max_connections; /* per endpoint; 0 = unlimited */
    int64_t queue_size;
    int64_t queue_timeout_ms;
    int64_t retry_budget_percent;
    int64_t slow_start_ms;
    int backend_mode; /* enum backend_mode; of services in Swarm */
    int protocol;     /* enum protocol */
    int64_t drain_ms; /* what runs on an endpoint that leaves is cut after this */
    struct health_settings health;
    struct outlier_settings outlier;
};

/* What belongs to one route. */
struct route_policy {
    int64_t connect_timeout_ms;
    int64_t response_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t tunnel_timeout_ms;
    int64_t max_body_bytes; /* 0 = unlimited */
    int64_t retries;
    struct text sticky_cookie; /* "" = off */
};

/* Is the hop to the backend encrypted and the backend verified? */
static inline bool protocol_has_tls(int protocol)
{
    return protocol == PROTOCOL_HTTPS || protocol == PROTOCOL_H2;
}

static inline bool protocol_is_h2(int protocol)
{
    return protocol == PROTOCOL_H2C || protocol == PROTOCOL_H2;
}

extern const struct field_table service_fields; /* struct service_policy: in "defaults", services */
extern const struct field_table route_fields;   /* struct route_policy: in "defaults", routes */

#endif
