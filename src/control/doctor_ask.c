/*
 * All that doctor asks, in order: /version, then /info, then the lists, then DNS. What fails is
 * remembered as a sentence; nothing is tried twice. Used by doctor.c.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "discovery/dns_watch.h"
#include "docker/engine.h"
#include "doctor_private.h"
#include "net/deadline.h"

#define DNS_PATIENCE_MS 5000

/* One list: how it is asked for, and how it is read. */
struct list_row {
    enum docker_call call;
    int (*read)(struct doctor *doctor, struct text json, struct err *err);
};

struct asking {
    /* borrowed */
    struct doctor *doctor;
    /* owned */
    struct io *io;
    struct docker_engine *engine;
    struct dns_watch *dns;
    struct deadline dns_patience;
    const struct list_row *row; /* the list that is under way */
    int64_t dns_began_us;
};

/* Nothing more is asked of the Engine. */
static void give_up(struct asking *asking, const char *problem)
{
    snprintf(asking->doctor->problem, sizeof(asking->doctor->problem), "%s", problem);
    io_stop(asking->io);
}

static bool is_good(struct asking *asking, const struct docker_answer *answer)
{
    if (answer->outcome == DOCKER_OK)
        return true;
    give_up(asking, answer->reason);
    return false;
}

/* --- lists ---------------------------------------------------------------------------------------
 */

static int read_nodes(struct doctor *doctor, struct text json, struct err *err)
{
    size_t bad;

    return docker_nodes_decode(json, &doctor->arena, &doctor->nodes, &doctor->node_count, &bad,
                               err);
}

static int read_networks(struct doctor *doctor, struct text json, struct err *err)
{
    size_t bad;

    return docker_networks_decode(json, &doctor->arena, &doctor->networks, &doctor->network_count,
                                  &bad, err);
}

static int read_services(struct doctor *doctor, struct text json, struct err *err)
{
    size_t bad;

    return docker_services_decode(json, &doctor->arena, &doctor->services, &doctor->service_count,
                                  &bad, err);
}

static int read_tasks(struct doctor *doctor, struct text json, struct err *err)
{
    size_t bad;

    return docker_tasks_decode(json, &doctor->arena, &doctor->tasks, &doctor->task_count, &bad,
                               err);
}

static const struct list_row lists[] = {
    { DOCKER_NODES, read_nodes },
    { DOCKER_NETWORKS, read_networks },
    { DOCKER_SERVICES, read_services },
    { DOCKER_TASKS, read_tasks },
};

static void find_own_service(struct doctor *doctor)
{
    struct text wanted = text_of(doctor->options->service);
    struct text id = TEXT_NONE;

    for (size_t i = 0; doctor->container[0] && i < doctor->task_count; i++)
        if (text_equal(doctor->tasks[i].container, text_of(doctor->container)))
            id = doctor->tasks[i].service;
    for (size_t i = 0; i < doctor->service_count; i++) {
        const struct docker_service *service = &doctor->services[i];

        if (wanted.len ? text_equal(service->name, wanted) : text_equal(service->id, id))
            doctor->own = service;
    }
}

static void on_list(void *owner, const struct docker_answer *answer);

static const struct docker_handler list_handler = { .on_answer = on_list };

static void ask_list(struct asking *asking)
{
    struct doctor *doctor = asking->doctor;
    struct text filters = TEXT_NONE;

    /* of all tasks only those that may be in this container */
    if (asking->row->call == DOCKER_TASKS)
        filters =
            arena_format(&doctor->arena, "{\"node\":[\"%.*s\"],\"desired-state\":[\"running\"]}",
                         TEXT_ARGS(doctor->info.node_id));
    docker_get(asking->engine, asking->row->call, filters, &list_handler, asking);
}

static void on_list(void *owner, const struct docker_answer *answer)
{
    struct asking *asking = owner;
    struct err err;

    if (!is_good(asking, answer))
        return;
    if (asking->row->read(asking->doctor, answer->body, &err) < 0) {
        give_up(asking, err.text);
        return;
    }
    asking->row++;
    if (asking->row < lists + sizeof(lists) / sizeof(lists[0])) {
        ask_list(asking);
        return;
    }
    asking->doctor->has_lists = true;
    find_own_service(asking->doctor);
    io_stop(asking->io);
}

/* --- the Engine ----------------------------------------------------------------------------------
 */

static void on_info(void *owner, const struct docker_answer *answer)
{
    struct asking *asking = owner;
    struct doctor *doctor = asking->doctor;
    int64_t engine_us;
    struct err err;

    if (!is_good(asking, answer))
        return;
    if (docker_info_decode(answer->body, &doctor->arena, &doctor->info, &err) < 0) {
        give_up(asking, err.text);
        return;
    }
    doctor->has_info = true;
    engine_us = docker_time_us(doctor->info.system_time);
    doctor->has_clock = engine_us > 0;
    doctor->clock_off_ms = engine_us / 1000 - clock_wall_ms();
    if (!doctor->info.manager) {
        give_up(asking, "it is no manager");
        return;
    }
    asking->row = lists;
    ask_list(asking);
}

static const struct docker_handler info_handler = { .on_answer = on_info };

static void on_version(void *owner, const struct docker_answer *answer)
{
    struct asking *asking = owner;
    struct doctor *doctor = asking->doctor;
    struct err err;

    if (!is_good(asking, answer))
        return;
    if (docker_version_decode(answer->body, &doctor->arena, &doctor->version, &err) < 0 ||
        docker_engine_negotiate(asking->engine, answer->body, &err) < 0) {
        give_up(asking, err.text);
        return;
    }
    doctor->has_version = true;
    text_to_buffer(docker_engine_api_version(asking->engine), doctor->api_version,
                   sizeof(doctor->api_version));
    docker_get(asking->engine, DOCKER_INFO, TEXT_NONE, &info_handler, asking);
}

static const struct docker_handler version_handler = { .on_answer = on_version };

static void ask_engine(struct asking *asking)
{
    const struct docker_settings *docker = &asking->doctor->settings->docker;
    struct docker_target target = {
        .endpoint = docker->endpoint,
        .ca = docker->tls_ca,
        .cert = docker->tls_cert,
        .key = docker->tls_key,
    };
    struct err err;

    if (!docker->endpoint.len) {
        give_up(asking, "docker.endpoint is empty: DNS alone");
        return;
    }
    if (docker_engine_new(asking->io, &target, &asking->engine, &err) < 0) {
        give_up(asking, err.text);
        return;
    }
    docker_get(asking->engine, DOCKER_VERSION, TEXT_NONE, &version_handler, asking);
    io_run(asking->io);
    docker_engine_free(asking->engine);
}

/* --- DNS -----------------------------------------------------------------------------------------
 */

/* A service that swarmward follows, and should be able to see. */
static struct text followed_service(const struct doctor *doctor)
{
    const struct settings *settings = doctor->settings;
    struct err unused;

    for (size_t i = 0; i < doctor->service_count; i++)
        if (doctor_service_is_enabled(doctor, &doctor->services[i], &unused) &&
            doctor_shares_network(doctor, &doctor->services[i]))
            return doctor->services[i].name;
    for (size_t i = 0; i < settings->service_count; i++)
        if (settings->services[i].in_swarm)
            return settings->services[i].name;
    return TEXT_NONE;
}

static void on_dns(void *owner, const struct dns_answer *answer)
{
    struct asking *asking = owner;
    struct doctor *doctor = asking->doctor;

    doctor->dns_us = clock_monotonic_us() - asking->dns_began_us;
    doctor->dns_count = answer->count;
    doctor->dns = answer->outcome == DNS_ADDRESSES ? DNS_GOOD
                  : answer->outcome == DNS_NOTHING ? DNS_EMPTY
                                                   : DNS_SILENT;
    io_stop(asking->io);
}

static void on_dns_patience(void *owner)
{
    struct asking *asking = owner;

    io_stop(asking->io);
}

static void ask_dns(struct asking *asking)
{
    struct doctor *doctor = asking->doctor;
    struct text name = followed_service(doctor);
    struct dns_watch_options options = {
        .server = doctor->settings->docker.dns_server,
        .interval_ms = DNS_PATIENCE_MS,
    };
    struct err err;

    text_to_buffer(name, doctor->dns_name, sizeof(doctor->dns_name));
    /* Docker's DNS answers in containers only */
    if (!name.len || (!doctor->container[0] && !options.server.len))
        return;
    doctor->dns = DNS_SILENT;
    if (dns_watch_new(asking->io, &options, on_dns, asking, &asking->dns, &err) < 0) {
        snprintf(doctor->dns_problem, sizeof(doctor->dns_problem), "%s", err.text);
        return;
    }
    deadline_init(&asking->dns_patience, asking->io, on_dns_patience, asking);
    deadline_set(&asking->dns_patience, io_now_ms(asking->io) + DNS_PATIENCE_MS);
    asking->dns_began_us = clock_monotonic_us();
    dns_watch_add(asking->dns, name);
    io_run(asking->io);
    deadline_done(&asking->dns_patience);
    dns_watch_free(asking->dns);
}

void doctor_ask(struct doctor *doctor)
{
    struct asking asking = { .doctor = doctor };

    if (!doctor->settings->docker_given) {
        snprintf(doctor->problem, sizeof(doctor->problem),
                 "the mapping file uses nothing of a swarm");
        return;
    }
    asking.io = io_new();
    ask_engine(&asking);
    ask_dns(&asking);
    io_free(asking.io);
}

const char *doctor_why_unknown(const struct doctor *doctor)
{
    if (!doctor->settings->docker_given || !doctor->settings->docker.endpoint.len)
        return doctor->problem;
    return "the Engine did not say, see above";
}

/* --- networks ------------------------------------------------------------------------------------
 */

static bool names_network(struct text id_or_name, const struct docker_network *network)
{
    return text_equal(id_or_name, network->id) || text_equal(id_or_name, network->name);
}

const struct docker_network *doctor_network(const struct doctor *doctor, struct text id_or_name)
{
    for (size_t i = 0; i < doctor->network_count; i++)
        if (names_network(id_or_name, &doctor->networks[i]))
            return &doctor->networks[i];
    return NULL;
}

static bool is_on(const struct docker_service *service, const struct docker_network *network)
{
    for (size_t i = 0; i < service->network_count; i++)
        if (names_network(service->networks[i], network))
            return true;
    return false;
}

bool doctor_knows_own_networks(const struct doctor *doctor)
{
    return doctor->settings->docker.networks.count || doctor->own;
}

bool doctor_network_is_own(const struct doctor *doctor, const struct docker_network *network)
{
    const struct text_list *written = &doctor->settings->docker.networks;

    if (network->ingress || !network->swarm_scope)
        return false;
    for (size_t i = 0; i < written->count; i++)
        if (text_equal(written->items[i], network->name))
            return true;
    return !written->count && doctor->own && is_on(doctor->own, network);
}

bool doctor_shares_network(const struct doctor *doctor, const struct docker_service *service)
{
    if (!doctor_knows_own_networks(doctor))
        return true;
    for (size_t i = 0; i < doctor->network_count; i++)
        if (doctor_network_is_own(doctor, &doctor->networks[i]) &&
            is_on(service, &doctor->networks[i]))
            return true;
    return false;
}
