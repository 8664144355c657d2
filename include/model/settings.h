#ifndef SWARMWARD_MODEL_SETTINGS_H
#define SWARMWARD_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/field_table.h"
#include "net/address.h"

/*
 * The mapping file as plain data (docs/configuration.md says what each setting means). Durations in
 * milliseconds, sizes in bytes. Everything lives in the arena of `struct settings`.
 */

struct listener_settings {
    struct address https;
    struct address http;
    int64_t redirect_status; /* 301, 302, 307 or 308 */
    int64_t redirect_port;   /* -1: the port of the https listener */
};

enum tls_profile {
    TLS_PROFILE_INTERMEDIATE,
    TLS_PROFILE_MODERN,
};

enum session_tickets {
    SESSION_TICKETS_SHARED,
    SESSION_TICKETS_LOCAL,
    SESSION_TICKETS_OFF,
};

struct tls_settings {
    int profile; /* enum tls_profile */
    struct text_list groups;
    int session_tickets; /* enum session_tickets */
    int64_t ticket_rotation_ms;
    struct text ticket_secret; /* path */
    struct text unknown_sni;   /* "reject" or the name of a certificate */
};

enum balance {
    BALANCE_LEAST_CONN,
    BALANCE_ROUND_ROBIN,
    BALANCE_SOURCE_HASH,
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

enum underscore_headers {
    UNDERSCORE_DROP,
    UNDERSCORE_REJECT,
    UNDERSCORE_KEEP,
};

enum forwarded_style {
    FORWARDED_X,
    FORWARDED_RFC7239,
    FORWARDED_BOTH,
};

struct header_settings {
    int64_t hsts_max_age_s; /* 0 = no header */
    bool hsts_include_subdomains;
    bool hsts_preload;
    int underscore; /* enum underscore_headers */
    int forwarded;  /* enum forwarded_style */
};

struct limit_settings {
    int64_t handshake_timeout_ms;
    int64_t header_timeout_ms;
    int64_t body_idle_ms;
    int64_t body_min_rate; /* bytes a second, after body_grace_ms */
    int64_t body_grace_ms;
    int64_t write_idle_ms;
    int64_t keepalive_idle_ms;
    int64_t keepalive_requests;
    int64_t keepalive_max_age_ms;
    int64_t header_bytes;
    int64_t header_fields;
    int64_t header_uri_bytes;
    int64_t connections_total;  /* -1: min(45 % of the descriptors, 20,000) */
    int64_t connections_per_ip; /* 0 = unlimited */
};

enum log_query {
    LOG_QUERY_NONE,
    LOG_QUERY_FULL,
};

enum traceparent {
    TRACEPARENT_PASS,
    TRACEPARENT_OFF,
};

struct log_settings {
    struct text access_output; /* "stdout", "off" or a path */
    int64_t access_sample;     /* millionths */
    int access_query;          /* enum log_query */
    int error_level;           /* enum log_level */
    int traceparent;           /* enum traceparent: tracing.traceparent */
};

struct policy_settings {
    int backend_encryption; /* 0 = required, 1 = none */
    struct text exception;  /* why `none` is right here; goes into the evidence */
};

struct shutdown_settings {
    int64_t delay_ms;
    int64_t drain_ms;
};

extern const struct field_table listener_fields; /* struct listener_settings: "listeners" */
extern const struct field_table tls_fields;      /* struct tls_settings: "tls" */
extern const struct field_table policy_fields;   /* struct policy_settings: "policy" */
extern const struct field_table service_fields; /* struct service_policy: in "defaults", services */
extern const struct field_table route_fields;   /* struct route_policy: in "defaults", routes */
extern const struct field_table header_fields;  /* struct header_settings: "defaults.headers" */
extern const struct field_table limit_fields;   /* struct limit_settings: "limits" */
extern const struct field_table log_fields;     /* struct log_settings: "log" and "tracing" */
extern const struct field_table shutdown_fields; /* struct shutdown_settings: "shutdown" */

/* Where something was written, for messages. */
struct source_place {
    uint32_t line;
    uint32_t column;
};

struct certificate_settings {
    struct text name;
    struct text cert_path;
    struct text key_path;
    struct source_place place;
};

struct server_settings {
    struct address address;
    int64_t weight; /* 1-256 */
    struct source_place place;
};

/* A service with fixed servers. */
struct service_settings {
    struct text name;
    struct server_settings *servers;
    size_t server_count;
    size_t server_capacity;
    struct service_policy policy; /* defaults already merged in */
    struct source_place place;
};

struct route_settings {
    struct text name;
    struct text path; /* begins with / */
    struct text service;
    int64_t port;         /* 0 = not given (a service of `services:`) */
    size_t service_index; /* into settings.services */
    int64_t priority;
    struct route_policy policy; /* defaults already merged in */
    struct source_place place;
};

struct domain_settings {
    struct text name; /* lower case; "*.name" for a wildcard */
    struct text *aliases;
    size_t alias_count;
    size_t alias_capacity;
    struct text certificate; /* a name, or "auto" */
    struct route_settings *routes;
    size_t route_count;
    size_t route_capacity;
    struct source_place place;
};

struct settings {
    struct arena arena;
    struct text path;
    struct listener_settings listeners;
    struct tls_settings tls;
    bool ticket_secret_given; /* a default path that is not there is no error */
    struct policy_settings policy;
    struct service_policy service_defaults;
    struct route_policy route_defaults;
    struct header_settings headers;
    struct limit_settings limits;
    struct log_settings log;
    struct shutdown_settings shutdown;
    struct certificate_settings *certificates; /* heap arrays; freed by settings_free() */
    size_t certificate_count;
    size_t certificate_capacity;
    struct service_settings *services;
    size_t service_count;
    size_t service_capacity;
    struct domain_settings *domains;
    size_t domain_count;
    size_t domain_capacity;
};

struct settings *settings_new(void); /* every default set */
void settings_free(struct settings *settings);

#endif
