/* The rows of the section "listeners": where swarmward answers. */

#include "model/sections.h"
#include "model/text_check.h"

static const char *const redirect_statuses[] = { "301", "302", "307", "308", NULL };

static const char *const proxy_protocols[] = { "off", "v1", "v2", "any", NULL };

static const struct field rows[] = {
    {
        .name = "https.address",
        FIELD_AT(struct listener_settings, https),
        .kind = FIELD_ADDRESS,
        .fallback = "0.0.0.0:443",
        .help = "Where HTTPS is answered: an IPv4 address, or an IPv6 address in brackets, and a "
                "port.",
    },
    {
        .name = "https.http2",
        FIELD_AT(struct listener_settings, https_http2),
        .kind = FIELD_BOOL,
        .fallback = "true",
        .help = "Whether clients are offered HTTP/2 (ALPN h2) besides HTTP/1.1.",
    },
    {
        .name = "https.proxy_protocol",
        FIELD_AT(struct listener_settings, https_proxy_protocol),
        .kind = FIELD_CHOICE,
        .choices = proxy_protocols,
        .fallback = "off",
        .help = "Which version of the PROXY protocol `trusted_proxies` must begin each connection "
                "with, so that the address of the client is known; from anybody else a connection "
                "that begins so is closed.",
    },
    {
        .name = "http.address",
        FIELD_AT(struct listener_settings, http),
        .kind = FIELD_ADDRESS,
        .fallback = "0.0.0.0:80",
        .help = "Where plain HTTP is answered, always with a redirect to HTTPS and never with "
                "anything else.",
    },
    {
        .name = "http.proxy_protocol",
        FIELD_AT(struct listener_settings, http_proxy_protocol),
        .kind = FIELD_CHOICE,
        .choices = proxy_protocols,
        .fallback = "off",
        .help = "The same for plain HTTP.",
    },
    {
        .name = "http.redirect_status",
        FIELD_AT(struct listener_settings, redirect_status),
        .kind = FIELD_INTEGER,
        .least = 301,
        .most = 308,
        .choices = redirect_statuses,
        .fallback = "308",
        .help = "The status of that redirect; 307 and 308 keep the method of the request.",
    },
    {
        .name = "http.redirect_port",
        FIELD_AT(struct listener_settings, redirect_port),
        .kind = FIELD_AUTO_INTEGER,
        .least = 1,
        .most = 65535,
        .fallback = "auto",
        .help = "The port that the redirect leads to; auto is the port of https.address, write "
                "443 when a port is mapped in front of it.",
    },
    {
        .name = "http.acme_http01",
        .kind = FIELD_LATER,
        .help = "certificates are not fetched by ACME yet",
    },
    {
        .name = "admin.enabled",
        FIELD_AT(struct listener_settings, admin_enabled),
        .kind = FIELD_BOOL,
        .fallback = "true",
        .help = "Whether /healthz, /metrics and /status are answered at admin.address.",
    },
    {
        .name = "admin.address",
        FIELD_AT(struct listener_settings, admin),
        .kind = FIELD_ADDRESS,
        .fallback = "127.0.0.1:9901",
        .help = "Where they are answered, in plain HTTP: this machine, or a network that only the "
                "monitoring reaches; never publish its port.",
    },
    {
        .name = "trusted_proxies",
        FIELD_AT(struct listener_settings, trusted_proxies),
        .kind = FIELD_TEXT_LIST,
        .most = 256,
        .fallback = "",
        .check = text_check_prefix,
        .help = "The networks of load balancers in front, like 10.0.0.0/24: they are believed who "
                "the client is, by the PROXY protocol where it is on, and by X-Forwarded-For. "
                "limits.connections.per_ip does not count them.",
    },
};

const struct field_table listener_fields = {
    .section = "listeners",
    .fields = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .struct_bytes = sizeof(struct listener_settings),
};
