/*
 * Whole exchanges: a worker between clients and backends that are nothing but bytes of the input.
 * The input is a play: 0xFE and a letter begin a step (see `steps` below), what follows are bytes.
 *
 * Whatever is played: every exchange ends when its peers have; nobody spins; what backends get are
 * requests that our own parser takes, each with one framing, our fields and no other Host; what
 * clients get are responses, no more than there were requests, and one that is not complete is cut
 * so that it can be seen; when a client is shown out, nothing of it reaches a backend any more.
 */

#include "access_log.h"
#include "admission.h"
#include "backend/endpoint.h"
#include "base/memory.h"
#include "client/client.h"
#include "exchange/exchange.h"
#include "http/framing.h"
#include "http_check.h"
#include "memory_net.h"
#include "worker.h"

#define MARK        '\xFE'
#define BYTES_MAX   16384
#define STEPS_MAX   64
#define CLIENTS_MAX 4
#define IDS_MAX     1024
#define LONG_MS     (INT64_C(3) * 3600 * 1000) /* longer than every limit */

static const struct h1_limits wide = { .head_bytes = 65536, .fields = 256, .target_bytes = 65536 };
static struct field_line lines[FIELD_LINES_MAX];

static struct worker worker;
static struct stream *clients[CLIENTS_MAX];
static struct buffer sent[CLIENTS_MAX]; /* by the client */
static size_t client_count;

/* --- the worker ------------------------------------------------------------------------------- */

static const struct service_policy *service_policy(struct arena *arena)
{
    struct service_policy *policy = arena_new(arena, 1, sizeof(*policy));

    fields_set_defaults(&service_fields, policy, arena);
    policy->max_connections = 2;
    policy->queue_size = 2;
    return policy;
}

static const struct route_policy *route_policy(struct arena *arena)
{
    struct route_policy *policy = arena_new(arena, 1, sizeof(*policy));

    fields_set_defaults(&route_fields, policy, arena);
    policy->max_body_bytes = 4096;
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
    CHECK(snapshot_index(snapshot, NULL) == 0);
    return snapshot;
}

static void worker_begin(void)
{
    static struct board *board;
    static struct io *io;
    struct snapshot *snapshot = make_snapshot();
    struct err err;

    if (!board) {
        int fd = board_create(&err);

        board = board_map(fd, &err);
        CHECK(board);
        board->worker_count = 1;
    }
    worker = (struct worker){ .board = board, .counters = &board->worker[0] };
    worker.io = io = io ? io : io_new(); /* knows nothing of what was played before */
    worker.endpoints = endpoint_table_new(&worker);
    worker.lines = memory_new(FIELD_LINES_MAX * sizeof(*worker.lines));
    worker.domain_owners = memory_new(BOARD_DOMAINS * sizeof(*worker.domain_owners));
    TAILQ_INIT(&worker.clients);
    worker.admission = admission_new(&worker);
    worker.log = access_log_new(&worker);
    worker.serving = serving_new(&worker, snapshot, NULL);
    snapshot_unref(snapshot);
}

static void worker_end(void)
{
    exchange_free_spares(&worker);
    serving_unref(worker.serving);
    endpoint_table_free(worker.endpoints);
    access_log_free(worker.log);
    admission_free(worker.admission);
    buffer_done(&worker.head_out);
    free(worker.lines);
    free(worker.domain_owners);
}

/* --- the play --------------------------------------------------------------------------------- */

static void add_client(void)
{
    struct address address;

    if (client_count == CLIENTS_MAX)
        return;
    CHECK(address_parse(TEXT("198.51.100.7:4321"), &address, NULL) == 0);
    io_enter(worker.io);
    client_new(&worker, LISTENER_HTTPS, 1000000, &address);
    io_leave(worker.io);
    clients[client_count++] = memory_net.streams[memory_net.count - 1];
}

static struct stream *newest_client(void)
{
    return clients[client_count - 1];
}

/* NULL: none is open. */
static struct stream *newest_backend(void)
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
static void client_sends(struct text bytes)
{
    struct stream *stream = newest_client();
    bool is_out = stream->closed || stream->lingering;
    size_t before = bytes_at_backends();

    buffer_append_text(&sent[client_count - 1], bytes);
    memory_peer_sends(stream, bytes);
    CHECK(memory_net_run());
    CHECK(!is_out || bytes_at_backends() == before);
}

static void backend_step(char letter, struct text bytes)
{
    struct stream *backend = newest_backend();

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

/*
 * c bytes of the client; E its end; R a reset; S it takes nothing; T it does again; n another
 * client b bytes of the backend; e, r, s, t the same of it x connects are refused; y connects
 * break; z connects are made (as at the beginning) w wait for a second; W for a minute
 */
static void play_step(char letter, struct text bytes)
{
    struct stream *client = newest_client();

    if (letter == 'c')
        client_sends(bytes);
    else if (letter == 'E')
        memory_peer_ends(client);
    else if (letter == 'R')
        memory_peer_breaks(client);
    else if (letter == 'S' || letter == 'T')
        memory_peer_is_stuck(client, letter == 'S');
    else if (letter == 'n')
        add_client();
    else if (strchr("berst", letter) && letter)
        backend_step(letter, bytes);
    else if (letter == 'w' || letter == 'W')
        CHECK(memory_net_wait(letter == 'w' ? 1000 : 60000));
    else if (strchr("xyz", letter) && letter) {
        memory_net.refuse_connects = letter == 'x';
        memory_net.break_connects = letter == 'y';
    }
    CHECK(memory_net_run());
}

static void play(struct text input)
{
    struct text step;

    for (int i = 0; i < STEPS_MAX && input.len; i++) {
        text_split(input, MARK, &step, &input);
        if (step.len)
            play_step(step.at[0], text_from(step, 1));
    }
}

/* Everybody goes; what is left ends by its limits. */
static void end_play(void)
{
    for (size_t i = 0; i < client_count; i++)
        if (!clients[i]->closed)
            memory_peer_ends(clients[i]);
    CHECK(memory_net_run());
    CHECK(memory_net_wait(LONG_MS));
    CHECK(TAILQ_EMPTY(&worker.clients));
    CHECK(worker.open_exchanges == 0);
    for (size_t i = 0; i < memory_net.count; i++)
        CHECK(memory_net.streams[i]->closed);
}

/* --- what came of it -------------------------------------------------------------------------- */

/* True: it ended well; `*input` is behind it. */
static bool skip_body(const struct framing *framing, const struct h1_limits *limits,
                      struct text *input)
{
    struct arena arena = { 0 };
    struct body_reader reader;
    struct h1_refusal refusal;
    enum parse_result result = PARSE_MORE;

    body_reader_init(&reader, framing, limits, &arena);
    do {
        struct text piece = TEXT_NONE;

        result = body_reader_next(&reader, input, &piece, &refusal);
    } while (result == PARSE_MORE && input->len);
    CHECK(result != PARSE_BAD || limits != &wide); /* not in what we have written */
    body_reader_done(&reader);
    arena_done(&arena);
    return result == PARSE_DONE;
}

/* Requests that a backend got whole, each counted once, however often it was sent again. */
static struct {
    char ids[IDS_MAX][EXCHANGE_ID_BYTES];
    size_t count;
} whole;

static void count_whole(const struct request_head *head)
{
    struct text id = field_list_find(&head->fields, FIELD_X_REQUEST_ID)->value;

    CHECK(id.len == EXCHANGE_ID_BYTES);
    for (size_t i = 0; i < whole.count; i++)
        if (memcmp(whole.ids[i], id.at, id.len) == 0)
            return;
    CHECK(whole.count < IDS_MAX);
    memcpy(whole.ids[whole.count++], id.at, id.len);
}

static void check_request(const struct request_head *head)
{
    const struct field_list *fields = &head->fields;

    CHECK(head->minor_version == 1 && head->scheme.len == 0);
    CHECK(text_equal_nocase(head->host, TEXT("a.test")));
    CHECK(count_fields(fields, FIELD_HOST) == 1);
    CHECK(count_fields(fields, FIELD_X_REQUEST_ID) == 1);
    CHECK(count_fields(fields, FIELD_X_FORWARDED) == 3);
    CHECK(count_fields(fields, FIELD_FORWARDED) + count_fields(fields, FIELD_IDENTITY) == 0);
    for (size_t i = 0; i < fields->count; i++)
        if (text_equal_nocase(fields->lines[i].name, TEXT("X-Forwarded-For")))
            CHECK(text_equal(fields->lines[i].value, TEXT("198.51.100.7")));
}

static void check_backend(const struct stream *stream)
{
    struct text input = buffer_text(&stream->out);

    while (input.len) {
        struct request_head head;
        struct h1_scan scan = { 0 };
        struct h1_refusal refusal;
        struct framing framing;
        size_t used;

        CHECK(h1_parse_request(input, &wide, &scan, lines, &head, &used, &refusal) == PARSE_DONE);
        CHECK(framing_of_request(&head, &framing, &refusal) == 0);
        check_request(&head);
        input = text_from(input, used);
        if (framing.kind != BODY_NONE && !skip_body(&framing, &wide, &input))
            return; /* given up; nothing may follow, and nothing did */
        count_whole(&head);
        if (framing.wants_upgrade)
            return; /* what follows is another protocol, if it was switched to */
    }
}

struct sent_request {
    enum http_method method;
    bool old;   /* HTTP/1.0 */
    bool whole; /* to its end, and good */
};

/* The next request in what a client sent. False: there is none whose head is whole and good. */
static bool next_request(struct text *input, struct sent_request *request_out)
{
    static const struct h1_limits limits = { .head_bytes = 2048,
                                             .fields = 32,
                                             .target_bytes = 512 };
    static struct field_line lines_of_request[FIELD_LINES_MAX];
    struct request_head head;
    struct h1_scan scan = { 0 };
    struct h1_refusal refusal;
    struct framing framing;
    size_t used;

    if (!input->len || h1_parse_request(*input, &limits, &scan, lines_of_request, &head, &used,
                                        &refusal) != PARSE_DONE)
        return false;
    *request_out = (struct sent_request){ .method = head.method, .old = head.minor_version == 0 };
    *input = text_from(*input, used);
    if (framing_of_request(&head, &framing, &refusal) == 0)
        request_out->whole = framing.kind == BODY_NONE || skip_body(&framing, &limits, input);
    if (!request_out->whole)
        *input = TEXT_NONE;
    return true;
}

static size_t whole_requests(struct text requests)
{
    struct sent_request request;
    size_t count = 0;

    while (next_request(&requests, &request))
        count += request.whole;
    return count;
}

/* Is somebody still at work on its response? */
static bool is_answered(const struct stream *stream)
{
    return !stream->closed && ((const struct client *)stream->owner)->h1.exchange;
}

static void check_client(const struct stream *stream, struct text requests)
{
    struct text output = buffer_text(&stream->out);
    struct sent_request request = { 0 };
    bool known = false;
    bool refused = false;

    while (output.len) {
        struct response_head head;
        struct h1_scan scan = { 0 };
        struct h1_refusal refusal;
        struct framing framing;
        size_t used;

        CHECK(h1_parse_response(output, &wide, &scan, lines, &head, &used, &refusal) == PARSE_DONE);
        output = text_from(output, used);
        if (!known) {
            CHECK(!refused); /* an answer to a request that was none is the last */
            request = (struct sent_request){ 0 };
            known = next_request(&requests, &request);
            refused = !known;
        }
        if (head.status == 101)
            return;
        CHECK(framing_of_response(&head, request.method, false, &framing, &refusal) == 0);
        CHECK(head.status >= 200 || (known && !request.old));
        if (head.status < 200)
            continue;
        CHECK(!request.old || framing.kind != BODY_CHUNKED);
        CHECK(known || head.status >= 400);
        known = false;
        if (framing.kind != BODY_NONE && !skip_body(&framing, &wide, &output)) {
            /* cut, or not there yet, or ended by the end of all */
            CHECK(stream->closed || is_answered(stream) ||
                  (framing.kind == BODY_UNTIL_CLOSE && stream->lingering));
            CHECK(!output.len);
            return;
        }
        CHECK(framing.persistent || !output.len);
    }
}

static void check_clients(void)
{
    for (size_t i = 0; i < client_count; i++)
        check_client(clients[i], buffer_text(&sent[i]));
}

static void check_backends(void)
{
    size_t sent_whole = 0;

    whole.count = 0;
    for (size_t i = 0; i < memory_net.count; i++)
        if (memory_net.streams[i]->is_backend)
            check_backend(memory_net.streams[i]);
    for (size_t i = 0; i < client_count; i++)
        sent_whole += whole_requests(buffer_text(&sent[i]));
    CHECK(whole.count <= sent_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len > BYTES_MAX)
        return 0;
    worker_begin();
    client_count = 0;
    add_client();
    play(text_make((const char *)bytes, len));
    check_clients();
    end_play();
    check_clients();
    check_backends();
    for (size_t i = 0; i < client_count; i++)
        buffer_done(&sent[i]);
    worker_end();
    memory_net_done();
    return 0;
}
