#ifndef SWARMWARD_DISCOVERY_SWARM_H
#define SWARMWARD_DISCOVERY_SWARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/text.h"
#include "docker/objects.h"
#include "net/address.h"

/*
 * The swarm as swarmward sees it at one moment: services, where their tasks can be reached, and
 * which networks are encrypted. Immutable once it is handed out; one arena, counted references.
 */

#define SWARM_NETWORK_UNKNOWN UINT32_MAX /* only DNS knows the address */

/* Whether an address may be used, as the Docker API and DNS together say. */
enum swarm_membership {
    SWARM_STARTING, /* not running, or not in DNS yet */
    SWARM_USABLE,
    SWARM_DRAINING, /* taken away by one of the two: no new requests */
};

struct swarm_address {
    uint32_t network;       /* index into swarm.networks, or SWARM_NETWORK_UNKNOWN */
    struct address address; /* port 0 */
    uint64_t identity;      /* hash of service, task and network ID and address; never 0 */
    enum swarm_membership membership;
    bool confirmed; /* within the lease; else nobody has spoken of it for longer */
};

struct swarm_task {
    struct text id;    /* "" when it is only known from DNS */
    struct text name;  /* "portal_web.2", "portal_web.node1"; the address when only from DNS */
    struct text node;  /* host name, or "" */
    const char *state; /* "running"; as Docker says it, "dns" when only from there */
    struct swarm_address *addresses;
    size_t address_count;
};

struct swarm_vip {
    uint32_t network;
    struct address address;
    uint64_t identity;
};

struct swarm_service {
    struct text id; /* "" when it is only known from DNS */
    struct text name;
    struct text stack;  /* label com.docker.stack.namespace, or "" */
    int64_t created_us; /* Unix time; 0 when only known from DNS */
    uint64_t version;
    struct docker_label *labels; /* those under the prefix, the prefix and its dot cut off */
    size_t label_count;
    uint32_t *networks; /* indices: those that it and swarmward share */
    size_t network_count;
    struct swarm_vip *vips; /* on the shared networks */
    size_t vip_count;
    struct swarm_task *tasks; /* those that are or were running; none that ended long ago */
    size_t task_count;
    bool updating;
    bool seen_in_dns; /* the watch can see its network */
};

struct swarm_network {
    struct text id;
    struct text name;
    bool shared; /* swarmward may use it: docker.networks, else those of its own task */
    bool encrypted;
    bool ingress;
    struct text *subnets;
    size_t subnet_count;
};

struct swarm {
    /* owned */
    struct arena arena;
    struct string_map by_name;      /* -> index into services */
    struct swarm_service *services; /* by name; with labels, or asked for by name */
    size_t service_count;
    struct swarm_network *networks;
    size_t network_count;
    int references;
    uint64_t number; /* grows with each one */
    bool complete;   /* all lists were read once since the start; else from disk, or DNS alone */
    bool stale;      /* neither API nor DNS has confirmed it within the lease */
    bool engines_encrypt;    /* every node's Engine may be trusted with `encrypted` */
    struct text engines_why; /* which node may not; "" else */
};

struct swarm *swarm_ref(struct swarm *swarm);
void swarm_unref(struct swarm *swarm); /* NULL is fine */

/* NULL: no such service. */
const struct swarm_service *swarm_find(const struct swarm *swarm, struct text name);

#endif
