#ifndef SWARMWARD_DISCOVERY_PRIVATE_H
#define SWARMWARD_DISCOVERY_PRIVATE_H

#include "base/buffer.h"
#include "discovery/discovery.h"
#include "discovery/dns_watch.h"
#include "discovery/own_task.h"
#include "docker/engine.h"
#include "known.h"
#include "net/deadline.h"

/* What the files of this folder share. */

/* Services that may be removed while a list is on its way, before it has to be read again. */
#define GONE_MOST 64

struct discovery {
    /* owned */
    struct arena options_arena;
    struct docker_engine *engine; /* NULL: no API */
    struct dns_watch *dns;
    struct known_service **services;
    size_t service_count;
    size_t service_capacity;
    struct arena network_arena;
    struct known_network *networks; /* in its arena */
    size_t network_count;
    char **own_networks; /* IDs, of this very task */
    size_t own_network_count;
    size_t own_network_capacity;
    struct arena node_arena;
    struct docker_node *nodes; /* in its arena: ID and host name */
    size_t node_count;
    struct swarm *swarm;
    struct deadline tick;     /* the next thing that is due */
    struct deadline view;     /* the view is made again */
    struct deadline retry;    /* DISCOVERY_LOST: the next try */
    struct deadline resync;   /* the next list of all */
    struct deadline patience; /* of discovery_settled(), for DNS */
    struct deadline store;    /* the view goes to disk */
    char engines_why[300];
    char node_id[64];
    /* borrowed */
    struct io *io;
    const struct discovery_handler *handler;
    void *owner;
    struct docker_request *events;
    struct docker_request *lists[LIST_COUNT];
    const char *odd_lists[LIST_COUNT]; /* what cannot be read of it; NULL: nothing */
    bool list_again[LIST_COUNT];       /* something has happened since that one was asked for */
    struct discovery_options options;  /* texts in options_arena */
    struct discovery_facts facts;
    char problem[300];
    char oddity[400];
    char store_problem[300];
    char api_version[16];
    char container[OWN_CONTAINER_BYTES];
    int64_t back_off_ms;
    int64_t live_since_ms;
    int64_t started_ms;
    int64_t event_ms; /* of the oldest event that has not led to a change; 0: none */
    uint64_t list_number;
    uint64_t connection;      /* to the Engine, counted */
    uint64_t gone[GONE_MOST]; /* hashes of IDs: removed since the list on its way was asked for */
    size_t gone_count;        /* may be more: then nobody knows which */
    uint64_t view_hash;
    size_t requests_in_flight;
    int64_t api_tokens_us; /* of the rate of looks at single services */
    int64_t api_refilled_us;
    bool engines_encrypt;
    bool complete;
    bool cannot_help; /* the Engine is no manager, or speaks no version of ours */
    bool api_failed;  /* once: waiting for it is over */
    bool dns_patience_over;
    bool was_settled;
};

/* link.c */
void link_init(struct discovery *discovery);
void link_done(struct discovery *discovery);
void link_connect(struct discovery *discovery);
/* Back to waiting; what is known stays. */
void link_lost(struct discovery *discovery, const char *problem);
bool link_has_lists(const struct discovery *discovery);
/* All tasks were looked at once: the link is live. */
void link_is_complete(struct discovery *discovery);
void link_heard(struct discovery *discovery);
void link_relist(struct discovery *discovery, enum list_kind kind);

/* events.c */
void events_take(struct discovery *discovery, struct text json);
/* The list of services is asked for: what events say from now on is newer. */
void events_list_begins(struct discovery *discovery);
/* Has an event spoken of this service since? Then the list is not to be believed about it. */
bool events_know_better(const struct discovery *discovery, struct text id);

/* follow.c: which service is looked at when */
void follow_tick(struct discovery *discovery);
void follow_soon(struct discovery *discovery); /* something became due */
void follow_hurry(struct known_service *service, int64_t for_ms);
void follow_spec(struct known_service *service);
void follow_cancel(struct discovery *discovery);
/* DNS has given addresses of these networks: from now on it is asked about them. */
void follow_see_networks(const struct known_service *service);
void follow_dns(struct discovery *discovery, const struct dns_answer *answer);
void follow_round(struct discovery *discovery); /* the list of all was read */
bool service_is_followed(const struct known_service *service);
/* The Engine has listed its tasks, and would tell of a change: it is still the same connection. */
bool service_tasks_are_known(const struct known_service *service);

/* table.c */
struct known_service *table_by_id(struct discovery *discovery, struct text id);
struct known_service *table_by_name(struct discovery *discovery, struct text name);
struct known_service *table_add(struct discovery *discovery, struct text id, struct text name);
/* A service as the API lists it; of one that cannot be read what was known stays. */
void table_take_service(struct discovery *discovery, const struct docker_service *from);
/* `whole`: else some could not be read, and those that are missing stay. */
void table_take_tasks(struct known_service *service, const struct docker_task *tasks, size_t count,
                      bool whole);
void table_take_networks(struct discovery *discovery, const struct docker_network *networks,
                         size_t count, bool whole);
/* One of its tasks has this address, as far as is known. */
bool table_has_address(const struct known_service *service, const struct address *address);
/* DNS is about to say this of a service. */
void table_note_departures(struct known_service *service, const struct dns_answer *answer);
/* The API has no such service any more. */
void table_remove(struct known_service *service);
/* Those that the list of this number did not have. */
void table_sweep(struct discovery *discovery);
void table_done(struct discovery *discovery);
const struct known_network *table_network(const struct discovery *discovery, struct text id_or_name,
                                          uint32_t *index_out);
bool table_is_shared(const struct discovery *discovery, const struct known_network *network);

void table_add_own_network(struct discovery *discovery, struct text id);
void table_forget_own_networks(struct discovery *discovery);

/* restore.c */
void restore_swarm(struct discovery *discovery, const struct swarm *stored);

/* discovery.c */
void discovery_touch(struct discovery *discovery); /* the view may have changed */

/* view.c: the view as of now, one reference. */
struct swarm *view_make(struct discovery *discovery);
uint64_t view_hash(const struct swarm *swarm);

#endif
