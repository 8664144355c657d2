#ifndef SWARMWARD_DISCOVERY_KNOWN_H
#define SWARMWARD_DISCOVERY_KNOWN_H

#include "base/arena.h"
#include "docker/engine.h"
#include "docker/objects.h"

struct discovery;

/* What is known of the swarm, as it was said last. */

struct known_task {
    struct docker_task task;  /* in its service's arena */
    int64_t running_since_ms; /* when it was first seen running; 0: never */
    int64_t listed_ms;        /* when a list had it last; 0: none since the start */
    bool by_dns;   /* DNS gave its address first: it keeps the identity that it was served by */
    bool left_dns; /* while the Engine was away: the address may be another task's now */
};

/* A service of the swarm. Those that nobody asks for are an ID and a name. */
struct known_service {
    /* owned */
    char *id;   /* "": only its name is known */
    char *name; /* "": only its ID is known */
    struct arena spec;
    struct arena task_arena;
    struct address *dns; /* heap: the last answer that was believed */
    /* borrowed */
    struct discovery *discovery;
    const char *odd_spec;                 /* why it cannot be read; NULL: it can */
    const char *odd_tasks;                /* the same of its tasks */
    struct docker_request *spec_request;  /* NULL: none is under way */
    struct docker_request *tasks_request; /* the same */
    struct docker_service service;        /* in `spec` */
    struct known_task *tasks;             /* in `task_arena` */
    size_t task_count;
    size_t dns_count;
    bool listed;   /* the API knows it */
    bool enabled;  /* by label */
    bool wanted;   /* by name */
    bool watched;  /* DNS is asked for it */
    bool dns_seen; /* DNS has known an address of it */
    bool dns_doubted;
    bool unplaced;        /* a task of it has no address yet */
    bool from_disk;       /* no source has spoken of it since the start */
    bool spoken_of;       /* by an event since the list on its way was asked for */
    uint64_t list_number; /* of the last list that had it */
    uint64_t looked_in;   /* the connection in which its tasks were last listed; 0: none */
    int64_t tasks_at_ms;  /* when the API last listed its tasks; 0: never */
    int64_t tasks_due_ms; /* 0: not due */
    int64_t spec_at_ms;
    int64_t spec_due_ms;   /* 0: not due */
    int64_t spec_pause_ms; /* between two looks: grows while it keeps changing */
    int64_t hot_until_ms;
    int64_t hot_since_ms;  /* 0: it is not hot */
    int64_t dns_at_ms;     /* last answer that was believed; 0: never */
    int64_t dns_silent_ms; /* since when DNS says "nothing"; 0: it does not */
    bool dns_answered;     /* anything at all, failures too */
    unsigned quiet_rounds; /* resyncs without a look at its tasks */
};

struct known_network {
    struct docker_network network; /* in the arena of the list */
    bool dns_seen;                 /* DNS has given an address of it */
};

enum list_kind {
    LIST_INFO,
    LIST_NODES,
    LIST_NETWORKS,
    LIST_SERVICES,
    LIST_OWN_TASK,
    LIST_COUNT,
};

#endif
