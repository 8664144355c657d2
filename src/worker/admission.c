/*
 * Connection limits. Counts are on the shared board, each worker writing its own, so that a limit
 * holds over all workers and a crashed worker's share is gone with it.
 */

#include "admission.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "acceptor.h"
#include "base/memory.h"
#include "client/client.h"
#include "worker.h"

/* CONFIG.md section 4: min(45 % of the descriptors, 20,000): a connection may need two of them. */
#define AUTO_PERCENT 45
#define AUTO_MOST    20000

struct admission {
    struct client_list idle; /* the one that has been idle for longest first */
    struct worker *worker;
    int64_t descriptor_limit;
};

struct admission *admission_new(struct worker *worker)
{
    struct admission *admission = memory_new(sizeof(*admission));
    struct rlimit limit = { 0 };

    TAILQ_INIT(&admission->idle);
    admission->worker = worker;
    getrlimit(RLIMIT_NOFILE, &limit);
    admission->descriptor_limit =
        limit.rlim_cur > INT64_MAX / 100 ? AUTO_MOST : (int64_t)limit.rlim_cur * AUTO_PERCENT / 100;
    return admission;
}

void admission_free(struct admission *admission)
{
    free(admission);
}

static uint64_t open_in_all_workers(const struct worker *worker)
{
    uint32_t workers = atomic_load_explicit(&worker->board->worker_count, memory_order_relaxed);
    uint64_t open = 0;

    for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
        open += board_get(&worker->board->worker[i].connections_open);
    return open;
}

bool admission_is_full(const struct admission *admission)
{
    const struct worker *worker = admission->worker;
    int64_t total = worker->serving->snapshot->limits.connections_total;
    int64_t here = (int64_t)board_get(&worker->counters->connections_open);

    if (here >= admission->descriptor_limit)
        return true;
    if (total < 0)
        return here >= AUTO_MOST;
    return total > 0 && open_in_all_workers(worker) >= (uint64_t)total;
}

bool admission_shed_idle(struct admission *admission)
{
    struct client *oldest = TAILQ_FIRST(&admission->idle);

    if (!oldest)
        return false;
    COUNT(admission->worker, connections_shed, 1);
    client_close(oldest);
    return true;
}

void admission_close_idle(struct admission *admission, long least_ms)
{
    int64_t before_ms = io_now_ms(admission->worker->io) - least_ms;
    struct client *oldest;

    while ((oldest = TAILQ_FIRST(&admission->idle)) && oldest->idle_since_ms <= before_ms)
        client_close(oldest);
}

/* Two independent rows of a count-min sketch: what both say is too many, is too many but by rare
 * chance. */
static size_t column(const struct client *client, const struct worker *worker, unsigned row)
{
    uint64_t hash = hash_mix(address_host_hash(&client->address) ^ worker->board->address_key[row]);

    return (size_t)(hash % BOARD_ADDRESSES);
}

static uint64_t connections_of(const struct client *client, const struct worker *worker)
{
    uint32_t workers = atomic_load_explicit(&worker->board->worker_count, memory_order_relaxed);
    uint64_t least = UINT64_MAX;

    for (unsigned row = 0; row < BOARD_ADDRESS_ROWS; row++) {
        size_t at = column(client, worker, row);
        uint64_t sum = 0;

        for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
            sum += atomic_load_explicit(&worker->board->worker[i].addresses[row][at],
                                        memory_order_relaxed);
        least = sum < least ? sum : least;
    }
    return least;
}

static void count_address(const struct client *client, struct worker *worker, int amount)
{
    for (unsigned row = 0; row < BOARD_ADDRESS_ROWS; row++) {
        _Atomic uint32_t *count = &worker->counters->addresses[row][column(client, worker, row)];

        atomic_store_explicit(count,
                              atomic_load_explicit(count, memory_order_relaxed) + (uint32_t)amount,
                              memory_order_relaxed);
    }
}

static bool came_within(int fd, const struct address_prefix *network)
{
    struct address local = { 0 };
    socklen_t len = sizeof(local);

    return getsockname(fd, &local.any, &len) == 0 && address_prefix_contains(network, &local);
}

/*
 * One address of the routing mesh stands for many clients: it has no limit of its own. The mesh has
 * both ends of the connection in its network; a client whose own network has the same numbers
 * (Docker takes 10.0.0.0/24 unless told otherwise) comes to another address of ours.
 */
static bool is_shared_source(const struct snapshot *snapshot, const struct client *client, int fd)
{
    for (uint32_t i = 0; i < snapshot->shared_source_count; i++)
        if (address_prefix_contains(&snapshot->shared_sources[i], &client->address) &&
            came_within(fd, &snapshot->shared_sources[i]))
            return true;
    return false;
}

bool admission_enter_address(struct admission *admission, struct client *client)
{
    struct worker *worker = admission->worker;
    int64_t per_ip = worker->serving->snapshot->limits.connections_per_ip;

    if (per_ip <= 0)
        return true;
    if (connections_of(client, worker) >= (uint64_t)per_ip)
        return false;
    client->counted_by_address = true;
    count_address(client, worker, 1);
    return true;
}

bool admission_enter(struct admission *admission, struct client *client, int fd)
{
    struct worker *worker = admission->worker;
    bool shared = is_shared_source(worker->serving->snapshot, client, fd);

    client->shared_source = shared && !client->by_proxy;
    if (shared)
        COUNT(worker, mesh_connections, 1);
    if (!shared && !client->by_proxy && !admission_enter_address(admission, client))
        return false;
    COUNT(worker, connections_open, 1);
    return true;
}

void admission_leave(struct admission *admission, struct client *client)
{
    admission_is_busy(admission, client);
    if (client->counted_by_address)
        count_address(client, admission->worker, -1);
    client->counted_by_address = false;
    COUNT(admission->worker, connections_open, -1);
    acceptors_resume(admission->worker);
}

void admission_is_idle(struct admission *admission, struct client *client)
{
    if (client->idle)
        return;
    client->idle = true;
    client->idle_since_ms = io_now_ms(admission->worker->io);
    TAILQ_INSERT_TAIL(&admission->idle, client, idle_link);
}

void admission_is_busy(struct admission *admission, struct client *client)
{
    if (!client->idle)
        return;
    client->idle = false;
    TAILQ_REMOVE(&admission->idle, client, idle_link);
}
