/* The parent's messages, carried out. A message that the parent may not send ends the worker. */

#include "orders.h"

#include <string.h>
#include <unistd.h>

#include "acceptor.h"
#include "access_log.h"
#include "admission.h"
#include "backend/endpoint.h"
#include "base/log.h"
#include "client/client.h"
#include "exchange/exchange_counters.h"
#include "ipc/messages.h"
#include "ipc/verdict.h"
#include "model/keyring.h"
#include "model/snapshot.h"
#include "tls/signer.h"
#include "tls/tls_backend.h"
#include "tls/tls_server.h"
#include "worker.h"

/*
 * A client that has just had its answer may be sending its next request: only who has been quiet
 * for this long is shown out while draining.
 */
#define DRAIN_QUIET_MS 1000

/* The ticket secret, and the private keys where this worker has them itself. */
static struct keyring *secrets_from(const struct channel_message *message, struct err *err)
{
    struct keyring *tickets = keyring_from_fd(message->fds[1], err);
    struct keyring *keys;

    if (!tickets || message->fd_count == 2)
        return tickets;
    keys = keyring_from_fd(message->fds[2], err);
    if (keys)
        memcpy(keys->ticket_secret, tickets->ticket_secret, sizeof(keys->ticket_secret));
    keyring_unref(tickets);
    return keys;
}

/* What is served now is used again as long as it is the same. NULL is fine when no service has TLS;
 * -1: `err` says why not. */
static int prepare_backend_tls(const struct worker *worker, const struct snapshot *snapshot,
                               const struct keyring *keyring, struct tls_backend **backend_out,
                               struct err *err)
{
    const struct tls_client_keys keys = { .signer = worker->signer, .keyring = keyring };
    struct tls_backend *now = worker->serving ? worker->serving->backend_tls : NULL;

    *backend_out = NULL;
    if (!snapshot->backend_tls.ca.len)
        return 0;
    if (now && tls_backend_fits(now, snapshot)) {
        *backend_out = tls_backend_ref(now);
        return 0;
    }
    *backend_out = tls_backend_new(snapshot, &keys, err);
    return *backend_out ? 0 : -1;
}

/* The prepared snapshot is in `worker->prepared`, or `err` says why not. */
static int prepare_fds(struct worker *worker, const struct channel_message *message,
                       struct err *err)
{
    struct snapshot *snapshot = snapshot_from_fd(message->fds[0], err);
    struct keyring *keyring = NULL;
    struct tls_backend *backend_tls = NULL;
    int status = -1;

    if (!snapshot)
        return -1;
    keyring = secrets_from(message, err);
    if (keyring && prepare_backend_tls(worker, snapshot, keyring, &backend_tls, err) == 0) {
        status = tls_server_prepare(worker->tls, snapshot, keyring, err);
        if (status == 0)
            worker->prepared = serving_new(worker, snapshot, backend_tls);
        else
            tls_backend_unref(backend_tls);
    }
    keyring_unref(keyring);
    snapshot_unref(snapshot);
    return status;
}

static void cancel(struct worker *worker)
{
    if (!worker->prepared)
        return;
    tls_server_cancel(worker->tls);
    serving_unref(worker->prepared);
    worker->prepared = NULL;
}

static int prepare(struct worker *worker, const struct channel_message *message)
{
    struct message_generation order;
    struct err err;

    if (message_generation_get(message->body, &order) < 0 ||
        message->fd_count != (worker->signer ? 2 : 3))
        return -1;
    cancel(worker);
    if (prepare_fds(worker, message, &err) < 0)
        verdict_send(worker->channel, order.generation, err.text);
    else
        verdict_send(worker->channel, order.generation, NULL);
    return 0;
}

static int commit(struct worker *worker, const struct channel_message *message)
{
    struct serving *older = worker->serving;
    struct message_generation order;

    if (message_generation_get(message->body, &order) < 0 || !worker->prepared)
        return -1;
    tls_server_commit(worker->tls);
    serving_carry_over(older, worker->prepared);
    worker->serving = worker->prepared;
    worker->prepared = NULL;
    endpoint_table_settle(worker->endpoints, worker->serving->snapshot);
    exchange_counters_settle(worker);
    serving_requeue(older);
    serving_unref(older); /* exchanges that run hold their own reference */
    log_set_level((enum log_level)worker->serving->snapshot->log.error_level);
    atomic_store_explicit(&worker->counters->generation, order.generation, memory_order_relaxed);
    acceptors_close_gone(worker);
    acceptors_start(worker);
    return 0;
}

static int listen_there(struct worker *worker, struct channel_message *message)
{
    struct message_listener listener;
    int fd = channel_message_take_fd(message, 0);

    if (fd < 0 || message_listener_get(message->body, &listener) < 0)
        return -1;
    acceptor_new(worker, &listener, fd);
    return 0;
}

void worker_drain_step(struct worker *worker)
{
    admission_close_idle(worker->admission, DRAIN_QUIET_MS);
    worker_check_drained(worker);
}

static int drain(struct worker *worker)
{
    struct client *client;

    if (worker->draining)
        return 0;
    worker->draining = true;
    acceptors_drain(worker);
    TAILQ_FOREACH(client, &worker->clients, link) {
        client_drain(client);
    }
    worker_drain_step(worker);
    return 0;
}

void worker_check_drained(struct worker *worker)
{
    if (worker->draining && TAILQ_EMPTY(&worker->clients))
        io_stop(worker->io);
}

static int use_signer(struct worker *worker, struct channel_message *message)
{
    int fd = channel_message_take_fd(message, 0);

    if (fd < 0)
        return -1;
    if (worker->signer)
        signer_use(worker->signer, fd);
    else
        close(fd);
    return 0;
}

static int carry_out(struct worker *worker, struct channel_message *message)
{
    switch ((enum message_type)message->type) {
    case MESSAGE_LISTENER:
        return listen_there(worker, message);
    case MESSAGE_LOG_SINK:
        access_log_set_sink(worker->log, channel_message_take_fd(message, 0));
        return 0;
    case MESSAGE_PREPARE:
        return prepare(worker, message);
    case MESSAGE_COMMIT:
        return commit(worker, message);
    case MESSAGE_CANCEL:
        cancel(worker);
        if (worker->serving)
            acceptors_close_gone(worker); /* the listeners that came for it */
        return 0;
    case MESSAGE_DRAIN:
        return drain(worker);
    case MESSAGE_SIGNER:
        return use_signer(worker, message);
    case MESSAGE_HELLO:
    case MESSAGE_LOAD:
    case MESSAGE_PUBLISH:
    case MESSAGE_LOAD_FAILED:
    case MESSAGE_ROLLED_OUT:
    case MESSAGE_READY:
    case MESSAGE_REFUSED:
    case MESSAGE_SIGN:
    case MESSAGE_SIGNED:
        break;
    }
    return -1;
}

static void on_message(void *owner, struct channel_message *message)
{
    struct worker *worker = owner;

    if (!message_allowed(ROLE_PARENT, ROLE_WORKER, message->type) ||
        carry_out(worker, message) < 0) {
        log_error("event=bad_order message=%s", message_name(message->type));
        io_stop(worker->io);
    }
}

static void on_closed(void *owner, const char *why)
{
    struct worker *worker = owner;

    log_debug("event=channel_closed reason=\"%s\"", why);
    io_stop(worker->io);
}

const struct channel_handler worker_orders = {
    .on_message = on_message,
    .on_closed = on_closed,
};
