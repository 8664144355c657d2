#ifndef SWARMWARD_CONTROL_MAPPING_PRIVATE_H
#define SWARMWARD_CONTROL_MAPPING_PRIVATE_H

#include "base/hash.h"
#include "mapping.h"

/* A mapping on its way: what its files share. */

/* A host that labels add routes to. */
struct label_host {
    struct text host;
    int redirect;                /* enum host_redirect of the labels */
    size_t file_domain;          /* index into settings.domains; SIZE_MAX: labels alone know it */
    struct mapped_route *routes; /* heap: those of the labels */
    size_t route_count;
    size_t route_capacity;
};

struct mapper {
    /* borrowed */
    const struct mapping_sources *sources;
    const struct settings *file;
    const struct swarm *swarm; /* NULL: without Docker */
    /* owned */
    struct mapping *mapping;
    struct string_map services;      /* key -> index into mapping->services */
    struct string_map file_hosts;    /* -> index into settings.domains */
    struct string_map file_services; /* in Swarm, by name -> index into settings.services */
    struct string_map claims;      /* "host path priority" -> index into swarm services, or FILE */
    struct string_map label_hosts; /* -> index into hosts */
    struct label_host *hosts;
    size_t host_count;
    size_t host_capacity;
    size_t *deliveries; /* of each domain of the file -> index into mapping->deliveries */
    const struct label_settings **labels; /* in force, by index into swarm->services */
};

#define CLAIMED_BY_FILE SIZE_MAX

/*
 * What the file says of a host: its own entry, else that of the wildcard that covers it, else NULL.
 * A label may claim a name beneath a wildcard of the file, and then goes before it: what the file
 * asks of clients there is not the application's to give up.
 */
const struct domain_settings *mapping_written(const struct mapper *mapper, struct text host);
/* Does the file say this of a domain ("redirect", "maintenance.enabled")? NULL: it has no entry. */
bool mapping_is_written(const struct domain_settings *domain, const char *setting);

/* mapping.c: what policy.backend_encryption has against a protocol, whatever the network; "" =
 * nothing. */
struct text mapping_protocol_why(const struct mapper *mapper, int protocol);
/*
 * An endpoint's identity, with what is spoken with it and how it is verified: connections that were
 * made under other rules are not its own.
 */
uint64_t mapping_identity(const struct mapper *mapper, int protocol, uint64_t identity);

/* mapping_labels.c: which labels hold, and what they claim. */
void mapping_read_labels(struct mapper *mapper);
/* The routes of the labels in force, into `hosts`. */
void mapping_add_label_routes(struct mapper *mapper);

/* mapping_swarm.c: a service in Swarm at one port. Returns its index in mapping->services. */
struct swarm_route {
    struct text service;
    struct text network; /* "" = the one that is shared */
    int64_t port;        /* 0 = nobody says */
    const struct service_policy *policy;
};

size_t mapping_swarm_service(struct mapper *mapper, const struct swarm_route *route);

/* Is there one network over which swarmward reaches it, the one of this name (or "")? False: `err`
 * says why not. */
bool mapping_swarm_shares(struct mapper *mapper, const struct swarm_service *service,
                          struct text network, struct err *err);

#endif
