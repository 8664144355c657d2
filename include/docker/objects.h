#ifndef SWARMWARD_DOCKER_OBJECTS_H
#define SWARMWARD_DOCKER_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "docker/engine_facts.h"
#include "net/address.h"

/*
 * What is kept of the Engine's JSON: the members below and nothing else (environment variables,
 * arguments and mounts never leave the parser). Decoders take the body of an answer; texts land in
 * `arena`. -1: `err` says which member has the wrong shape; a list is then not usable at all. A
 * single object of a list that lacks what it must have is left out and counted in `bad_out`; of a
 * service that cannot be read the ID is kept, if there is one.
 */

/* A service, whatever they are for; with more it cannot be read. Swarm's own bound is the size of a
 * specification, about 1.5 MB. */
#define DOCKER_LABELS_MAX 65536

struct docker_label {
    struct text name;
    struct text value;
};

/* A port that a service publishes. */
struct docker_port {
    uint16_t published; /* 0: chosen by swarm */
    uint16_t target;
    bool host_mode; /* else through the routing mesh */
    bool udp;
};

struct docker_vip {
    struct text network;    /* ID */
    struct address address; /* port 0 */
};

enum docker_update {
    DOCKER_UPDATE_NONE, /* or finished, whatever the end */
    DOCKER_UPDATE_RUNS, /* updating, rollback_started */
    DOCKER_UPDATE_PAUSED,
};

struct docker_service {
    const char *problem; /* static: why it cannot be read, and has an ID and perhaps a name only;
                            NULL: it was read */
    struct text id;
    struct text name;
    uint64_t version;            /* Version.Index: grows with every change */
    int64_t created_us;          /* Unix time */
    struct docker_label *labels; /* of the service: Spec.Labels */
    size_t label_count;
    struct text *networks; /* IDs or names that Spec asks for (TaskTemplate, then Spec.Networks) */
    size_t network_count;
    struct docker_vip *vips;
    size_t vip_count;
    struct docker_port *ports;
    size_t port_count;
    enum docker_update update;
    bool global;          /* else replicated */
    uint64_t replicas;    /* of a replicated one */
    bool dns_round_robin; /* endpoint mode dnsrr: has no VIP */
};

/* In the order of a task's life (moby, api/types/swarm/task.go). */
enum docker_task_state {
    DOCKER_TASK_NEW,
    DOCKER_TASK_ALLOCATED,
    DOCKER_TASK_PENDING,
    DOCKER_TASK_ASSIGNED,
    DOCKER_TASK_ACCEPTED,
    DOCKER_TASK_PREPARING,
    DOCKER_TASK_READY,
    DOCKER_TASK_STARTING,
    DOCKER_TASK_RUNNING,
    DOCKER_TASK_COMPLETE,
    DOCKER_TASK_SHUTDOWN,
    DOCKER_TASK_FAILED,
    DOCKER_TASK_REJECTED,
    DOCKER_TASK_REMOVE,
    DOCKER_TASK_ORPHANED,
    DOCKER_TASK_UNKNOWN, /* a word that is not known here */
};

struct docker_attachment {
    struct text network;    /* ID */
    struct address address; /* port 0 */
};

struct docker_task {
    struct text id;
    struct text service;   /* ID */
    struct text node;      /* ID; empty before it is assigned */
    struct text container; /* ID; empty before it runs */
    uint64_t slot;         /* 0: of a global service */
    enum docker_task_state state;
    enum docker_task_state desired;
    int64_t state_since_us; /* Status.Timestamp, Unix time */
    struct docker_attachment *attachments;
    size_t attachment_count;
};

struct docker_network {
    struct text id;
    struct text name;
    struct text driver;
    bool swarm_scope;
    bool encrypted; /* an overlay with the option `encrypted` that is not "false" */
    bool ingress;
    int64_t mtu;          /* com.docker.network.driver.mtu; 0: not set */
    struct text *subnets; /* "10.0.1.0/24" */
    size_t subnet_count;
};

struct docker_node {
    struct text id;
    struct text hostname;
    struct text engine_version; /* "20.10.24+dfsg1" */
    struct text address;
    bool manager;
    bool leader;
    bool ready;  /* Status.State */
    bool active; /* Spec.Availability: not drained or paused */
};

int docker_services_decode(struct text json, struct arena *arena,
                           struct docker_service **services_out, size_t *count_out, size_t *bad_out,
                           struct err *err);
int docker_tasks_decode(struct text json, struct arena *arena, struct docker_task **tasks_out,
                        size_t *count_out, size_t *bad_out, struct err *err);
int docker_networks_decode(struct text json, struct arena *arena,
                           struct docker_network **networks_out, size_t *count_out, size_t *bad_out,
                           struct err *err);
int docker_nodes_decode(struct text json, struct arena *arena, struct docker_node **nodes_out,
                        size_t *count_out, size_t *bad_out, struct err *err);
/* Between its join and its first report: it has no Engine yet, and cannot run tasks. */
bool docker_node_is_joining(const struct docker_node *node);
/* "running", "shutdown", ... */
const char *docker_task_state_name(enum docker_task_state state);

#endif
