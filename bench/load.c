/*
 * swarmward-load: the load generator of bench/run. One thread, one epoll loop; clients in client.c
 * make the requests, this file starts them, stops them, and counts. It knows nothing of the proxies
 * and measures only what a client can see.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "histogram.h"
#include "plan.h"

#define EVENTS_AT_ONCE     256
#define IDLE_AT_ONCE       64                         /* handshakes under way in idle mode */
#define STALLED_NS         ((int64_t)30 * 1000000000) /* after the end: give up what is not answered */
#define RETRY_NS           ((int64_t)10 * 1000000)    /* after a failure: no storm */
#define LONGEST_FAILURE_NS ((int64_t)20 * 1000000000) /* nothing but failures: give up */

struct load {
    struct plan plan;
    /* owned */
    SSL_CTX *tls;
    struct client *clients;
    int epoll_fd;
    /* of the current phase */
    size_t busy;    /* clients with a request under way */
    size_t resting; /* clients that go on at their due_ns */
    int64_t deadline_ns;
    int64_t last_done_ns;
    uint64_t results[CLIENT_RESULTS];
    struct histogram latencies;
};

static const char *const result_names[CLIENT_RESULTS] = {
    [CLIENT_NO_CONN] = "no_connection", [CLIENT_NO_TLS] = "no_tls",
    [CLIENT_RESET] = "reset",           [CLIENT_RACE] = "keepalive_race",
    [CLIENT_MALFORMED] = "malformed",   [CLIENT_STATUS] = "status",
    [CLIENT_LENGTH] = "length",         [CLIENT_RESUMED] = "resumption",
};

static void settle(struct load *load, struct client *client, enum client_result result);

static void begin(struct load *load, struct client *client)
{
    load->busy++;
    settle(load, client, client_begin(client, load->epoll_fd));
}

static void rest(struct load *load, struct client *client, int64_t pause_ns)
{
    /* between half and one and a half of the pause: the clients must not march in step */
    client->due_ns = now_ns() + pause_ns / 2 + (int64_t)((double)pause_ns * drand48());
    load->resting++;
}

/* A request is over, or not. What the client does next is decided here and nowhere else. */
static void settle(struct load *load, struct client *client, enum client_result result)
{
    if (result == CLIENT_BUSY)
        return;
    load->results[result]++;
    if (client->due_ns != 0)
        return; /* it rests: its next request opens a connection */
    load->busy--;
    if (result == CLIENT_DONE) {
        load->last_done_ns = now_ns();
        histogram_add(&load->latencies, load->last_done_ns - client->begun_ns);
    }
    rest(load, client, result == CLIENT_DONE ? load->plan.pause_ns : RETRY_NS);
}

/* Starts the clients that have rested enough. They are not started from settle(): no recursion. */
static void start_due(struct load *load)
{
    int64_t now = now_ns();

    for (size_t i = 0; i < load->plan.connections && load->resting > 0; i++) {
        struct client *client = &load->clients[i];

        if (client->due_ns == 0 || client->due_ns > now)
            continue;
        client->due_ns = 0;
        load->resting--;
        begin(load, client);
    }
}

static bool stdin_has_news(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

    return poll(&input, 1, 0) > 0;
}

static void wait_for_line(void)
{
    char byte;

    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        ;
}

/* Without pauses a client goes on at once, so only the rests need the sweep over all of them. */
static void go_on(struct load *load, struct client *client)
{
    while (client->due_ns != 0 && load->plan.pause_ns == 0 && now_ns() >= client->due_ns) {
        client->due_ns = 0;
        load->resting--;
        begin(load, client);
    }
}

/* Returns how many sockets had news. */
static int turn(struct load *load, bool starting)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int timeout_ms = load->resting > 0 && starting ? 1 : 50;
    int count = epoll_wait(load->epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);

    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;

        settle(load, client, client_step(client));
        if (client->state == CLIENT_RESTING && load->plan.pause_ns > 0)
            settle(load, client, client_step(client)); /* what came behind the response */
        if (starting)
            go_on(load, client);
    }
    return count;
}

static void phase_clear(struct load *load)
{
    memset(load->results, 0, sizeof(load->results));
    histogram_clear(&load->latencies);
    load->resting = load->plan.connections;
    for (size_t i = 0; i < load->plan.connections; i++)
        load->clients[i].due_ns = 1;
}

/* Requests for `duration_ns`, then those under way to their end. Returns how long it took. */
static int64_t phase_run(struct load *load, int64_t duration_ns, bool stoppable)
{
    int64_t begun = now_ns();
    int64_t next_look = begun;
    int64_t now = begun;

    phase_clear(load);
    load->deadline_ns = begun + duration_ns;
    load->last_done_ns = begun;
    while (now < load->deadline_ns && now - load->last_done_ns < LONGEST_FAILURE_NS) {
        if (load->resting > 0)
            start_due(load);
        turn(load, true);
        now = now_ns();
        if (!stoppable || now < next_look)
            continue;
        next_look = now + 2000000;
        if (stdin_has_news())
            load->deadline_ns = now;
    }
    while (load->busy > 0 && now - load->deadline_ns < STALLED_NS) {
        turn(load, false);
        now = now_ns();
    }
    load->results[CLIENT_RESET] += load->busy;
    load->busy = 0;
    return (load->last_done_ns > load->deadline_ns ? load->last_done_ns : load->deadline_ns) -
           begun;
}

/* One request on every connection, a few at a time; then all rest. */
static void idle_fill(struct load *load)
{
    size_t begun = 0;
    int64_t last = now_ns();

    phase_clear(load);
    load->resting = 0;
    while (begun < load->plan.connections || load->busy > 0) {
        while (load->busy < IDLE_AT_ONCE && begun < load->plan.connections) {
            load->clients[begun].due_ns = 0;
            begin(load, &load->clients[begun++]);
        }
        turn(load, false);
        if (now_ns() - last > STALLED_NS * 4)
            break;
    }
}

/* A second request on every connection: how many were open, and good for it? */
static size_t idle_count(struct load *load)
{
    size_t good = 0;

    while (turn(load, false) > 0)
        ; /* those that were closed meanwhile */
    idle_fill(load);
    for (size_t i = 0; i < load->plan.connections; i++)
        good += load->clients[i].state == CLIENT_RESTING && load->clients[i].requests == 2;
    return good;
}

static void report(const struct load *load, int64_t elapsed_ns)
{
    const char *comma = "";

    printf("{\"done\": %llu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"failed\": {",
           (unsigned long long)load->results[CLIENT_DONE], (double)elapsed_ns / 1e9,
           (double)histogram_percentile_ns(&load->latencies, 0.50) / 1e3,
           (double)histogram_percentile_ns(&load->latencies, 0.99) / 1e3);
    for (int i = 0; i < CLIENT_RESULTS; i++) {
        if (result_names[i] == NULL || load->results[i] == 0)
            continue;
        printf("%s\"%s\": %llu", comma, result_names[i], (unsigned long long)load->results[i]);
        comma = ", ";
    }
    printf("}}\n");
}

static void run(struct load *load)
{
    int64_t elapsed;

    if (load->plan.mode == LOAD_IDLE) {
        idle_fill(load);
        printf("ready\n");
        wait_for_line();
        load->results[CLIENT_DONE] = idle_count(load);
        report(load, 0);
    } else {
        phase_run(load, load->plan.warmup_ns, false);
        printf("ready\n");
        wait_for_line();
        elapsed = phase_run(load, load->plan.duration_ns, true);
        report(load, elapsed);
    }
    wait_for_line(); /* the connections stay until the reader has looked at the proxy */
}

static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static struct load load;

    plan_read(&load.plan, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    raise_file_limit();
    load.tls = client_tls_new(&load.plan);
    load.clients = calloc(load.plan.connections, sizeof(*load.clients));
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (load.clients == NULL || load.epoll_fd < 0) {
        fprintf(stderr, "swarmward-load: %s\n", strerror(errno));
        return 1;
    }
    for (size_t i = 0; i < load.plan.connections; i++)
        client_init(&load.clients[i], &load.plan, load.tls);
    run(&load);
    for (size_t i = 0; i < load.plan.connections; i++)
        client_done(&load.clients[i]);
    free(load.clients);
    SSL_CTX_free(load.tls);
    close(load.epoll_fd);
    return 0;
}
