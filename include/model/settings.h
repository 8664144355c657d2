#ifndef SWARMWARD_MODEL_SETTINGS_H
#define SWARMWARD_MODEL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/client_auth.h"
#include "model/delivery.h"
#include "model/domain_policy.h"
#include "model/policies.h"
#include "model/sections.h"
#include "net/address.h"

/*
 * The mapping file as plain data (docs/configuration.md says what each setting means). Durations in
 * milliseconds, sizes in bytes. Texts and inner arrays live in the arena of `struct settings`.
 */

/* Where something was written, for messages. */
struct source_place {
    uint32_t line;
    uint32_t column;
};

struct certificate_settings {
    struct text name;      /* "" when it was not named: chosen by the names in the certificate */
    struct text cert_path; /* a relative path is made one from the folder of the file */
    struct text key_path;
    struct source_place place;
};

struct server_settings {
    struct address address;
    int64_t weight; /* 1-256 */
    struct source_place place;
};

/* Who may claim a domain by label: a row of policy.owners. */
struct owner_settings {
    struct text domain;      /* lower case; "*.name" for the names one label below */
    struct text_list stacks; /* names of stacks, or of services that are in none */
    struct source_place place;
};

/* A service: with fixed servers, or in Swarm. */
struct service_settings {
    struct text name;
    bool in_swarm;                   /* its servers are the tasks of the service of this name */
    struct server_settings *servers; /* none when in_swarm */
    size_t server_count;
    struct service_policy policy; /* defaults already merged in */
    uint64_t policy_given;        /* bit i: row i of service_fields was written for this service */
    struct source_place place;
};

struct route_settings {
    struct text name;
    struct text path; /* begins with /, no dot segment, no / at the end (but "/" itself) */
    struct text service;
    int64_t port;         /* 0 = not given: fixed servers have theirs, in Swarm the label says */
    struct text network;  /* of a service in Swarm; "" = the one that is shared */
    size_t service_index; /* into settings.services */
    int64_t priority;
    struct route_policy policy; /* defaults already merged in */
    uint64_t policy_given;      /* bit i: row i of route_fields was written for this route */
    struct source_place place;
};

struct error_page {
    int status;
    size_t text; /* index into settings.page_texts */
};

/* What changes on the way, of one domain or of all that say nothing. */
struct delivery_settings {
    struct delivery_policy policy; /* defaults already merged in */
    struct route_settings *auth;   /* to the service of forward_auth; NULL: there is none */
    struct error_page *pages;      /* read by control; NULL before */
    size_t page_count;
    struct source_place place;
};

/* Requests beneath a path are sent somewhere else. */
struct redirect_settings {
    struct text path; /* as of a route */
    struct text to;   /* "/path" or "https://host/path", without / at the end */
    int64_t status;
    struct source_place place;
};

struct domain_settings {
    struct text name; /* lower case; "*.name" for a wildcard */
    struct text *aliases;
    size_t alias_count;
    struct text certificate; /* a name, or "auto" */
    struct client_auth_settings client_auth;
    struct route_settings *routes;
    size_t route_count;
    struct delivery_settings *delivery; /* in the arena, or that of the defaults */
    struct domain_policy policy;
    uint64_t policy_given;               /* bit i: row i of domain_policy_fields was written */
    struct redirect_settings *redirects; /* longest path first */
    size_t redirect_count;
    struct source_place place;
};

struct settings {
    struct arena arena;
    struct text path;
    struct listener_settings listeners;
    struct tls_settings tls;
    bool ticket_secret_given; /* a default path that is not there is no error */
    struct docker_settings docker;
    bool docker_given; /* the section is written, or a route names a service in Swarm */
    struct metrics_settings metrics;
    struct policy_settings policy;
    struct owner_settings *owners; /* in the arena */
    size_t owner_count;
    struct service_policy service_defaults;
    struct route_policy route_defaults;
    struct delivery_settings delivery; /* the defaults */
    struct text *page_texts;           /* read by control, into the arena */
    size_t page_text_count;
    struct header_settings headers;
    struct limit_settings limits;
    struct log_settings log;
    struct shutdown_settings shutdown;
    /* owned heap arrays, all else is in the arena */
    struct certificate_settings *certificates;
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
