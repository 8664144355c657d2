/*
 * Following a swarm: owns all that is known, makes the view of it, and says when that is another
 * one. link.c talks to the Engine, follow.c to services and DNS, membership.c has the rule.
 */

#include "discovery/discovery.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "discovery_private.h"
#include "nodes.h"
#include "stored_table.h"

/* Changes of one moment are one change. */
#define VIEW_MS 20
/* Time alone changes things, too: leases end, tasks settle. */
#define VIEW_AGAIN_MS 2000
/* How long a start waits for DNS. */
#define DNS_PATIENCE_MS 2000
/* A lag of more than this was not the event's. */
#define LAG_MOST_MS 10000
#define STORE_MS    5000

void discovery_touch(struct discovery *discovery)
{
    int64_t soon_ms = io_now_ms(discovery->io) + VIEW_MS;

    if (!discovery->view.at_ms || discovery->view.at_ms > soon_ms)
        deadline_set(&discovery->view, soon_ms);
}

static void store(struct discovery *discovery)
{
    struct err err;
    char *path;

    if (!discovery->options.table_path.len || !discovery->complete || !discovery->swarm->complete)
        return;
    path = text_to_heap(discovery->options.table_path);
    discovery->store_problem[0] = '\0';
    if (stored_table_write(path, discovery->swarm, &err) < 0)
        text_to_buffer(text_of(err.text), discovery->store_problem,
                       sizeof(discovery->store_problem));
    free(path);
}

static void on_store(void *owner)
{
    store(owner);
}

static void note_lag(struct discovery *discovery)
{
    int64_t lag_ms = io_now_ms(discovery->io) - discovery->event_ms;

    if (discovery->event_ms && lag_ms < LAG_MOST_MS)
        discovery->facts.last_lag_ms = lag_ms;
    discovery->event_ms = 0;
}

static void on_view(void *owner)
{
    struct discovery *discovery = owner;
    struct swarm *swarm = view_make(discovery);
    uint64_t hash = view_hash(swarm);
    bool settled = discovery_settled(discovery);
    bool changed = hash != discovery->view_hash;

    deadline_set(&discovery->view, io_now_ms(discovery->io) + VIEW_AGAIN_MS);
    if (!changed) {
        swarm_unref(swarm);
    } else {
        swarm->number = discovery->swarm->number + 1;
        swarm_unref(discovery->swarm);
        discovery->swarm = swarm;
        discovery->view_hash = hash;
        if (!discovery->store.at_ms)
            deadline_set(&discovery->store, io_now_ms(discovery->io) + STORE_MS);
    }
    if (!changed && settled == discovery->was_settled)
        return;
    discovery->was_settled = settled;
    discovery->facts.changes += changed;
    note_lag(discovery);
    discovery->handler->on_changed(discovery->owner); /* may free it all */
}

static void on_tick(void *owner)
{
    follow_tick(owner);
}

static void on_patience(void *owner)
{
    struct discovery *discovery = owner;

    discovery->dns_patience_over = true;
    discovery_touch(discovery);
}

static void on_dns(void *owner, const struct dns_answer *answer)
{
    follow_dns(owner, answer);
}

/* --- options -------------------------------------------------------------------------------------
 */

static void copy_options(struct discovery *discovery, const struct discovery_options *from)
{
    struct arena *arena = &discovery->options_arena;
    struct discovery_options *to = &discovery->options;
    struct text *networks = arena_new(arena, from->network_count + 1, sizeof(*networks));

    *to = *from;
    to->endpoint = arena_text(arena, from->endpoint);
    to->ca = arena_text(arena, from->ca);
    to->cert = arena_text(arena, from->cert);
    to->key = arena_text(arena, from->key);
    to->label_prefix = arena_text(arena, from->label_prefix);
    to->dns_server = arena_text(arena, from->dns_server);
    to->table_path = arena_text(arena, from->table_path);
    for (size_t i = 0; i < from->network_count; i++)
        networks[i] = arena_text(arena, from->networks[i]);
    to->networks = networks;
}

static int open_sources(struct discovery *discovery, struct err *err)
{
    const struct discovery_options *options = &discovery->options;
    struct docker_target target = {
        .endpoint = options->endpoint,
        .ca = options->ca,
        .cert = options->cert,
        .key = options->key,
    };
    struct dns_watch_options dns = {
        .server = options->dns_server,
        .interval_ms = options->dns_interval_ms,
    };

    if (options->endpoint.len &&
        docker_engine_new(discovery->io, &target, &discovery->engine, err) < 0)
        return -1;
    return dns_watch_new(discovery->io, &dns, on_dns, discovery, &discovery->dns, err);
}

/* A table that cannot be read is as good as none: it only matters while no manager answers. */
static void read_table(struct discovery *discovery)
{
    struct swarm *stored;
    struct err err;
    bool missing;
    char *path;

    if (!discovery->options.table_path.len)
        return;
    path = text_to_heap(discovery->options.table_path);
    stored = stored_table_read(path, &missing, &err);
    if (stored)
        restore_swarm(discovery, stored);
    if (!missing)
        text_to_buffer(text_of(err.text), discovery->store_problem,
                       sizeof(discovery->store_problem));
    swarm_unref(stored);
    free(path);
}

static void start(struct discovery *discovery)
{
    own_container_id("/proc/self/mountinfo", discovery->container);
    nodes_init(discovery);
    read_table(discovery);
    discovery->swarm = view_make(discovery);
    discovery->view_hash = view_hash(discovery->swarm);
    deadline_set(&discovery->patience, discovery->started_ms + DNS_PATIENCE_MS);
    if (discovery->engine)
        link_connect(discovery);
    follow_soon(discovery);
    discovery_touch(discovery);
}

// NOLINTNEXTLINE(readability-function-size): one output more than the house likes
int discovery_new(struct io *io, const struct discovery_options *options,
                  const struct discovery_handler *handler, void *owner,
                  struct discovery **discovery_out, struct err *err)
{
    struct discovery *discovery = memory_new(sizeof(*discovery));

    discovery->io = io;
    discovery->handler = handler;
    discovery->owner = owner;
    discovery->started_ms = io_now_ms(io);
    copy_options(discovery, options);
    deadline_init(&discovery->tick, io, on_tick, discovery);
    deadline_init(&discovery->view, io, on_view, discovery);
    deadline_init(&discovery->patience, io, on_patience, discovery);
    deadline_init(&discovery->store, io, on_store, discovery);
    link_init(discovery);
    if (open_sources(discovery, err) < 0) {
        discovery_free(discovery);
        return -1;
    }
    start(discovery);
    *discovery_out = discovery;
    return 0;
}

static void release(void *memory)
{
    struct discovery *discovery = memory;

    swarm_unref(discovery->swarm);
    arena_done(&discovery->options_arena);
    free(discovery);
}

void discovery_free(struct discovery *discovery)
{
    if (!discovery)
        return;
    if (discovery->store.at_ms)
        store(discovery);
    link_done(discovery);
    table_done(discovery);
    dns_watch_free(discovery->dns);
    deadline_done(&discovery->tick);
    deadline_done(&discovery->view);
    deadline_done(&discovery->patience);
    deadline_done(&discovery->store);
    /* perhaps from inside on_changed() */
    io_free_later(discovery->io, discovery, release);
}

/* --- questions -----------------------------------------------------------------------------------
 */

/* Those whose name was wanted, and nobody else has ever said. */
static void forget_names(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count;) {
        struct known_service *service = discovery->services[i];

        if (service->id[0] || service->wanted)
            i++;
        else
            table_remove(service); /* another one takes its place */
    }
}

void discovery_want(struct discovery *discovery, const struct text *names, size_t count)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        discovery->services[i]->wanted = false;
    for (size_t i = 0; i < count; i++) {
        struct known_service *service = table_by_name(discovery, names[i]);
        bool is_new = !service || !service_is_followed(service);

        if (!service)
            service = table_add(discovery, TEXT_NONE, names[i]);
        service->wanted = true;
        if (is_new && service->id[0]) {
            follow_spec(service); /* of those that nobody asked for nothing was kept */
            follow_hurry(service, 3000);
        }
    }
    forget_names(discovery);
    follow_soon(discovery);
    discovery_touch(discovery);
}

struct swarm *discovery_swarm(const struct discovery *discovery)
{
    return discovery->swarm;
}

static bool dns_has_answered(const struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++) {
        const struct known_service *service = discovery->services[i];

        if (service->watched && !service->dns_answered)
            return false;
    }
    return true;
}

static bool api_has_answered(const struct discovery *discovery)
{
    if (!discovery->engine || discovery->api_failed)
        return true;
    if (discovery->facts.link != DISCOVERY_LIVE)
        return false;
    for (size_t i = 0; i < discovery->service_count; i++) {
        const struct known_service *service = discovery->services[i];

        if (service->id[0] && service_is_followed(service) && !service->tasks_at_ms)
            return false;
    }
    return true;
}

bool discovery_settled(const struct discovery *discovery)
{
    return api_has_answered(discovery) &&
           (discovery->dns_patience_over || dns_has_answered(discovery));
}

static const char *problem_of(const struct discovery *discovery)
{
    if (discovery->problem[0])
        return discovery->problem;
    return discovery->oddity[0] ? discovery->oddity : discovery->store_problem;
}

void discovery_get_facts(const struct discovery *discovery, struct discovery_facts *facts_out)
{
    *facts_out = discovery->facts;
    facts_out->problem = problem_of(discovery);
    facts_out->api_version = discovery->api_version;
    facts_out->dns_queries = dns_watch_queries(discovery->dns);
    if (discovery->engine) {
        facts_out->api_requests = docker_engine_requests(discovery->engine);
        facts_out->api_bytes = docker_engine_bytes(discovery->engine);
    }
    facts_out->services_seen = discovery->service_count;
    facts_out->services_followed = 0;
    for (size_t i = 0; i < discovery->service_count; i++)
        facts_out->services_followed += service_is_followed(discovery->services[i]);
}
