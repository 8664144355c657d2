/*
 * swarmward-worker: the process that reads what the internet sends. Boots on the descriptors that
 * the parent left open, takes its orders from the channel, and runs the loop until told to stop.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "acceptor.h"
#include "access_log.h"
#include "admission.h"
#include "backend/endpoint.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/client.h"
#include "exchange/exchange.h"
#include "ipc/channel.h"
#include "net/deadline.h"
#include "orders.h"
#include "policy/verifier.h"
#include "process/descriptors.h"
#include "process/sandbox.h"
#include "process/spawn.h"
#include "tls/signer.h"
#include "tls/tls_server.h"
#include "turn.h"
#include "worker.h"

#define ALIVE_MS 1000
/* What encoders may hold; responses beyond it go as they are. */
#define ENCODER_BYTES ((size_t)128 * 1024 * 1024)

static void tune_heap(void)
{
    /* Buffers of 17 KiB come and go with every record: keep them, do not give them back to the
     * kernel and fault them in again (DESIGN section 7: it cost a peer a factor of four). */
    mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_ARENA_MAX, 1);
}

static int arguments(int argc, char **argv, unsigned *index_out, bool *has_keys_out)
{
    uint64_t index;

    *has_keys_out = argc == 4 && text_equal(text_of(argv[3]), TEXT("--has-keys"));
    if (argc != (*has_keys_out ? 4 : 3) || !text_equal(text_of(argv[1]), TEXT("--index")) ||
        !text_to_u64(text_of(argv[2]), &index) || index >= BOARD_WORKERS) {
        fputs("swarmward-worker is started by swarmward, not by hand; see swarmward --help\n",
              stderr);
        return -1;
    }
    *index_out = (unsigned)index;
    return 0;
}

static int worker_open(struct worker *worker, unsigned index, bool has_keys, struct err *err)
{
    worker->index = index;
    worker->board = board_map(CHILD_BOARD, err);
    if (!worker->board)
        return -1;
    worker->counters = &worker->board->worker[index];
    board_worker_begin(worker->counters);
    worker->io = io_new();
    worker->encoders.most = ENCODER_BYTES;
    if (!has_keys)
        worker->signer = signer_new(worker->io, worker->counters);
    worker->tls = tls_server_new(worker->signer);
    worker->admission = admission_new(worker);
    worker->log = access_log_new(worker);
    worker->endpoints = endpoint_table_new(worker);
    worker->lines = memory_new(FIELD_LINES_MAX * sizeof(*worker->lines));
    worker->domain_owners = memory_new(BOARD_DOMAINS * sizeof(*worker->domain_owners));
    worker->turn = turn_new(worker->io);
    TAILQ_INIT(&worker->clients);
    worker->verifier = verifier_new(worker);
    worker->channel = channel_new(worker->io, CHILD_CHANNEL, &worker_orders, worker);
    return 0;
}

static void worker_close(struct worker *worker)
{
    io_enter(worker->io);
    while (!TAILQ_EMPTY(&worker->clients))
        client_close(TAILQ_FIRST(&worker->clients));
    io_leave(worker->io);
    acceptors_free(worker);
    verifier_free(worker->verifier);
    access_log_free(worker->log);
    exchange_free_spares(worker);
    serving_unref(worker->prepared);
    serving_unref(worker->serving);
    endpoint_table_free(worker->endpoints);
    turn_free(worker->turn);
    admission_free(worker->admission);
    tls_server_free(worker->tls);
    signer_free(worker->signer);
    channel_free(worker->channel);
    buffer_done(&worker->head_out);
    free(worker->lines);
    free(worker->domain_owners);
    io_free(worker->io);
    board_unmap(worker->board);
}

struct heartbeat {
    struct worker *worker;
    struct deadline next;
};

static void on_heartbeat(void *owner)
{
    struct heartbeat *heartbeat = owner;
    struct worker *worker = heartbeat->worker;
    int64_t now_ms = io_now_ms(worker->io);

    atomic_store_explicit(&worker->counters->alive_ms, now_ms, memory_order_relaxed);
    if (worker->draining)
        worker_drain_step(worker);
    deadline_set(&heartbeat->next, now_ms + (worker->draining ? ALIVE_MS / 4 : ALIVE_MS));
}

int main(int argc, char **argv)
{
    struct worker worker = { 0 };
    struct heartbeat heartbeat = { .worker = &worker };
    struct err err;
    unsigned index;
    bool has_keys;

    if (arguments(argc, argv, &index, &has_keys) < 0)
        return 2;
    child_begin("swarmward-worker");
    tune_heap();
    if (worker_open(&worker, index, has_keys, &err) < 0) {
        log_error("event=start_failed reason=\"%s\"", err.text);
        return 1;
    }
    sandbox_confine_threads(SANDBOX_WORKER, &worker.board->workers[index].refused_call,
                            verifier_start, worker.verifier);
    deadline_init(&heartbeat.next, worker.io, on_heartbeat, &heartbeat);
    deadline_set(&heartbeat.next, io_now_ms(worker.io) + ALIVE_MS);
    io_run(worker.io);
    deadline_done(&heartbeat.next);
    worker_close(&worker);
    return 0;
}
