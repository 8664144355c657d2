/* The rows of certificates, servers, owners, domains, routes and redirects. */

#include "entries.h"

#include "model/text_check.h"

static const char *const later_certificates[] = { "acme", NULL };

static const struct field certificate_rows[] = {
    {
        .name = "name",
        FIELD_AT(struct certificate_settings, name),
        .kind = FIELD_TEXT,
        .most = 64,
        .fallback = "",
        .check = text_check_name,
        .help = "What domains call it; the same name twice is a pair of an ECDSA and an RSA "
                "certificate. Without a name it serves the domains that its own names cover.",
    },
    {
        .name = "cert",
        FIELD_AT(struct certificate_settings, cert_path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .check = text_check_file,
        .help = "PEM file with the certificate and then its chain; a relative path starts at the "
                "folder of the mapping file. config:NAME and secret:NAME are where Docker mounts "
                "the config or secret of that name.",
    },
    {
        .name = "key",
        FIELD_AT(struct certificate_settings, key_path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .check = text_check_file,
        .help = "PEM file with its private key, which nobody else may be able to read unless it "
                "is under /run/secrets; secret:NAME is the Docker secret of that name.",
    },
};

const struct field_table certificate_entry = {
    .section = "tls.certificates",
    .fields = certificate_rows,
    .count = sizeof(certificate_rows) / sizeof(certificate_rows[0]),
    .struct_bytes = sizeof(struct certificate_settings),
};

static const struct field server_rows[] = {
    {
        .name = "address",
        FIELD_AT(struct server_settings, address),
        .kind = FIELD_ADDRESS,
        .help = "IP address and port, like 127.0.0.1:3000 or \"[::1]:3000\".",
    },
    {
        .name = "weight",
        FIELD_AT(struct server_settings, weight),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 256,
        .fallback = "1",
        .help = "Its share of the requests, compared with the other servers.",
    },
};

const struct field_table server_entry = {
    .section = "services.NAME.servers",
    .fields = server_rows,
    .count = sizeof(server_rows) / sizeof(server_rows[0]),
    .struct_bytes = sizeof(struct server_settings),
};

static const struct field owner_rows[] = {
    {
        .name = "domain",
        FIELD_AT(struct owner_settings, domain),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 253,
        .help = "A domain, or *.NAME for the names one label below NAME.",
    },
    {
        .name = "stacks",
        FIELD_AT(struct owner_settings, stacks),
        .kind = FIELD_TEXT_LIST,
        .least = 1,
        .most = 256,
        .check = text_check_name,
        .help = "The stacks whose services may claim it by label; of a service in no stack, its "
                "own name.",
    },
};

const struct field_table owner_entry = {
    .section = "policy.owners",
    .fields = owner_rows,
    .count = sizeof(owner_rows) / sizeof(owner_rows[0]),
    .struct_bytes = sizeof(struct owner_settings),
};

static const struct field route_rows[] = {
    {
        .name = "name",
        FIELD_AT(struct route_settings, name),
        .kind = FIELD_TEXT,
        .most = 64,
        .fallback = "",
        .check = text_check_name,
        .help = "What logs call it; without a name it is called by its path.",
    },
    {
        .name = "path",
        FIELD_AT(struct route_settings, path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .fallback = "/",
        .help = "Prefix of the paths that it takes, on the borders of segments: /api takes /api "
                "and /api/x but not /apix; the longest one wins.",
    },
    {
        .name = "service",
        FIELD_AT(struct route_settings, service),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 200,
        .help = "Where its requests go: a name under `services` or of a service in Swarm, perhaps "
                "with :PORT, or the ADDRESS:PORT of one fixed server.",
    },
    {
        .name = "port",
        FIELD_AT(struct route_settings, port),
        .kind = FIELD_INTEGER,
        .least = 1,
        .most = 65535,
        .opt_in = true,
        .help = "The port of the service: of one in Swarm the port that its containers listen at, "
                "which a label may give too; fixed servers have theirs, so it may be left out and "
                "must be the same when given.",
    },
    {
        .name = "network",
        FIELD_AT(struct route_settings, network),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 128,
        .opt_in = true,
        .help = "The network over which a service in Swarm is reached, by name; needed when it and "
                "swarmward share several.",
    },
    {
        .name = "priority",
        FIELD_AT(struct route_settings, priority),
        .kind = FIELD_INTEGER,
        .least = 0,
        .most = 1000,
        .fallback = "0",
        .help = "Of two routes with the same path the one with the higher priority wins.",
    },
};

const struct field_table route_entry = {
    .section = "domains.NAME.routes",
    .fields = route_rows,
    .count = sizeof(route_rows) / sizeof(route_rows[0]),
    .struct_bytes = sizeof(struct route_settings),
};

static const char *const client_auth_modes[] = { "off", "optional", "required", NULL };
static const char *const client_auth_forwards[] = { "none", "subject", "cert", NULL };

static const struct field domain_rows[] = {
    {
        .name = "certificate",
        FIELD_AT(struct domain_settings, certificate),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 64,
        .later_choices = later_certificates,
        .fallback = "auto",
        .check = text_check_name,
        .help = "The name of a certificate, or `auto`: the one whose own names cover the domain.",
    },
    {
        .name = "client_auth.mode",
        FIELD_AT(struct domain_settings, client_auth.mode),
        .kind = FIELD_CHOICE,
        .choices = client_auth_modes,
        .fallback = "off",
        .help = "Whether clients are asked for a certificate: `optional` takes who has none, "
                "`required` does not; a bad one is refused by both, in the handshake.",
    },
    {
        .name = "client_auth.ca",
        FIELD_AT(struct domain_settings, client_auth.ca),
        .kind = FIELD_TEXT,
        .most = 1024,
        .fallback = "",
        .check = text_check_file,
        .help = "PEM file with the CA certificates that issue them; each of them is believed, and "
                "no other. config:NAME and secret:NAME as for `cert`.",
    },
    {
        .name = "client_auth.forward",
        FIELD_AT(struct domain_settings, client_auth.forward),
        .kind = FIELD_CHOICE,
        .choices = client_auth_forwards,
        .fallback = "none",
        .help = "What the service is told of it: `subject` its name in X-Client-DN (RFC 4514), "
                "`cert` all of it in Client-Cert and Client-Cert-Chain (RFC 9440). From clients "
                "these fields are always dropped.",
    },
};

const struct field_table domain_entry = {
    .section = "domains.NAME",
    .fields = domain_rows,
    .count = sizeof(domain_rows) / sizeof(domain_rows[0]),
    .struct_bytes = sizeof(struct domain_settings),
};

static const char *const redirect_statuses[] = { "301", "302", "303", "307", "308", NULL };

static const struct field redirect_rows[] = {
    {
        .name = "path",
        FIELD_AT(struct redirect_settings, path),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .help = "Prefix of the paths that are sent away, on the borders of segments like that of a "
                "route; the longest one wins, and it is looked at before the routes are.",
    },
    {
        .name = "to",
        FIELD_AT(struct redirect_settings, to),
        .kind = FIELD_TEXT,
        .least = 1,
        .most = 1024,
        .check = text_check_redirect,
        .help = "Where to: a path of the same domain, or https://HOST/PATH. What follows `path` in "
                "the request, and its query, are put behind it.",
    },
    {
        .name = "status",
        FIELD_AT(struct redirect_settings, status),
        .kind = FIELD_INTEGER,
        .choices = redirect_statuses,
        .fallback = "308",
        .help =
            "308 and 301 are kept by browsers for ever, 307 and 302 for this once; with 307 and "
            "308 the method stays what it was.",
    },
};

const struct field_table redirect_entry = {
    .section = "domains.NAME.redirects",
    .fields = redirect_rows,
    .count = sizeof(redirect_rows) / sizeof(redirect_rows[0]),
    .struct_bytes = sizeof(struct redirect_settings),
};
