#ifndef SWARMWARD_MODEL_SNAPSHOT_H
#define SWARMWARD_MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/text.h"
#include "model/client_auth.h"
#include "model/service_refusal.h"
#include "model/settings.h"
#include "model/snapshot_delivery.h"
#include "model/snapshot_policy.h"
#include "model/snapshot_tls.h"
#include "net/address.h"

/*
 * Everything that a worker needs to serve, immutable, with a generation number. Built by control,
 * sent as a sealed memfd, decoded by each worker; texts and certificate chains are views into the
 * mapping, so they are in memory once for all processes. Private keys are never in it (keyring.h).
 */

#define SNAPSHOT_NONE      UINT32_MAX
#define SNAPSHOT_BYTES_MAX ((size_t)512 * 1024 * 1024)

struct snapshot_endpoint {
    struct text name; /* as shown: "127.0.0.1:3000", later the task's name */
    struct address address;
    bool pooled;       /* false: others answer behind the address; a connection is used once */
    uint64_t identity; /* who it is, not where: hash of service, task, network, address */
    uint32_t slot;     /* its place on the board, stable for its identity */
    uint32_t weight;
};

struct snapshot_service {
    struct text name;
    const struct service_policy *policy; /* shared by services that have an equal one */
    struct snapshot_endpoint *endpoints;
    uint32_t endpoint_count;
    enum service_refusal refusal : 8;
    bool in_swarm;   /* its name is that of a service in Swarm, with the port behind a colon */
    struct text why; /* of the refusal, for `explain` and the log; "" */
};

struct snapshot_route {
    struct text name;
    struct text path;
    uint32_t service; /* index */
    int32_t priority;
    bool maintenance;                  /* by a label; the domain then has a policy */
    const struct route_policy *policy; /* shared by routes that have an equal one */
};

struct snapshot_domain {
    struct text name; /* without "*." */
    bool wildcard;
    uint16_t delivery;                     /* index; those beyond the last change nothing */
    uint32_t certificates[KEY_KIND_COUNT]; /* index or SNAPSHOT_NONE */
    uint32_t first_route;                  /* in the order of snapshot_sort_routes() */
    uint32_t route_count;
    uint32_t slot; /* its counters on the board; SNAPSHOT_NONE: only counted with all */
    struct snapshot_client_auth client_auth;
    const struct snapshot_domain_policy *policy; /* NULL: every request may pass */
};

struct snapshot {
    /* owned */
    struct arena arena;
    void *mapping; /* NULL when built here, not decoded */
    size_t mapping_bytes;
    struct string_map exact;    /* domain name -> index */
    struct string_map wildcard; /* the part behind "*." -> index */
    uint64_t generation;
    int references;
    struct listener_settings listeners;
    struct tls_settings tls;
    struct header_settings headers;
    struct limit_settings limits;
    struct log_settings log;
    struct shutdown_settings shutdown;
    struct snapshot_backend_tls backend_tls;
    uint32_t fallback_certificates[KEY_KIND_COUNT]; /* for an unknown SNI; SNAPSHOT_NONE = reject */
    struct snapshot_certificate *certificates;
    uint32_t certificate_count;
    struct snapshot_client_ca *client_cas;
    uint32_t client_ca_count;
    struct snapshot_service *services;
    uint32_t service_count;
    struct snapshot_route *routes;
    uint32_t route_count;
    struct snapshot_domain *domains;
    uint32_t domain_count;
    struct snapshot_deliveries deliveries;
    struct snapshot_policies policies;
    /* where many clients come from one address: the routing mesh, so it has no limit of its own */
    struct address_prefix *shared_sources;
    uint32_t shared_source_count;
};

/*
 * Empty, with one reference. The builder allocates its arrays in the arena (texts, chains and
 * policies may be borrowed from elsewhere until the snapshot is gone), then indexes.
 */
struct snapshot *snapshot_new(void);
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL is fine */

/* Longest path first, between equals the higher priority: the first that matches is the one. */
void snapshot_sort_routes(struct snapshot_route *routes, size_t count);

/* Fill the name maps. -1: a name twice. */
int snapshot_index(struct snapshot *snapshot, struct err *err);

/* The domain of a host name (lower case, no port): exact, then wildcard. NULL: none. */
const struct snapshot_domain *snapshot_find_domain(const struct snapshot *snapshot,
                                                   struct text host);
/* The route of a domain: longest prefix on segment borders, priority between equals. `path` is what
 * http_path_normalise() made of it: no query, no dot segments. NULL: none. */
const struct snapshot_route *snapshot_find_route(const struct snapshot *snapshot,
                                                 const struct snapshot_domain *domain,
                                                 struct text path);

/* The name that certificates of a service with TLS must have, unless backend_tls.server_name says
 * another one for all; "" = the address of each endpoint. */
struct text snapshot_service_host(const struct snapshot_service *service);

/* To bytes and back, into an empty snapshot whose texts then are views of `bytes`. Decoding checks
 * every index and bound again, and indexes. */
void snapshot_encode(const struct snapshot *snapshot, struct buffer *out);
int snapshot_decode(struct snapshot *snapshot, struct text bytes, struct err *err);

/* A sealed memfd with the encoded snapshot; and the snapshot in one, which is mapped while it
 * lives. `fd` is borrowed; one that could still change is refused. */
int snapshot_to_fd(const struct snapshot *snapshot, struct err *err);
struct snapshot *snapshot_from_fd(int fd, struct err *err);

#endif
