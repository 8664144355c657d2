/*
 * The world around discovery.c: time, Engine and DNS do what a test says and nothing by themselves,
 * so that minutes of a swarm's life pass in no time and always in the same order.
 */

#include "fake_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "discovery/dns_watch.h"
#include "net/deadline.h"

#define CALLS          (DOCKER_EVENTS + 1)
#define REQUESTS_MOST  64
#define DEADLINES_MOST 16
#define SERVICES_MOST  16
#define TASKS_MOST     32
#define START_MS       1000000

struct docker_request {
    enum docker_call call;
    const struct docker_handler *handler;
    void *owner;
    enum world_fault fault; /* when it was asked; as is the body */
    struct buffer body;
    bool is_taken; /* the place is in use */
    bool is_open;  /* of events */
};

struct service {
    const char *id;
    const char *name;
    int version;
    bool labelled;
    size_t looks;
};

static struct {
    int64_t now_ms;
    struct deadline *deadlines[DEADLINES_MOST];
    size_t deadline_count;
    struct docker_request requests[REQUESTS_MOST];
    enum world_fault faults[CALLS];
    bool held[CALLS];
    size_t counts[CALLS];
    const char *said[CALLS]; /* instead of what is true; NULL: that */
    struct service services[SERVICES_MOST];
    struct world_task tasks[TASKS_MOST];
    char *names[SERVICES_MOST]; /* that DNS is asked for; owned */
    dns_answer_function *on_dns;
    void *dns_owner;
    size_t changes;
} world;

/* --- the clock -----------------------------------------------------------------------------------
 */

int64_t io_now_ms(struct io *io)
{
    (void)io;
    return world.now_ms;
}

int64_t io_now_us(struct io *io)
{
    (void)io;
    return world.now_ms * 1000;
}

void io_free_later(struct io *io, void *memory, void (*free_it)(void *memory))
{
    (void)io;
    free_it(memory);
}

void deadline_init(struct deadline *deadline, struct io *io, void (*on_reached)(void *owner),
                   void *owner)
{
    *deadline = (struct deadline){ .io = io, .on_reached = on_reached, .owner = owner };
    assert_true(world.deadline_count < DEADLINES_MOST);
    world.deadlines[world.deadline_count++] = deadline;
}

void deadline_done(struct deadline *deadline)
{
    for (size_t i = 0; i < world.deadline_count; i++)
        if (world.deadlines[i] == deadline)
            world.deadlines[i] = world.deadlines[--world.deadline_count];
}

void deadline_set(struct deadline *deadline, int64_t at_ms)
{
    deadline->at_ms = at_ms;
}

void deadline_clear(struct deadline *deadline)
{
    deadline->at_ms = 0;
}

static struct deadline *next_deadline(int64_t until_ms)
{
    struct deadline *next = NULL;

    for (size_t i = 0; i < world.deadline_count; i++)
        if (world.deadlines[i]->at_ms && world.deadlines[i]->at_ms <= until_ms &&
            (!next || world.deadlines[i]->at_ms < next->at_ms))
            next = world.deadlines[i];
    return next;
}

/* --- what the Engine says ------------------------------------------------------------------------
 */

static void say_service(struct buffer *body, const struct service *service)
{
    buffer_format(
        body,
        "{\"ID\":\"%s\",\"Version\":{\"Index\":%d},\"CreatedAt\":\"2026-01-02T03:04:05Z\","
        "\"Spec\":{\"Name\":\"%s\",\"Labels\":{%s},\"TaskTemplate\":{\"Networks\":"
        "[{\"Target\":\"net1\"}]}}}",
        service->id, service->version, service->name,
        service->labelled ? "\"swarmward.enable\":\"true\"" : "");
}

static void say_task(struct buffer *body, const struct world_task *task)
{
    buffer_format(body,
                  "{\"ID\":\"%s\",\"ServiceID\":\"%s\",\"NodeID\":\"node1\",\"Slot\":1,"
                  "\"DesiredState\":\"%s\",\"Status\":{\"State\":\"%s\",\"Timestamp\":\"%s\"},"
                  "\"NetworksAttachments\":[",
                  task->id, task->service, task->desired, task->state,
                  task->since ? task->since : "2026-01-02T03:04:05Z");
    if (task->address)
        buffer_format(body, "{\"Network\":{\"ID\":\"net1\"},\"Addresses\":[\"%s/24\"]}",
                      task->address);
    buffer_format(body, "]}");
}

/* {"id":["s1"]}, {"service":["s1"]}: is it of this ID? Without a filter everything is. */
static bool is_asked_for(struct text filters, const char *id)
{
    char *all = text_to_heap(filters);
    char quoted[100];
    bool found;

    snprintf(quoted, sizeof(quoted), "[\"%s\"]", id);
    found = !filters.len || strstr(all, quoted);
    free(all);
    return found;
}

static void say_services(struct buffer *body, struct text filters)
{
    const char *comma = "";

    for (size_t i = 0; i < SERVICES_MOST; i++) {
        if (!world.services[i].id || !is_asked_for(filters, world.services[i].id))
            continue;
        buffer_format(body, "%s", comma);
        say_service(body, &world.services[i]);
        comma = ",";
    }
}

static void say_tasks(struct buffer *body, struct text filters)
{
    const char *comma = "";

    for (size_t i = 0; i < SERVICES_MOST; i++)
        if (world.services[i].id && is_asked_for(filters, world.services[i].id))
            world.services[i].looks++;
    for (size_t i = 0; i < TASKS_MOST; i++) {
        if (!world.tasks[i].id || !is_asked_for(filters, world.tasks[i].service))
            continue;
        buffer_format(body, "%s", comma);
        say_task(body, &world.tasks[i]);
        comma = ",";
    }
}

static void say(struct buffer *body, enum docker_call call, struct text filters)
{
    static const char *const fixed[CALLS] = {
        [DOCKER_VERSION] = "{\"ApiVersion\":\"1.47\",\"MinAPIVersion\":\"1.24\"}",
        [DOCKER_INFO] = "{\"Swarm\":{\"NodeID\":\"node1\",\"LocalNodeState\":\"active\","
                        "\"ControlAvailable\":true}}",
        [DOCKER_NETWORKS] = "[{\"Id\":\"net1\",\"Name\":\"edge\",\"Scope\":\"swarm\",\"Driver\":"
                            "\"overlay\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.1.0.0/24\"}]}}]",
        [DOCKER_NODES] = "[{\"ID\":\"node1\",\"Description\":{\"Hostname\":\"one\",\"Engine\":"
                         "{\"EngineVersion\":\"28.0.1\"}},\"Status\":{\"State\":\"ready\"}}]",
    };

    if (world.said[call] || fixed[call])
        buffer_format(body, "%s", world.said[call] ? world.said[call] : fixed[call]);
    if (world.said[call] || (call != DOCKER_SERVICES && call != DOCKER_TASKS))
        return;
    buffer_format(body, "[");
    if (call == DOCKER_SERVICES)
        say_services(body, filters);
    else
        say_tasks(body, filters);
    buffer_format(body, "]");
}

/* --- docker/engine.h -----------------------------------------------------------------------------
 */

int docker_engine_new(struct io *io, const struct docker_target *target,
                      struct docker_engine **engine_out, struct err *err)
{
    (void)io;
    (void)target;
    (void)err;
    *engine_out = (struct docker_engine *)&world;
    return 0;
}

void docker_engine_free(struct docker_engine *engine)
{
    (void)engine;
}

int docker_engine_negotiate(struct docker_engine *engine, struct text version_json, struct err *err)
{
    (void)engine;
    return text_starts(version_json, TEXT("{\"ApiVersion\"")) ? 0 : err_set(err, "no version");
}

struct text docker_engine_api_version(const struct docker_engine *engine)
{
    (void)engine;
    return TEXT("1.47");
}

uint64_t docker_engine_requests(const struct docker_engine *engine)
{
    (void)engine;
    return 0;
}

uint64_t docker_engine_bytes(const struct docker_engine *engine)
{
    (void)engine;
    return 0;
}

struct docker_request *docker_get(struct docker_engine *engine, enum docker_call call,
                                  struct text filters, const struct docker_handler *handler,
                                  void *owner)
{
    struct docker_request *request = world.requests;

    (void)engine;
    while (request->is_taken)
        assert_true(++request < world.requests + REQUESTS_MOST);
    world.counts[call]++;
    *request = (struct docker_request){
        .call = call,
        .handler = handler,
        .owner = owner,
        .fault = world.faults[call],
        .is_taken = true,
    };
    say(&request->body, call, filters);
    return request;
}

void docker_cancel(struct docker_request *request)
{
    if (!request)
        return;
    assert_true(request->is_taken);
    buffer_done(&request->body);
    *request = (struct docker_request){ 0 };
}

static void answer(struct docker_request *request)
{
    struct docker_request was = *request;
    struct docker_answer answer = { .outcome = DOCKER_OK, .status = 200, .reason = "" };

    answer.body = was.fault == WORLD_GARBAGE ? TEXT("{}]") : buffer_text(&was.body);
    if (was.fault == WORLD_UNREACHABLE)
        answer = (struct docker_answer){ .outcome = DOCKER_UNREACHABLE, .reason = "unreachable" };
    if (was.fault == WORLD_STATUS_500)
        answer = (struct docker_answer){
            .outcome = DOCKER_STATUS,
            .status = 500,
            .reason = "500",
        };
    *request = (struct docker_request){ 0 };
    was.handler->on_answer(was.owner, &answer);
    buffer_done(&was.body);
}

/* False: nothing is to be answered. */
static bool answer_one(void)
{
    for (size_t i = 0; i < REQUESTS_MOST; i++) {
        struct docker_request *request = &world.requests[i];

        if (!request->is_taken || world.held[request->call] || request->is_open)
            continue;
        if (request->call != DOCKER_EVENTS || request->fault) {
            answer(request);
        } else {
            request->is_open = true;
            request->handler->on_open(request->owner);
        }
        return true;
    }
    return false;
}

/* --- discovery/dns_watch.h -----------------------------------------------------------------------
 */

// NOLINTNEXTLINE(readability-function-size): as in the header
int dns_watch_new(struct io *io, const struct dns_watch_options *options,
                  dns_answer_function *on_answer, void *owner, struct dns_watch **watch_out,
                  struct err *err)
{
    (void)io;
    (void)options;
    (void)err;
    world.on_dns = on_answer;
    world.dns_owner = owner;
    *watch_out = (struct dns_watch *)&world;
    return 0;
}

void dns_watch_free(struct dns_watch *watch)
{
    (void)watch;
}

void dns_watch_add(struct dns_watch *watch, struct text name)
{
    size_t i = 0;

    (void)watch;
    while (world.names[i])
        assert_true(++i < SERVICES_MOST);
    world.names[i] = text_to_heap(name);
}

void dns_watch_remove(struct dns_watch *watch, struct text name)
{
    (void)watch;
    for (size_t i = 0; i < SERVICES_MOST; i++) {
        if (!world.names[i] || !text_equal(text_of(world.names[i]), name))
            continue;
        free(world.names[i]);
        world.names[i] = NULL;
    }
}

void dns_watch_hurry(struct dns_watch *watch, struct text name, int64_t until_ms)
{
    (void)watch;
    (void)name;
    (void)until_ms;
}

uint64_t dns_watch_queries(const struct dns_watch *watch)
{
    (void)watch;
    return 0;
}

/* --- for tests -----------------------------------------------------------------------------------
 */

static void on_changed(void *owner)
{
    (void)owner;
    world.changes++;
}

struct discovery *world_new(void)
{
    static const struct discovery_handler handler = { .on_changed = on_changed };
    static const struct text networks[] = { { "edge", 4 } };
    const struct discovery_options options = {
        .endpoint = TEXT("unix:///nowhere"),
        .networks = networks,
        .network_count = 1,
        .label_prefix = TEXT("swarmward"),
        .dns_interval_ms = 500,
        .resync_interval_ms = 30000,
        .lease_ms = 90000,
    };
    struct discovery *discovery;
    struct err err;

    memset(&world, 0, sizeof(world));
    world.now_ms = START_MS;
    assert_int_equal(discovery_new(NULL, &options, &handler, NULL, &discovery, &err), 0);
    return discovery;
}

void world_done(struct discovery *discovery)
{
    discovery_free(discovery);
    for (size_t i = 0; i < REQUESTS_MOST; i++)
        assert_false(world.requests[i].is_taken);
    for (size_t i = 0; i < SERVICES_MOST; i++)
        free(world.names[i]);
    assert_int_equal(world.deadline_count, 0);
}

void world_run(int64_t ms)
{
    int64_t until_ms = world.now_ms + ms;
    struct deadline *due;

    for (;;) {
        while (answer_one())
            continue;
        due = next_deadline(until_ms);
        if (!due)
            break;
        if (due->at_ms > world.now_ms)
            world.now_ms = due->at_ms;
        due->at_ms = 0;
        due->on_reached(due->owner);
    }
    world.now_ms = until_ms;
}

void world_fault(enum docker_call call, enum world_fault fault)
{
    world.faults[call] = fault;
}

void world_say(enum docker_call call, const char *body)
{
    world.said[call] = body;
}

void world_hold(enum docker_call call, bool held)
{
    world.held[call] = held;
}

void world_put_service(const char *id, const char *name, int version, bool labelled)
{
    struct service *service = world.services;

    world_drop_service(id);
    while (service->id)
        assert_true(++service < world.services + SERVICES_MOST);
    service->id = id;
    service->name = name;
    service->version = version;
    service->labelled = labelled;
}

void world_drop_service(const char *id)
{
    for (size_t i = 0; i < SERVICES_MOST; i++)
        if (world.services[i].id && strcmp(world.services[i].id, id) == 0)
            world.services[i].id = NULL;
}

void world_put_task(struct world_task task)
{
    struct world_task *place = world.tasks;

    world_drop_task(task.id);
    while (place->id)
        assert_true(++place < world.tasks + TASKS_MOST);
    *place = task;
}

void world_drop_task(const char *id)
{
    for (size_t i = 0; i < TASKS_MOST; i++)
        if (world.tasks[i].id && strcmp(world.tasks[i].id, id) == 0)
            world.tasks[i].id = NULL;
}

static struct docker_request *open_events(void)
{
    for (size_t i = 0; i < REQUESTS_MOST; i++)
        if (world.requests[i].is_open)
            return &world.requests[i];
    fail_msg("the event stream is not open");
    return NULL;
}

void world_event(const char *type, const char *action, const char *id)
{
    struct docker_request *events = open_events();
    struct buffer json = { 0 };

    buffer_format(&json,
                  "{\"Type\":\"%s\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\",\"Attributes\":{}},"
                  "\"scope\":\"swarm\",\"timeNano\":1}",
                  type, action, id);
    events->handler->on_event(events->owner, buffer_text(&json));
    buffer_done(&json);
}

void world_cut_events(void)
{
    struct docker_request *events = open_events();

    events->fault = WORLD_UNREACHABLE;
    answer(events);
}

void world_dns(const char *name, enum world_dns what, const char *first, const char *second)
{
    static const enum dns_outcome outcomes[] = {
        [WORLD_DNS_HAS] = DNS_ADDRESSES,
        [WORLD_DNS_NOTHING] = DNS_NOTHING,
        [WORLD_DNS_FAILS] = DNS_FAILED,
    };
    struct address addresses[2];
    struct dns_answer said = {
        .name = text_of(name),
        .outcome = outcomes[what],
        .addresses = addresses,
    };

    if (first)
        assert_int_equal(address_parse_host(text_of(first), 0, &addresses[said.count++], NULL), 0);
    if (second)
        assert_int_equal(address_parse_host(text_of(second), 0, &addresses[said.count++], NULL), 0);
    world.on_dns(world.dns_owner, &said);
}

bool world_dns_asks_for(const char *name)
{
    for (size_t i = 0; i < SERVICES_MOST; i++)
        if (world.names[i] && strcmp(world.names[i], name) == 0)
            return true;
    return false;
}

size_t world_count(enum docker_call call)
{
    return world.counts[call];
}

size_t world_looks(const char *service_id)
{
    for (size_t i = 0; i < SERVICES_MOST; i++)
        if (world.services[i].id && strcmp(world.services[i].id, service_id) == 0)
            return world.services[i].looks;
    return 0;
}

size_t world_changes(void)
{
    return world.changes;
}
