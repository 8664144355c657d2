/* The worker of exchange_world.h, its snapshot, and the steps of a play. */

#include "exchange_world.h"

#include <string.h>

#include <event2/event.h>

#include "access_log.h"
#include "admission.h"
#include "backend/endpoint.h"
#include "base/memory.h"
#include "client/client.h"
#include "client/client_h2.h"
#include "client/client_memory.h"
#include "exchange/exchange.h"
#include "http_check.h"
#include "turn.h"

#define MARK    '\xFE'
#define LONG_MS (INT64_C(3) * 3600 * 1000) /* longer than every limit */

struct world world;

static const struct world_rules *rules;

/* --- the worker ------------------------------------------------------------------------------- */

static const struct service_policy *service_policy(struct arena *arena)
{
    struct service_policy *policy = arena_new(arena, 1, sizeof(*policy));

    fields_set_defaults(&service_fields, policy, arena);
    policy->max_connections = rules->h2_backends ? 8 : 2;
    policy->queue_size = 2;
    if (rules->h2_backends)
        policy->protocol = PROTOCOL_H2C;
    return policy;
}

static const struct route_policy *route_policy(struct arena *arena)
{
    struct route_policy *policy = arena_new(arena, 1, sizeof(*policy));

    fields_set_defaults(&route_fields, policy, arena);
    policy->max_body_bytes = rules->h2_clients ? 32768 : 4096;
    return policy;
}

static void set_defaults(struct snapshot *snapshot)
{
    struct arena *arena = &snapshot->arena;

    fields_set_defaults(&listener_fields, &snapshot->listeners, arena);
    fields_set_defaults(&tls_fields, &snapshot->tls, arena);
    fields_set_defaults(&header_fields, &snapshot->headers, arena);
    fields_set_defaults(&limit_fields, &snapshot->limits, arena);
    fields_set_defaults(&log_fields, &snapshot->log, arena);
    fields_set_defaults(&shutdown_fields, &snapshot->shutdown, arena);
    snapshot->limits.header_bytes = 2048;
    snapshot->limits.header_fields = 32;
    snapshot->limits.header_uri_bytes = 512;
    snapshot->limits.connection_memory = WORLD_MEMORY;
    snapshot->limits.http2_streams = 16;
    snapshot->limits.http2_stream_window = 16384;
    snapshot->limits.http2_connection_window = 65536;
}

static void add_delivery(struct snapshot *snapshot)
{
    struct arena *arena = &snapshot->arena;
    struct snapshot_delivery *delivery = arena_new(arena, 1, sizeof(*delivery));
    struct delivery_policy *policy = &delivery->policy;
    struct text_pair *pair = arena_new(arena, 1, sizeof(*pair));

    fields_set_defaults(&edit_fields, &policy->headers, arena);
    fields_set_defaults(&delivery_fields, policy, arena);
    *pair = (struct text_pair){ .name = TEXT("X-Edited"), .value = TEXT("yes") };
    policy->headers.request_set = policy->headers.response_set =
        (struct text_map){ .pairs = pair, .count = 1 };
    policy->compression.enabled = true;
    policy->compression.min_bytes = 0;
    delivery->auth_route = SNAPSHOT_NONE;
    snapshot->deliveries.items = delivery;
    snapshot->deliveries.count = 1;
}

/* a.test, with one service of two endpoints. */
static struct snapshot *make_snapshot(void)
{
    struct snapshot *snapshot = snapshot_new();
    struct arena *arena = &snapshot->arena;
    struct snapshot_endpoint *endpoints = arena_new(arena, 2, sizeof(*endpoints));

    set_defaults(snapshot);
    for (uint32_t i = 0; i < 2; i++) {
        endpoints[i] = (struct snapshot_endpoint){
            .name = TEXT("endpoint"), .identity = i + 1, .slot = i, .weight = 1, .pooled = true
        };
        CHECK(address_parse(i ? TEXT("192.0.2.2:80") : TEXT("192.0.2.1:80"), &endpoints[i].address,
                            NULL) == 0);
    }
    snapshot->services = arena_new(arena, 1, sizeof(*snapshot->services));
    snapshot->services[0] = (struct snapshot_service){
        .name = TEXT("app"),
        .policy = service_policy(arena),
        .endpoints = endpoints,
        .endpoint_count = 2,
    };
    snapshot->service_count = 1;
    snapshot->routes = arena_new(arena, 1, sizeof(*snapshot->routes));
    snapshot->routes[0] = (struct snapshot_route){ .name = TEXT("app"),
                                                   .path = TEXT("/"),
                                                   .policy = route_policy(arena) };
    snapshot->route_count = 1;
    snapshot->domains = arena_new(arena, 1, sizeof(*snapshot->domains));
    snapshot->domains[0] =
        (struct snapshot_domain){ .name = TEXT("a.test"), .route_count = 1, .slot = SNAPSHOT_NONE };
    snapshot->domain_count = 1;
    if (rules->delivery)
        add_delivery(snapshot);
    CHECK(snapshot_index(snapshot, NULL) == 0);
    return snapshot;
}

static void worker_begin(void)
{
    static struct board *board;
    static struct io *io;
    struct worker *worker = &world.worker;
    struct snapshot *snapshot = make_snapshot();
    struct err err;

    if (!board) {
        int fd = board_create(&err);

        board = board_map(fd, &err);
        CHECK(board);
        board->worker_count = 1;
    }
    *worker = (struct worker){ .board = board, .counters = &board->worker[0] };
    worker->io = io = io ? io : io_new(); /* knows nothing of what was played before */
    worker->endpoints = endpoint_table_new(worker);
    worker->lines = memory_new(FIELD_LINES_MAX * sizeof(*worker->lines));
    worker->domain_owners = memory_new(BOARD_DOMAINS * sizeof(*worker->domain_owners));
    TAILQ_INIT(&worker->clients);
    worker->admission = admission_new(worker);
    worker->log = access_log_new(worker);
    worker->turn = turn_new(worker->io);
    worker->encoders.most = 8 * ENCODER_BROTLI_BYTES;
    worker->serving = serving_new(worker, snapshot, NULL);
    snapshot_unref(snapshot);
}

static void worker_end(void)
{
    struct worker *worker = &world.worker;

    exchange_free_spares(worker);
    serving_unref(worker->serving);
    endpoint_table_free(worker->endpoints);
    turn_free(worker->turn);
    access_log_free(worker->log);
    admission_free(worker->admission);
    buffer_done(&worker->head_out);
    free(worker->lines);
    free(worker->domain_owners);
}

/* --- the play --------------------------------------------------------------------------------- */

static void add_client(void)
{
    struct address address;

    if (world.client_count == WORLD_CLIENTS_MAX)
        return;
    CHECK(address_parse(TEXT("198.51.100.7:4321"), &address, NULL) == 0);
    io_enter(world.worker.io);
    client_new(&world.worker, LISTENER_HTTPS, 1000000, &address);
    io_leave(world.worker.io);
    world.clients[world.client_count++] = memory_net.streams[memory_net.count - 1];
    CHECK(memory_net_run()); /* what stands for a handshake */
    if (rules->more)
        rules->more('n', TEXT_NONE);
}

struct stream *world_newest_client(void)
{
    return world.clients[world.client_count - 1];
}

/* NULL: none is open. */
struct stream *world_newest_backend(void)
{
    for (size_t i = memory_net.count; i-- > 0;)
        if (memory_net.streams[i]->is_backend && !memory_net.streams[i]->closed)
            return memory_net.streams[i];
    return NULL;
}

static size_t bytes_at_backends(void)
{
    size_t bytes = 0;

    for (size_t i = 0; i < memory_net.count; i++)
        if (memory_net.streams[i]->is_backend)
            bytes += buffer_len(&memory_net.streams[i]->out);
    return bytes;
}

/* Its bytes; when it has been shown out they must lead nowhere. */
void world_client_sends(struct text bytes)
{
    struct stream *stream = world_newest_client();
    bool is_out = stream->closed || stream->lingering;
    size_t before = bytes_at_backends();

    buffer_append_text(&world.sent[world.client_count - 1], bytes);
    memory_peer_sends(stream, bytes);
    CHECK(memory_net_run());
    CHECK(!is_out || bytes_at_backends() == before);
}

static void backend_step(char letter, struct text bytes)
{
    struct stream *backend = world_newest_backend();

    if (!backend)
        return;
    if (letter == 'b')
        memory_peer_sends(backend, bytes);
    else if (letter == 'e')
        memory_peer_ends(backend);
    else if (letter == 'r')
        memory_peer_breaks(backend);
    else
        memory_peer_is_stuck(backend, letter == 's');
}

/* What each may hold is looked at when bytes come; more comes of them in the same turn. */
static void check_memory(void)
{
    for (size_t i = 0; i < world.client_count; i++)
        if (!world.clients[i]->closed)
            CHECK(client_memory(world.clients[i]->owner) <= WORLD_MEMORY + WORLD_MEMORY_TURN);
}

/*
 * c: bytes of the client; E: its end; R: a reset; S: it takes nothing; T: it does again
 * n: another client
 * b: bytes of the backend; e, r, s, t: the same of it
 * x: connects are refused; y: connects break; z: connects are made (as at the beginning)
 * w: wait for a second; W: for a minute
 */
static void play_step(char letter, struct text bytes)
{
    struct stream *client = world_newest_client();

    if (letter == 'c')
        world_client_sends(bytes);
    else if (letter == 'E')
        memory_peer_ends(client);
    else if (letter == 'R')
        memory_peer_breaks(client);
    else if (letter == 'S' || letter == 'T')
        memory_peer_is_stuck(client, letter == 'S');
    else if (letter == 'n')
        add_client();
    else if (letter && strchr("berst", letter))
        backend_step(letter, bytes);
    else if (letter == 'w' || letter == 'W')
        CHECK(memory_net_wait(letter == 'w' ? 1000 : 60000));
    else if (letter && strchr("xyz", letter)) {
        memory_net.refuse_connects = letter == 'x';
        memory_net.break_connects = letter == 'y';
    } else if (rules->more) {
        rules->more(letter, bytes);
    }
    CHECK(memory_net_run());
    check_memory();
}

void world_play(struct text input)
{
    struct text step;

    for (unsigned i = 0; i < rules->steps && input.len; i++) {
        text_split(input, MARK, &step, &input);
        if (step.len)
            play_step(step.at[0], text_from(step, 1));
    }
}

/* Everybody goes; what is left ends by its limits. */
void world_end_play(void)
{
    for (size_t i = 0; i < world.client_count; i++)
        if (!world.clients[i]->closed)
            memory_peer_ends(world.clients[i]);
    CHECK(memory_net_run());
    CHECK(memory_net_wait(LONG_MS));
    CHECK(TAILQ_EMPTY(&world.worker.clients));
    CHECK(world.worker.open_exchanges == 0);
    for (size_t i = 0; i < memory_net.count; i++)
        CHECK(memory_net.streams[i]->closed);
}

void world_begin(const struct world_rules *rules_of_play)
{
    rules = rules_of_play;
    memory_net.with_h2 = rules->h2_clients;
    worker_begin();
    check_begin();
    world.client_count = 0;
    add_client();
}

void world_end(void)
{
    for (size_t i = 0; i < world.client_count; i++)
        buffer_done(&world.sent[i]);
    worker_end();
    memory_net_done();
}
