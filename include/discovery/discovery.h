#ifndef SWARMWARD_DISCOVERY_DISCOVERY_H
#define SWARMWARD_DISCOVERY_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "discovery/swarm.h"
#include "net/io.h"

/*
 * Follows a swarm: the Docker API (events first, then lists) and the DNS records
 * `tasks.SERVICE`. Never forgets a route because a source fell silent; see docs/discovery.md.
 */
struct discovery;

/* Plain data; texts are copied. As in the section `docker` of the mapping file. */
struct discovery_options {
    struct text endpoint; /* "" = no API, DNS alone */
    struct text ca;
    struct text cert;
    struct text key;
    const struct text *networks; /* names; none = those of swarmward's own task */
    size_t network_count;
    struct text label_prefix; /* "swarmward" */
    struct text dns_server;   /* "address:port"; "" = the system's */
    struct text table_path;   /* docker.snapshot; "" = keep nothing on disk */
    int64_t dns_interval_ms;
    int64_t resync_interval_ms;
    int64_t lease_ms;
};

struct discovery_handler {
    /* The swarm changed in a way that may matter to routes. From the loop; not more often than the
     * swarm changes; several changes of one moment are one call. */
    void (*on_changed)(void *owner);
};

/* Starts at once; reads the table on disk before it returns. -1: `err`: an option is unusable. */
int discovery_new(struct io *io, const struct discovery_options *options,
                  const struct discovery_handler *handler, void *owner,
                  struct discovery **discovery_out, struct err *err);
void discovery_free(struct discovery *discovery); /* NULL is fine */

/*
 * The services that the mapping file names: they are followed whatever their labels. Replaces the
 * list that was given before; texts are copied.
 */
void discovery_want(struct discovery *discovery, const struct text *names, size_t count);

/* Borrowed until the next on_changed(); take a reference to keep it. Never NULL. */
struct swarm *discovery_swarm(const struct discovery *discovery);

/* True once waiting longer would not make the view better: every list was read and DNS answered for
 * all, or a source failed. on_changed() comes when it becomes true. */
bool discovery_settled(const struct discovery *discovery);

enum discovery_link {
    DISCOVERY_OFF, /* docker.endpoint is "" */
    DISCOVERY_CONNECTING,
    DISCOVERY_LISTING, /* the event stream is open */
    DISCOVERY_LIVE,
    DISCOVERY_LOST, /* waiting before the next try */
};

/* For status, metrics and doctor. */
struct discovery_facts {
    enum discovery_link link;
    const char *problem;     /* why the API is not live, or "" */
    const char *api_version; /* "" before it is negotiated */
    uint64_t api_requests;
    uint64_t api_errors;
    uint64_t api_reconnects;
    uint64_t api_bytes;
    uint64_t events;
    uint64_t dns_queries;
    uint64_t dns_errors;
    uint64_t changes;     /* on_changed() calls */
    int64_t last_live_ms; /* monotonic, of the last word of the API; 0: never */
    int64_t last_dns_ms;  /* the same of DNS */
    int64_t last_lag_ms;  /* from the event to on_changed(), of the last change that had one */
    size_t services_seen; /* on the swarm, with and without labels */
    size_t services_followed;
};

void discovery_get_facts(const struct discovery *discovery, struct discovery_facts *facts_out);

#endif
