#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "discovery/discovery.h"
#include "docker/engine.h"

/*
 * A clock that stands until it is told to go on, an Engine with the swarm that a test gave it, and
 * a DNS that says what a test says: at link time they take the place of net/io.h, net/deadline.h,
 * docker/engine.h and discovery/dns_watch.h. One world a test.
 */

/* A world with one node, the network "edge" (10.1.0.0/24), and no service; discovery has begun. */
struct discovery *world_new(void);
void world_done(struct discovery *discovery);

/* The clock goes on, and what is due meanwhile happens; the Engine answers in the next turn. */
void world_run(int64_t ms);

enum world_fault {
    WORLD_FINE,
    WORLD_UNREACHABLE,
    WORLD_STATUS_500,
    WORLD_GARBAGE,
};

void world_fault(enum docker_call call, enum world_fault fault);
/* The answer to each such call from now on; NULL: the truth again. */
void world_say(enum docker_call call, const char *body);
/* Held calls are answered when they are let go, with what was true when they were asked. */
void world_hold(enum docker_call call, bool held);

/* What the Engine knows. No event is sent by itself. */
void world_put_service(const char *id, const char *name, int version, bool labelled);
void world_drop_service(const char *id);
/* State and desired state as Docker calls them. */
struct world_task {
    const char *id;
    const char *service;
    const char *state;
    const char *desired;
    const char *address; /* NULL: it has none yet */
    const char *since;   /* RFC 3339; NULL: the same for all */
};
void world_put_task(struct world_task task);
void world_drop_task(const char *id);

void world_event(const char *type, const char *action, const char *id);
void world_cut_events(void);

enum world_dns {
    WORLD_DNS_HAS,
    WORLD_DNS_NOTHING,
    WORLD_DNS_FAILS,
};

/* DNS answers for a name; of WORLD_DNS_HAS with up to two addresses. */
void world_dns(const char *name, enum world_dns what, const char *first, const char *second);
bool world_dns_asks_for(const char *name);

size_t world_count(enum docker_call call);  /* requests since the beginning */
size_t world_looks(const char *service_id); /* at its tasks */
size_t world_changes(void);                 /* on_changed() calls */

#endif
