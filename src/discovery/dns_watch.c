/*
 * tasks.NAME by c-ares on the event loop. Docker's records carry a time to live of ten minutes that
 * means nothing here: every look is a query. Used by discovery.c; what an answer means is
 * membership.c.
 */

#include "discovery/dns_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

/* What 1.34 calls deprecated is all that 1.18 (Debian 12) has. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <event2/event.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/memory.h"
#include "net/deadline.h"

#define TICK_MS        50
#define IN_FLIGHT_MOST 64
#define QUERY_MS       500
#define TRIES          2
#define EDNS_BYTES     4096

/* One name. Freed when it is neither wanted nor asked for. */
struct watched {
    TAILQ_ENTRY(watched) link;
    /* owned */
    char *name;
    /* borrowed */
    struct dns_watch *watch;
    int64_t asked_ms; /* when last; INT64_MIN: never */
    int64_t hurry_until_ms;
    bool in_flight;
    bool wanted;
};

TAILQ_HEAD(watched_list, watched);

struct watched_socket {
    LIST_ENTRY(watched_socket) link;
    struct event *event; /* owned */
    ares_socket_t fd;
};

struct dns_watch {
    /* owned */
    struct watched_list names; /* the one that was asked for longest ago first */
    LIST_HEAD(socket_list, watched_socket) sockets;
    ares_channel channel;
    struct deadline tick;
    struct deadline timeout; /* of c-ares */
    /* borrowed */
    struct io *io;
    dns_answer_function *on_answer;
    void *owner;
    int64_t interval_ms;
    int64_t tokens_us; /* of the rate: a query costs 1 s / DNS_WATCH_RATE */
    int64_t refilled_us;
    uint64_t queries;
    size_t in_flight;
    bool closing;
};

#define QUERY_COST_US (1000000 / DNS_WATCH_RATE)
#define TOKENS_MOST   ((int64_t)QUERY_COST_US * 32)

/* --- c-ares on the loop --------------------------------------------------------------------------
 */

static void set_timeout(struct dns_watch *watch)
{
    struct timeval most = { .tv_sec = 5 };
    struct timeval wait;

    if (!watch->in_flight) {
        deadline_clear(&watch->timeout);
        return;
    }
    ares_timeout(watch->channel, &most, &wait);
    deadline_set(&watch->timeout,
                 io_now_ms(watch->io) + wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1);
}

static void on_timeout(void *owner)
{
    struct dns_watch *watch = owner;

    ares_process_fd(watch->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    set_timeout(watch);
}

static void on_socket(evutil_socket_t fd, short what, void *owner)
{
    struct dns_watch *watch = owner;

    io_enter(watch->io);
    ares_process_fd(watch->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
                    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
    set_timeout(watch);
    io_leave(watch->io);
}

static struct watched_socket *find_socket(struct dns_watch *watch, ares_socket_t fd)
{
    struct watched_socket *found;

    LIST_FOREACH(found, &watch->sockets, link) {
        if (found->fd == fd)
            return found;
    }
    return NULL;
}

static void forget_socket(struct watched_socket *old)
{
    LIST_REMOVE(old, link);
    event_free(old->event);
    free(old);
}

static void watch_socket(void *owner, ares_socket_t fd, int readable, int writable)
{
    struct dns_watch *watch = owner;
    struct watched_socket *watched = find_socket(watch, fd);
    short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

    if (watched)
        forget_socket(watched);
    if (!readable && !writable)
        return;
    watched = memory_new(sizeof(*watched));
    watched->fd = fd;
    watched->event = event_new(io_base(watch->io), fd, what, on_socket, watch);
    if (!watched->event || event_add(watched->event, NULL) < 0)
        abort(); /* out of memory */
    LIST_INSERT_HEAD(&watch->sockets, watched, link);
}

/* --- names ---------------------------------------------------------------------------------------
 */

static struct watched *find_name(struct dns_watch *watch, struct text name)
{
    struct watched *watched;

    TAILQ_FOREACH(watched, &watch->names, link) {
        if (text_equal(text_of(watched->name), name))
            return watched;
    }
    return NULL;
}

static void watched_free(struct watched *watched)
{
    TAILQ_REMOVE(&watched->watch->names, watched, link);
    free(watched->name);
    free(watched);
}

static size_t copy_addresses(const struct hostent *host, struct address *addresses)
{
    size_t count = 0;

    for (char **at = host->h_addr_list; *at && count < DNS_WATCH_ADDRESSES; at++) {
        struct address *address = &addresses[count++];

        *address = (struct address){ 0 };
        address->v4.sin_family = AF_INET;
        memcpy(&address->v4.sin_addr, *at, sizeof(address->v4.sin_addr));
    }
    return count;
}

/* What comes back of one query. */
static enum dns_outcome read_answer(int status, const unsigned char *bytes, int len,
                                    struct address *addresses, size_t *count_out)
{
    struct hostent *host = NULL;

    *count_out = 0;
    if (status == ARES_SUCCESS)
        status = ares_parse_a_reply(bytes, len, &host, NULL, NULL);
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
        return DNS_NOTHING;
    if (status != ARES_SUCCESS)
        return DNS_FAILED;
    *count_out = copy_addresses(host, addresses);
    ares_free_hostent(host);
    return *count_out ? DNS_ADDRESSES : DNS_NOTHING;
}

static void tell(struct watched *watched, int status, const unsigned char *bytes, int len)
{
    struct dns_watch *watch = watched->watch;
    struct dns_answer answer = { .name = text_of(watched->name) };
    struct address *addresses = memory_resize(NULL, DNS_WATCH_ADDRESSES, sizeof(*addresses));

    answer.outcome = read_answer(status, bytes, len, addresses, &answer.count);
    answer.addresses = addresses;
    watch->on_answer(watch->owner, &answer);
    free(addresses);
}

/* The handler may remove the name: it counts as in flight, and so stays, until the handler is back.
 */
static void on_reply(void *owner, int status, int timeouts, unsigned char *bytes, int len)
{
    struct watched *watched = owner;
    struct dns_watch *watch = watched->watch;

    (void)timeouts;
    watch->in_flight--;
    if (watched->wanted && !watch->closing)
        tell(watched, status, bytes, len);
    watched->in_flight = false;
    if (!watched->wanted)
        watched_free(watched);
}

/* --- asking --------------------------------------------------------------------------------------
 */

static void ask(struct watched *watched)
{
    struct dns_watch *watch = watched->watch;
    char record[300];

    snprintf(record, sizeof(record), "tasks.%s", watched->name);
    TAILQ_REMOVE(&watch->names, watched, link);
    TAILQ_INSERT_TAIL(&watch->names, watched, link);
    watched->asked_ms = io_now_ms(watch->io);
    watched->in_flight = true;
    watch->in_flight++;
    watch->queries++;
    watch->tokens_us -= QUERY_COST_US;
    ares_query(watch->channel, record, ns_c_in, ns_t_a, on_reply, watched);
}

static void refill(struct dns_watch *watch)
{
    int64_t now_us = io_now_us(watch->io);

    watch->tokens_us += now_us - watch->refilled_us;
    watch->refilled_us = now_us;
    if (watch->tokens_us > TOKENS_MOST)
        watch->tokens_us = TOKENS_MOST;
}

static bool may_ask(const struct dns_watch *watch)
{
    return watch->tokens_us >= QUERY_COST_US && watch->in_flight < IN_FLIGHT_MOST;
}

static bool is_due(const struct watched *watched, int64_t now_ms)
{
    return watched->wanted && !watched->in_flight &&
           (watched->asked_ms == INT64_MIN ||
            now_ms - watched->asked_ms >= watched->watch->interval_ms);
}

/* Asking moves a name to the end of the list, and may free it: begin again after each. */
static bool ask_next(struct dns_watch *watch, bool only_hurried)
{
    int64_t now_ms = io_now_ms(watch->io);
    struct watched *watched;

    TAILQ_FOREACH(watched, &watch->names, link) {
        if (!is_due(watched, now_ms))
            continue;
        if (only_hurried && watched->hurry_until_ms < now_ms)
            continue;
        ask(watched);
        return true;
    }
    return false;
}

static void on_tick(void *owner)
{
    struct dns_watch *watch = owner;

    refill(watch);
    while (may_ask(watch) && ask_next(watch, true))
        continue;
    while (may_ask(watch) && ask_next(watch, false))
        continue;
    set_timeout(watch);
    deadline_set(&watch->tick, io_now_ms(watch->io) + TICK_MS);
}

void dns_watch_add(struct dns_watch *watch, struct text name)
{
    struct watched *watched = find_name(watch, name);

    if (!watched) {
        watched = memory_new(sizeof(*watched));
        watched->name = text_to_heap(name);
        watched->watch = watch;
        TAILQ_INSERT_HEAD(&watch->names, watched, link);
    }
    if (watched->wanted)
        return;
    watched->wanted = true;
    watched->asked_ms = INT64_MIN;
}

void dns_watch_remove(struct dns_watch *watch, struct text name)
{
    struct watched *watched = find_name(watch, name);

    if (!watched)
        return;
    watched->wanted = false;
    if (!watched->in_flight)
        watched_free(watched);
}

void dns_watch_hurry(struct dns_watch *watch, struct text name, int64_t until_ms)
{
    struct watched *watched = find_name(watch, name);

    if (watched && watched->hurry_until_ms < until_ms)
        watched->hurry_until_ms = until_ms;
}

uint64_t dns_watch_queries(const struct dns_watch *watch)
{
    return watch->queries;
}

/* --- the watch -----------------------------------------------------------------------------------
 */

static int use_server(struct dns_watch *watch, struct text server, struct err *err)
{
    struct address address;
    char written[ADDRESS_TEXT_BYTES];

    if (!server.len)
        return 0;
    if (address_parse(server, &address, err) < 0)
        return err_prefix(err, "dns_server");
    address_print(&address, written);
    if (ares_set_servers_ports_csv(watch->channel, written) != ARES_SUCCESS)
        return err_set(err, "dns_server: %s cannot be used", written);
    return 0;
}

static int open_channel(struct dns_watch *watch, struct err *err)
{
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
        .timeout = QUERY_MS,
        .tries = TRIES,
        .ednspsz = EDNS_BYTES,
        .sock_state_cb = watch_socket,
        .sock_state_cb_data = watch,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
               ARES_OPT_SOCK_STATE_CB;
    int status;

#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0; /* later versions would believe the ten minutes */
    mask |= ARES_OPT_QUERY_CACHE;
#endif
    status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status == ARES_SUCCESS)
        status = ares_init_options(&watch->channel, &options, mask);
    if (status != ARES_SUCCESS)
        return err_set(err, "c-ares: %s", ares_strerror(status));
    return 0;
}

// NOLINTNEXTLINE(readability-function-size): one parameter more than the house likes
int dns_watch_new(struct io *io, const struct dns_watch_options *options,
                  dns_answer_function *on_answer, void *owner, struct dns_watch **watch_out,
                  struct err *err)
{
    struct dns_watch *watch = memory_new(sizeof(*watch));

    watch->io = io;
    watch->on_answer = on_answer;
    watch->owner = owner;
    watch->interval_ms = options->interval_ms;
    watch->refilled_us = io_now_us(io);
    watch->tokens_us = TOKENS_MOST;
    TAILQ_INIT(&watch->names);
    LIST_INIT(&watch->sockets);
    deadline_init(&watch->tick, io, on_tick, watch);
    deadline_init(&watch->timeout, io, on_timeout, watch);
    if (open_channel(watch, err) < 0 || use_server(watch, options->server, err) < 0) {
        dns_watch_free(watch);
        return -1;
    }
    deadline_set(&watch->tick, io_now_ms(io));
    *watch_out = watch;
    return 0;
}

static void release(void *memory)
{
    struct dns_watch *watch = memory;

    if (watch->channel) {
        ares_destroy(watch->channel); /* every query ends, cancelled */
        ares_library_cleanup();
    }
    while (!TAILQ_EMPTY(&watch->names))
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): who is gone has left the list
        watched_free(TAILQ_FIRST(&watch->names));
    while (!LIST_EMPTY(&watch->sockets))
        // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): who is gone has left the list
        forget_socket(LIST_FIRST(&watch->sockets));
    free(watch);
}

void dns_watch_free(struct dns_watch *watch)
{
    if (!watch)
        return;
    watch->closing = true;
    deadline_done(&watch->tick);
    deadline_done(&watch->timeout);
    /* perhaps from inside an answer: c-ares goes at the end of the turn */
    io_free_later(watch->io, watch, release);
}
