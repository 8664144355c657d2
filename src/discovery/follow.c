/*
 * Which service is looked at when: its specification after an event, its tasks quickly while
 * something is under way and slowly otherwise, its DNS record by the watch. The rates are in
 * docs/discovery.md.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "discovery_private.h"
#include "oddities.h"

#define IN_FLIGHT_MOST  4
#define HOT_MS          250
#define HOT_LONG_MS     60000 /* a service that is hot for longer never comes to rest: slower */
#define HOT_SLOW_MS     2000
#define AFTER_ERROR_MS  1000
#define SPEC_PAUSE_MS   250
#define SPEC_PAUSE_MOST 4000
#define SPEC_QUIET_MS   10000
#define TICK_MS         50
/* Looks at single services a second, all together; the first look at each does not count. */
#define API_RATE  100
#define COST_US   (1000000 / API_RATE)
#define TOKENS_US ((int64_t)COST_US * 50)
/* So many resyncs may pass without a look at tasks that DNS vouches for. */
#define QUIET_ROUNDS 4

bool service_is_followed(const struct known_service *service)
{
    return service->enabled || service->wanted;
}

bool service_tasks_are_known(const struct known_service *service)
{
    const struct discovery *discovery = service->discovery;

    return service->looked_in == discovery->connection && link_has_lists(discovery);
}

void follow_soon(struct discovery *discovery)
{
    int64_t soon_ms = io_now_ms(discovery->io);

    if (!discovery->tick.at_ms || discovery->tick.at_ms > soon_ms)
        deadline_set(&discovery->tick, soon_ms);
}

/* --- how urgent ----------------------------------------------------------------------------------
 */

/* One that shall be ready only waits for its restart delay, and runs then. */
static bool is_between_states(const struct docker_task *task)
{
    return task->desired < DOCKER_TASK_RUNNING ||
           (task->desired == DOCKER_TASK_RUNNING) != (task->state == DOCKER_TASK_RUNNING);
}

static bool is_moving(const struct known_service *service)
{
    if (service->service.update == DOCKER_UPDATE_RUNS || service->unplaced)
        return true;
    for (size_t i = 0; i < service->task_count; i++)
        if (is_between_states(&service->tasks[i].task))
            return true;
    return false;
}

static int64_t hot_pause_ms(const struct known_service *service, int64_t now_ms)
{
    return now_ms - service->hot_since_ms > HOT_LONG_MS ? HOT_SLOW_MS : HOT_MS;
}

static bool dns_vouches(const struct known_service *service, int64_t now_ms)
{
    return service->dns_seen && !service->dns_doubted &&
           now_ms - service->dns_at_ms < service->discovery->options.lease_ms / 2;
}

/* After a look at its tasks: when the next one is due. 0: the resync says. */
static void set_pace(struct known_service *service)
{
    struct discovery *discovery = service->discovery;
    int64_t now_ms = io_now_ms(discovery->io);

    if (!is_moving(service) && service->hot_until_ms < now_ms) {
        service->hot_since_ms = 0;
        service->tasks_due_ms = 0;
        return;
    }
    if (!service->hot_since_ms)
        service->hot_since_ms = now_ms;
    service->tasks_due_ms = now_ms + hot_pause_ms(service, now_ms);
    dns_watch_hurry(discovery->dns, text_of(service->name), service->tasks_due_ms + 2000);
}

void follow_hurry(struct known_service *service, int64_t for_ms)
{
    int64_t now_ms = io_now_ms(service->discovery->io);
    int64_t next_ms = now_ms;

    if (service->hot_until_ms < now_ms + for_ms)
        service->hot_until_ms = now_ms + for_ms;
    if (!service->hot_since_ms)
        service->hot_since_ms = now_ms;
    /* not sooner than its pace allows, however often somebody calls */
    if (service->tasks_at_ms)
        next_ms = service->tasks_at_ms + hot_pause_ms(service, now_ms);
    if (next_ms < now_ms)
        next_ms = now_ms;
    if (!service->tasks_due_ms || service->tasks_due_ms > next_ms)
        service->tasks_due_ms = next_ms;
    if (service->watched)
        dns_watch_hurry(service->discovery->dns, text_of(service->name), now_ms + for_ms);
    follow_soon(service->discovery);
}

void follow_spec(struct known_service *service)
{
    int64_t now_ms = io_now_ms(service->discovery->io);
    int64_t quiet_ms = now_ms - service->spec_at_ms;

    if (service->spec_due_ms)
        return;
    if (!service->spec_at_ms || quiet_ms > SPEC_QUIET_MS)
        service->spec_pause_ms = SPEC_PAUSE_MS;
    if (service->spec_at_ms && quiet_ms < service->spec_pause_ms) {
        service->spec_due_ms = service->spec_at_ms + service->spec_pause_ms;
        if (service->spec_pause_ms < SPEC_PAUSE_MOST)
            service->spec_pause_ms *= 2;
    } else {
        service->spec_due_ms = now_ms;
    }
    follow_soon(service->discovery);
}

/* --- asking --------------------------------------------------------------------------------------
 */

static void api_error(struct discovery *discovery, const struct docker_answer *answer)
{
    discovery->facts.api_errors++;
    text_to_buffer(text_of(answer->reason), discovery->problem, sizeof(discovery->problem));
    if (answer->outcome == DOCKER_UNREACHABLE || answer->outcome == DOCKER_TIMED_OUT)
        link_lost(discovery, discovery->problem);
}

static void bad_answer(struct discovery *discovery, const struct err *err)
{
    discovery->facts.api_errors++;
    text_to_buffer(text_of(err->text), discovery->problem, sizeof(discovery->problem));
}

static bool take_spec(struct known_service *service, struct text body)
{
    struct discovery *discovery = service->discovery;
    struct arena arena = { 0 };
    struct docker_service *services;
    size_t count;
    size_t bad;
    struct err err;
    bool good = docker_services_decode(body, &arena, &services, &count, &bad, &err) == 0;

    if (!good)
        bad_answer(discovery, &err);
    else if (count == 0 && bad == 0)
        table_remove(service);
    else if (count == 1)
        table_take_service(discovery, &services[0]); /* may free `service` */
    else
        odd_spec(service, "it cannot be read");
    arena_done(&arena);
    return good;
}

static void on_spec(void *owner, const struct docker_answer *answer)
{
    struct known_service *service = owner;
    struct discovery *discovery = service->discovery;

    service->spec_request = NULL;
    discovery->requests_in_flight--;
    service->spec_at_ms = io_now_ms(discovery->io);
    follow_soon(discovery);
    if (answer->outcome == DOCKER_OK && take_spec(service, answer->body)) {
        link_heard(discovery);
        return;
    }
    service->spec_due_ms = io_now_ms(discovery->io) + AFTER_ERROR_MS;
    if (answer->outcome != DOCKER_OK)
        api_error(discovery, answer);
}

static bool take_tasks(struct known_service *service, struct text body)
{
    struct arena arena = { 0 };
    struct docker_task *tasks;
    size_t count;
    size_t bad;
    struct err err;
    bool good = docker_tasks_decode(body, &arena, &tasks, &count, &bad, &err) == 0;

    if (good) {
        table_take_tasks(service, tasks, count, bad == 0);
        odd_tasks(service, bad ? "one of its tasks cannot be read" : NULL);
    } else {
        bad_answer(service->discovery, &err);
    }
    arena_done(&arena);
    return good && bad == 0;
}

static void on_tasks(void *owner, const struct docker_answer *answer)
{
    struct known_service *service = owner;
    struct discovery *discovery = service->discovery;

    service->tasks_request = NULL;
    discovery->requests_in_flight--;
    follow_soon(discovery);
    if (answer->outcome == DOCKER_OK && take_tasks(service, answer->body)) {
        service->looked_in = discovery->connection;
        set_pace(service);
        service->quiet_rounds = 0;
        link_heard(discovery);
        return;
    }
    service->tasks_due_ms = io_now_ms(discovery->io) + AFTER_ERROR_MS;
    if (answer->outcome != DOCKER_OK)
        api_error(discovery, answer);
}

static const struct docker_handler spec_handler = { .on_answer = on_spec };
static const struct docker_handler tasks_handler = { .on_answer = on_tasks };

static struct docker_request *ask(struct known_service *service, enum docker_call call,
                                  const char *filter, const struct docker_handler *handler)
{
    struct discovery *discovery = service->discovery;
    struct buffer filters = { 0 };
    struct docker_request *request;

    buffer_format(&filters, "{\"%s\":[", filter);
    buffer_append_json(&filters, text_of(service->id));
    buffer_format(&filters, "]}");
    discovery->requests_in_flight++;
    if (service->tasks_at_ms)
        discovery->api_tokens_us -= COST_US;
    request = docker_get(discovery->engine, call, buffer_text(&filters), handler, service);
    buffer_done(&filters);
    return request;
}

static void refill(struct discovery *discovery)
{
    int64_t now_us = io_now_us(discovery->io);

    discovery->api_tokens_us += now_us - discovery->api_refilled_us;
    discovery->api_refilled_us = now_us;
    if (discovery->api_tokens_us > TOKENS_US)
        discovery->api_tokens_us = TOKENS_US;
}

static bool may_ask(const struct discovery *discovery, const struct known_service *service)
{
    return discovery->requests_in_flight < IN_FLIGHT_MOST &&
           (discovery->api_tokens_us >= COST_US || !service->tasks_at_ms);
}

static void ask_due(struct known_service *service, int64_t now_ms)
{
    if (!service->id[0])
        return;
    if (service->spec_due_ms && service->spec_due_ms <= now_ms && !service->spec_request) {
        service->spec_due_ms = 0;
        service->spec_request = ask(service, DOCKER_SERVICES, "id", &spec_handler);
    }
    if (service->tasks_due_ms && service->tasks_due_ms <= now_ms && !service->tasks_request &&
        service_is_followed(service)) {
        service->tasks_due_ms = 0;
        service->tasks_request = ask(service, DOCKER_TASKS, "service", &tasks_handler);
    }
}

/* --- the clock -----------------------------------------------------------------------------------
 */

static void earlier(int64_t *first_ms, int64_t at_ms)
{
    if (at_ms && (!*first_ms || at_ms < *first_ms))
        *first_ms = at_ms;
}

static int64_t next_due(const struct discovery *discovery)
{
    int64_t first_ms = 0;

    for (size_t i = 0; i < discovery->service_count; i++) {
        const struct known_service *service = discovery->services[i];

        if (!service->id[0])
            continue;
        if (!service->spec_request)
            earlier(&first_ms, service->spec_due_ms);
        if (!service->tasks_request && service_is_followed(service))
            earlier(&first_ms, service->tasks_due_ms);
    }
    return first_ms;
}

static bool was_looked_at(const struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++) {
        const struct known_service *service = discovery->services[i];

        if (service->id[0] && service_is_followed(service) &&
            service->looked_in != discovery->connection && !service->odd_tasks)
            return false;
    }
    return true;
}

/* Who has waited longest is asked first; a service that is never at rest takes its turn. */
static struct known_service *most_urgent(const struct discovery *discovery, int64_t now_ms)
{
    struct known_service *best = NULL;
    int64_t best_ms = now_ms + 1;

    for (size_t i = 0; i < discovery->service_count; i++) {
        struct known_service *service = discovery->services[i];
        int64_t due_ms = 0;

        if (!service->id[0])
            continue;
        if (!service->spec_request)
            earlier(&due_ms, service->spec_due_ms);
        if (!service->tasks_request && service_is_followed(service))
            earlier(&due_ms, service->tasks_due_ms);
        if (due_ms && due_ms < best_ms) {
            best_ms = due_ms;
            best = service;
        }
    }
    return best;
}

/* A service without a task has no record, and Docker would ask the world for it. */
static void watch_names(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++) {
        struct known_service *service = discovery->services[i];
        bool wanted = service->name[0] && service_is_followed(service) &&
                      (service->task_count || discovery->facts.link != DISCOVERY_LIVE);

        if (wanted && !service->watched) {
            dns_watch_add(discovery->dns, text_of(service->name));
            dns_watch_hurry(discovery->dns, text_of(service->name),
                            io_now_ms(discovery->io) + 3000);
            service->watched = true;
        } else if (!wanted && service->watched && !service->dns_count) {
            dns_watch_remove(discovery->dns, text_of(service->name));
            service->watched = false;
        }
    }
}

void follow_tick(struct discovery *discovery)
{
    int64_t now_ms = io_now_ms(discovery->io);
    struct known_service *service;
    int64_t next_ms;

    watch_names(discovery);
    if (!link_has_lists(discovery))
        return;
    refill(discovery);
    while ((service = most_urgent(discovery, now_ms)) && may_ask(discovery, service))
        ask_due(service, now_ms);
    if (was_looked_at(discovery))
        link_is_complete(discovery);
    next_ms = next_due(discovery);
    if (!next_ms)
        return;
    deadline_set(&discovery->tick, next_ms > now_ms ? next_ms : now_ms + TICK_MS);
}

void follow_cancel(struct discovery *discovery)
{
    for (size_t i = 0; i < discovery->service_count; i++) {
        struct known_service *service = discovery->services[i];

        docker_cancel(service->spec_request);
        docker_cancel(service->tasks_request);
        service->spec_request = service->tasks_request = NULL;
        service->spec_due_ms = 0;
    }
    discovery->requests_in_flight = 0;
}

/* After a connection was lost nobody knows what was missed. */
static bool is_quiet(const struct known_service *service, int64_t now_ms)
{
    return service->discovery->facts.link == DISCOVERY_LIVE && !service->hot_since_ms &&
           dns_vouches(service, now_ms);
}

/* A list was read: look at the tasks of all, but for those that DNS vouches for now and then only.
 */
void follow_round(struct discovery *discovery)
{
    int64_t now_ms = io_now_ms(discovery->io);
    int64_t spread_ms = discovery->options.resync_interval_ms;
    size_t number = 0;

    for (size_t i = 0; i < discovery->service_count; i++) {
        struct known_service *service = discovery->services[i];

        if (!service->id[0] || !service_is_followed(service) || service->tasks_due_ms)
            continue;
        if (is_quiet(service, now_ms) && ++service->quiet_rounds < QUIET_ROUNDS)
            continue;
        /* evenly over the interval, but the first look of a connection at once */
        service->tasks_due_ms = service->looked_in == discovery->connection
                                    ? now_ms + (int64_t)(number++ % 64) * spread_ms / 128
                                    : now_ms;
    }
    follow_soon(discovery);
}

/* --- DNS -----------------------------------------------------------------------------------------
 */

static bool same_set(const struct known_service *service, const struct dns_answer *answer)
{
    if (service->dns_count != answer->count)
        return false;
    for (size_t i = 0; i < answer->count; i++) {
        bool found = false;

        for (size_t j = 0; j < service->dns_count && !found; j++)
            found = address_host_equal(&service->dns[j], &answer->addresses[i]);
        if (!found)
            return false;
    }
    return true;
}

/* The watch can see a network once it has given an address of it. */
void follow_see_networks(const struct known_service *service)
{
    const struct discovery *discovery = service->discovery;
    uint32_t at;

    for (size_t i = 0; i < service->task_count; i++) {
        const struct docker_task *task = &service->tasks[i].task;

        for (size_t j = 0; j < task->attachment_count; j++)
            for (size_t k = 0; k < service->dns_count; k++)
                if (address_host_equal(&task->attachments[j].address, &service->dns[k]) &&
                    table_network(discovery, task->attachments[j].network, &at))
                    discovery->networks[at].dns_seen = true;
    }
}

static void take_set(struct known_service *service, const struct dns_answer *answer)
{
    struct discovery *discovery = service->discovery;
    bool changed = !same_set(service, answer);

    service->dns_at_ms = io_now_ms(discovery->io);
    service->dns_silent_ms = 0;
    service->dns_doubted = false;
    service->dns_seen = service->dns_seen || answer->count > 0;
    if (!changed)
        return;
    table_note_departures(service, answer);
    free(service->dns);
    service->dns = memory_new((answer->count + 1) * sizeof(*service->dns));
    for (size_t i = 0; i < answer->count; i++)
        service->dns[i] = answer->addresses[i];
    service->dns_count = answer->count;
    follow_see_networks(service);
    follow_hurry(service, 3000);
    discovery_touch(discovery);
}

static bool api_says_it_runs(const struct known_service *service)
{
    if (service->discovery->facts.link != DISCOVERY_LIVE)
        return false;
    for (size_t i = 0; i < service->task_count; i++)
        if (service->tasks[i].task.state == DOCKER_TASK_RUNNING &&
            service->tasks[i].task.desired == DOCKER_TASK_RUNNING)
            return true;
    return false;
}

/* "Nothing" is believed at once when the API agrees; when the API is silent, after the lease: a
 * node that has just joined, or has lost its neighbours, knows nobody for a while. */
static void take_nothing(struct known_service *service, const struct dns_answer *answer)
{
    struct discovery *discovery = service->discovery;
    int64_t now_ms = io_now_ms(discovery->io);

    if (!service->dns_seen)
        return;
    if (!service->dns_silent_ms) {
        service->dns_silent_ms = now_ms;
        discovery_touch(discovery); /* another service may have its addresses */
    }
    if (api_says_it_runs(service)) {
        if (!service->dns_doubted) {
            service->dns_doubted = true;
            discovery->facts.dns_errors++;
            follow_hurry(service, 1000);
            discovery_touch(discovery);
        }
        return;
    }
    if (discovery->facts.link == DISCOVERY_LIVE ||
        now_ms - service->dns_silent_ms > discovery->options.lease_ms)
        take_set(service, answer);
}

void follow_dns(struct discovery *discovery, const struct dns_answer *answer)
{
    struct known_service *service = table_by_name(discovery, answer->name);

    if (!service)
        return;
    if (!service->dns_answered) {
        service->dns_answered = true;
        discovery_touch(discovery);
    }
    switch (answer->outcome) {
    case DNS_ADDRESSES:
        discovery->facts.last_dns_ms = io_now_ms(discovery->io);
        take_set(service, answer);
        break;
    case DNS_NOTHING:
        discovery->facts.last_dns_ms = io_now_ms(discovery->io);
        take_nothing(service, answer);
        break;
    case DNS_FAILED:
        discovery->facts.dns_errors++;
        break;
    }
}
