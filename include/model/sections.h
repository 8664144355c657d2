#ifndef SWARMWARD_MODEL_SECTIONS_H
#define SWARMWARD_MODEL_SECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "model/docker_sections.h"
#include "model/field_table.h"
#include "model/policy_section.h"
#include "net/address.h"

/*
 * The sections of the mapping file that hold for the whole of swarmward (docs/configuration.md says
 * what each setting means). Durations in milliseconds, sizes in bytes.
 */

/* Which versions of the PROXY protocol are taken: bits, as in net/proxy_header.h. */
enum proxy_protocol {
    PROXY_PROTOCOL_OFF,
    PROXY_PROTOCOL_V1,
    PROXY_PROTOCOL_V2,
    PROXY_PROTOCOL_ANY,
};

struct listener_settings {
    struct address https;
    bool https_http2;
    int https_proxy_protocol; /* enum proxy_protocol */
    struct address http;
    int http_proxy_protocol; /* enum proxy_protocol */
    int64_t redirect_status; /* 301, 302, 307 or 308 */
    int64_t redirect_port;   /* -1: the port of the https listener */
    bool admin_enabled;
    struct address admin;             /* health, metrics, status: never on a published port */
    struct text_list trusted_proxies; /* CIDR */
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
    int64_t http2_streams;
    int64_t http2_stream_window;
    int64_t http2_connection_window;
    int64_t http2_header_table;
    struct rate http2_resets;
    int64_t http2_continuations;
    int64_t connection_memory;  /* bytes */
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

struct shutdown_settings {
    int64_t delay_ms;
    int64_t drain_ms;
};

extern const struct field_table listener_fields; /* struct listener_settings: "listeners" */
extern const struct field_table tls_fields;      /* struct tls_settings: "tls" */
extern const struct field_table header_fields;   /* struct header_settings: "defaults.headers" */
extern const struct field_table limit_fields;    /* struct limit_settings: "limits" */
extern const struct field_table log_fields;      /* struct log_settings: "log" and "tracing" */
extern const struct field_table shutdown_fields; /* struct shutdown_settings: "shutdown" */

#endif
