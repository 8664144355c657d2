/*
 * The connection to the Docker API: negotiate, subscribe, then list, and all of it again whenever
 * something breaks. What was known stays known. Called by discovery.c; what a list says goes to
 * table.c.
 */

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "discovery_private.h"
#include "nodes.h"
#include "oddities.h"

#define BACK_OFF_LEAST_MS 250
#define BACK_OFF_MOST_MS  15000
/* A link that lived for shorter than this was no link: trying goes on as slowly as before. */
#define PROVEN_MS 10000

static const char event_filters[] =
    "{\"type\":[\"service\",\"node\",\"network\"],\"scope\":[\"swarm\"]}";

static void enter(struct discovery *discovery, enum discovery_link next)
{
    discovery->facts.link = next;
    discovery_touch(discovery);
}

bool link_has_lists(const struct discovery *discovery)
{
    if (discovery->facts.link == DISCOVERY_LIVE)
        return true;
    if (discovery->facts.link != DISCOVERY_LISTING)
        return false;
    for (int i = 0; i < LIST_COUNT; i++)
        if (discovery->lists[i])
            return false;
    return true;
}

void link_heard(struct discovery *discovery)
{
    discovery->facts.last_live_ms = io_now_ms(discovery->io);
    if (discovery->facts.link == DISCOVERY_LIVE)
        discovery->problem[0] = '\0';
}

void link_is_complete(struct discovery *discovery)
{
    if (discovery->facts.link != DISCOVERY_LISTING)
        return;
    discovery->problem[0] = '\0';
    discovery->complete = true;
    discovery->live_since_ms = io_now_ms(discovery->io);
    link_heard(discovery);
    enter(discovery, DISCOVERY_LIVE);
    deadline_set(&discovery->resync,
                 io_now_ms(discovery->io) + discovery->options.resync_interval_ms);
}

static void cancel_all(struct discovery *discovery)
{
    docker_cancel(discovery->events);
    discovery->events = NULL;
    for (int i = 0; i < LIST_COUNT; i++) {
        docker_cancel(discovery->lists[i]);
        discovery->lists[i] = NULL;
        discovery->list_again[i] = false;
    }
    follow_cancel(discovery);
}

/* Half of the pause is chance, so that replicas do not come back all at once. */
static void wait_before_next(struct discovery *discovery, int64_t pause_ms)
{
    int64_t chance_ms = (int64_t)random_below((uint64_t)pause_ms / 2 + 1);

    deadline_set(&discovery->retry, io_now_ms(discovery->io) + pause_ms / 2 + chance_ms);
}

/* Each connection lists everything: one that is cut again and again must not do so four times a
 * second. */
static int64_t next_back_off_ms(const struct discovery *discovery)
{
    int64_t lived_ms = io_now_ms(discovery->io) - discovery->live_since_ms;

    if (discovery->cannot_help)
        return BACK_OFF_MOST_MS;
    if (!discovery->back_off_ms ||
        (discovery->facts.link == DISCOVERY_LIVE && lived_ms >= PROVEN_MS))
        return BACK_OFF_LEAST_MS;
    return discovery->back_off_ms * 2 < BACK_OFF_MOST_MS ? discovery->back_off_ms * 2
                                                         : BACK_OFF_MOST_MS;
}

void link_lost(struct discovery *discovery, const char *problem)
{
    if (discovery->facts.link == DISCOVERY_LOST)
        return;
    if (problem != discovery->problem)
        text_to_buffer(text_of(problem), discovery->problem, sizeof(discovery->problem));
    cancel_all(discovery);
    deadline_clear(&discovery->resync);
    discovery->facts.api_reconnects++;
    discovery->api_failed = true;
    discovery->back_off_ms = next_back_off_ms(discovery);
    discovery->cannot_help = false;
    wait_before_next(discovery, discovery->back_off_ms);
    enter(discovery, DISCOVERY_LOST);
}

/* --- lists ---------------------------------------------------------------------------------------
 */

static int take_info(struct discovery *discovery, struct text body, struct arena *arena,
                     struct err *err)
{
    struct docker_info info;

    if (docker_info_decode(body, arena, &info, err) < 0)
        return -1;
    text_to_buffer(info.node_id, discovery->node_id, sizeof(discovery->node_id));
    if (info.manager)
        return 0;
    discovery->cannot_help = true;
    if (text_equal(info.swarm_state, TEXT("active")))
        return err_set(err, "this Engine is no manager: services are listed by managers only; "
                            "until then tasks are found by DNS, and labels are not read");
    return err_set(err,
                   "this Engine is in no swarm (its state: %.*s); run docker swarm init, or "
                   "unlock it",
                   TEXT_ARGS(info.swarm_state));
}

static const char *oddity_of(size_t bad)
{
    return bad ? "one of the list cannot be read" : NULL;
}

static int take_nodes(struct discovery *discovery, struct text body, struct arena *arena,
                      struct err *err)
{
    struct docker_node *nodes;
    const char *oddity;
    size_t count;
    size_t bad;

    if (docker_nodes_decode(body, arena, &nodes, &count, &bad, err) < 0)
        return -1;
    oddity = count + bad ? oddity_of(bad) : "the list is empty";
    nodes_take(discovery, nodes, count, !oddity);
    odd_list(discovery, LIST_NODES, oddity);
    return 0;
}

static bool uses_networks(const struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++)
        if (discovery->services[i]->service.network_count)
            return true;
    return false;
}

static int take_networks(struct discovery *discovery, struct text body, struct arena *arena,
                         struct err *err)
{
    struct docker_network *networks;
    const char *oddity;
    size_t count;
    size_t bad;

    if (docker_networks_decode(body, arena, &networks, &count, &bad, err) < 0)
        return -1;
    oddity = oddity_of(bad);
    if (count + bad == 0 && uses_networks(discovery))
        oddity = "the list is empty, and services are attached to networks";
    table_take_networks(discovery, networks, count, !oddity);
    odd_list(discovery, LIST_NETWORKS, oddity);
    return 0;
}

static int take_services(struct discovery *discovery, struct text body, struct arena *arena,
                         struct err *err)
{
    struct docker_service *services;
    size_t count;
    size_t bad;

    if (docker_services_decode(body, arena, &services, &count, &bad, err) < 0)
        return -1;
    discovery->list_number++;
    for (size_t i = 0; i < count; i++)
        if (!events_know_better(discovery, services[i].id))
            table_take_service(discovery, &services[i]);
    if (bad == 0) /* else it may be one of those that do not even have an ID */
        table_sweep(discovery);
    odd_list(discovery, LIST_SERVICES, oddity_of(bad));
    follow_round(discovery);
    if (discovery->gone_count > GONE_MOST)
        link_relist(discovery, LIST_SERVICES);
    return 0;
}

/* The networks of the task that this process runs in. */
static int take_own_task(struct discovery *discovery, struct text body, struct arena *arena,
                         struct err *err)
{
    struct docker_task *tasks;
    size_t count;
    size_t bad;

    if (docker_tasks_decode(body, arena, &tasks, &count, &bad, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(tasks[i].container, text_of(discovery->container)))
            continue;
        table_forget_own_networks(discovery);
        for (size_t j = 0; j < tasks[i].attachment_count; j++)
            table_add_own_network(discovery, tasks[i].attachments[j].network);
        discovery_touch(discovery);
    }
    return 0;
}

static const struct {
    enum docker_call call;
    int (*take)(struct discovery *discovery, struct text body, struct arena *arena,
                struct err *err);
} lists[LIST_COUNT] = {
    [LIST_INFO] = { DOCKER_INFO, take_info },
    [LIST_NODES] = { DOCKER_NODES, take_nodes },
    [LIST_NETWORKS] = { DOCKER_NETWORKS, take_networks },
    [LIST_SERVICES] = { DOCKER_SERVICES, take_services },
    [LIST_OWN_TASK] = { DOCKER_TASKS, take_own_task },
};

static void ask_list(struct discovery *discovery, enum list_kind kind);

static void on_list(struct discovery *discovery, enum list_kind kind,
                    const struct docker_answer *answer)
{
    struct arena arena = { 0 };
    struct err err;
    int status = -1;

    discovery->lists[kind] = NULL;
    if (answer->outcome != DOCKER_OK)
        err_set(&err, "%s", answer->reason);
    else
        status = lists[kind].take(discovery, answer->body, &arena, &err);
    arena_done(&arena);
    if (status < 0) {
        discovery->facts.api_errors++;
        link_lost(discovery, err.text);
        return;
    }
    link_heard(discovery);
    if (kind == LIST_INFO && discovery->container[0] && !discovery->options.network_count)
        ask_list(discovery, LIST_OWN_TASK);
    if (discovery->list_again[kind])
        ask_list(discovery, kind);
    follow_soon(discovery);
}

#define LIST_HANDLER(name, kind)                                                                   \
    static void name(void *owner, const struct docker_answer *answer)                              \
    {                                                                                              \
        on_list(owner, kind, answer);                                                              \
    }

LIST_HANDLER(on_info, LIST_INFO)
LIST_HANDLER(on_nodes, LIST_NODES)
LIST_HANDLER(on_networks, LIST_NETWORKS)
LIST_HANDLER(on_services, LIST_SERVICES)
LIST_HANDLER(on_own_task, LIST_OWN_TASK)

static const struct docker_handler list_handlers[LIST_COUNT] = {
    [LIST_INFO] = { .on_answer = on_info },         [LIST_NODES] = { .on_answer = on_nodes },
    [LIST_NETWORKS] = { .on_answer = on_networks }, [LIST_SERVICES] = { .on_answer = on_services },
    [LIST_OWN_TASK] = { .on_answer = on_own_task },
};

static void ask_list(struct discovery *discovery, enum list_kind kind)
{
    struct buffer filters = { 0 };

    if (discovery->lists[kind] ||
        (discovery->facts.link != DISCOVERY_LISTING && discovery->facts.link != DISCOVERY_LIVE))
        return;
    if (kind == LIST_OWN_TASK) {
        buffer_format(&filters, "{\"node\":[");
        buffer_append_json(&filters, text_of(discovery->node_id));
        buffer_format(&filters, "],\"desired-state\":[\"running\"]}");
    }
    discovery->list_again[kind] = false;
    if (kind == LIST_SERVICES)
        events_list_begins(discovery);
    discovery->lists[kind] = docker_get(discovery->engine, lists[kind].call, buffer_text(&filters),
                                        &list_handlers[kind], discovery);
    buffer_done(&filters);
}

void link_relist(struct discovery *discovery, enum list_kind kind)
{
    if (discovery->lists[kind]) /* it may be older than what has happened */
        discovery->list_again[kind] = true;
    else
        ask_list(discovery, kind);
}

static void list_all(struct discovery *discovery)
{
    ask_list(discovery, LIST_INFO);
    ask_list(discovery, LIST_NODES);
    ask_list(discovery, LIST_NETWORKS);
    ask_list(discovery, LIST_SERVICES);
}

static void on_resync(void *owner)
{
    struct discovery *discovery = owner;

    list_all(discovery);
    deadline_set(&discovery->resync,
                 io_now_ms(discovery->io) + discovery->options.resync_interval_ms);
}

/* --- connecting ----------------------------------------------------------------------------------
 */

static void on_events_end(void *owner, const struct docker_answer *answer)
{
    struct discovery *discovery = owner;

    discovery->events = NULL;
    discovery->facts.api_errors++;
    link_lost(discovery, answer->reason[0] ? answer->reason : "/events: the stream has ended");
}

static void on_events_open(void *owner)
{
    struct discovery *discovery = owner;

    enter(discovery, DISCOVERY_LISTING);
    list_all(discovery);
}

static void on_event(void *owner, struct text json)
{
    events_take(owner, json);
}

static const struct docker_handler events_handler = {
    .on_answer = on_events_end,
    .on_open = on_events_open,
    .on_event = on_event,
};

static void on_version(void *owner, const struct docker_answer *answer)
{
    struct discovery *discovery = owner;
    struct err err;

    discovery->lists[LIST_INFO] = NULL;
    if (answer->outcome != DOCKER_OK) {
        discovery->facts.api_errors++;
        link_lost(discovery, answer->reason);
        return;
    }
    if (docker_engine_negotiate(discovery->engine, answer->body, &err) < 0) {
        discovery->facts.api_errors++;
        discovery->cannot_help = true;
        link_lost(discovery, err.text);
        return;
    }
    text_to_buffer(docker_engine_api_version(discovery->engine), discovery->api_version,
                   sizeof(discovery->api_version));
    link_heard(discovery);
    discovery->events = docker_get(discovery->engine, DOCKER_EVENTS, text_of(event_filters),
                                   &events_handler, discovery);
    /* an Engine that takes the question and says nothing is as good as gone */
    deadline_set(&discovery->retry, io_now_ms(discovery->io) + BACK_OFF_MOST_MS);
}

static const struct docker_handler version_handler = { .on_answer = on_version };

void link_connect(struct discovery *discovery)
{
    enter(discovery, DISCOVERY_CONNECTING);
    discovery->connection++;
    discovery->lists[LIST_INFO] =
        docker_get(discovery->engine, DOCKER_VERSION, TEXT_NONE, &version_handler, discovery);
}

static void on_retry(void *owner)
{
    struct discovery *discovery = owner;

    if (discovery->facts.link == DISCOVERY_LOST)
        link_connect(discovery);
    else if (discovery->facts.link == DISCOVERY_CONNECTING)
        link_lost(discovery, "/events: no answer");
}

void link_init(struct discovery *discovery)
{
    deadline_init(&discovery->retry, discovery->io, on_retry, discovery);
    deadline_init(&discovery->resync, discovery->io, on_resync, discovery);
}

void link_done(struct discovery *discovery)
{
    if (discovery->engine)
        cancel_all(discovery);
    deadline_done(&discovery->retry);
    deadline_done(&discovery->resync);
    docker_engine_free(discovery->engine);
}
