#ifndef SWARMWARD_CONTROL_MAPPING_H
#define SWARMWARD_CONTROL_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/swarm.h"
#include "label_cache.h"
#include "mapping_file.h"
#include "model/snapshot.h"

/*
 * What is mapped to what, at one moment: the file, the labels of services, and where their tasks
 * are. One service's mistake is its own: it is quarantined, and everything else goes on.
 */

struct mapped_endpoint {
    struct text name;
    struct address address;
    uint64_t identity;
    uint32_t weight;
    bool pooled;
};

struct mapped_service {
    struct text name; /* "portal", "portal_web:8080" */
    bool in_swarm;
    struct service_policy policy;
    uint64_t identity;
    struct mapped_endpoint *endpoints;
    size_t endpoint_count;
    enum service_refusal refusal;
    struct text why; /* of the refusal */
};

struct mapped_route {
    struct text name;
    struct text path;
    size_t service; /* index */
    int64_t priority;
    bool maintenance; /* a label says so, and the file nothing else */
    const struct route_policy *policy;
};

/* What changes on the way, with the service that is asked. */
struct mapped_delivery {
    const struct delivery_settings *settings;
    struct mapped_route auth; /* when settings->auth */
};

/* Names that share routes and, with --dev, a certificate. */
struct mapped_domain {
    struct text *hosts; /* "*.name" for a wildcard */
    size_t host_count;
    struct text certificate;                        /* a name, or "auto" */
    const struct client_auth_settings *client_auth; /* NULL: nobody is asked for one */
    struct source_place place; /* in the file; line 0 when labels alone made it */
    struct mapped_route *routes;
    size_t route_count;
    size_t delivery;                       /* index; 0: that of the defaults */
    const struct domain_settings *written; /* in the file; NULL: labels alone made it */
    int redirect;                          /* enum host_redirect: of the file, else of a label */
};

/* A service whose labels are not, or not all, what is served. */
struct quarantined_service {
    struct text service;
    struct text reason;
    struct text *domains; /* that it claims, as far as they could be read */
    size_t domain_count;
    bool last_good; /* its labels of before are served */
};

struct mapping {
    /* owned */
    struct arena arena;
    struct swarm *swarm; /* NULL: without Docker */
    struct mapped_service *services;
    size_t service_count;
    size_t service_capacity;
    struct mapped_domain *domains;
    size_t domain_count;
    size_t domain_capacity;
    struct mapped_delivery *deliveries;
    size_t delivery_count;
    size_t delivery_capacity;
    struct quarantined_service *quarantined;
    size_t quarantined_count;
    size_t quarantined_capacity;
    struct address_prefix *shared_sources; /* the networks of the routing mesh; in the arena */
    size_t shared_source_count;
};

struct mapping_sources {
    /* borrowed */
    const struct mapping_file *file;
    struct swarm *swarm; /* NULL: without Docker */
    struct label_cache *labels;
    bool makes_certificates; /* --dev */
};

/*
 * Never fails. It borrows policies and names from the file and the cache, but for `quarantined`,
 * which is its own.
 */
struct mapping *mapping_new(const struct mapping_sources *sources);
void mapping_free(struct mapping *mapping); /* NULL is fine */

/* One log line for everything that `now` refuses or quarantines and `before` (or NULL) did not, and
 * for what is over. */
void mapping_log_changes(const struct mapping *before, const struct mapping *now);

#endif
