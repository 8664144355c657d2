/*
 * Workers, the checker and keys: what takes part in rollouts. Brings a new process to the current
 * generation, and sends the steps of a rollout that publish.c decides.
 */

#include <string.h>

#include "base/log.h"
#include "parent.h"

/* A process that does not prepare in this time is replaced. */
#define BRING_UP_MS 10000

size_t member_number(const struct child *child)
{
    if (child->kind->role == ROLE_KEYS)
        return ROLLOUT_KEYS;
    return child->kind->role == ROLE_CHECKER ? ROLLOUT_CHECKER : child->index;
}

static void send_generation(struct child *child, uint32_t type, uint64_t number)
{
    struct buffer body = { 0 };

    message_generation_put(&body, &(struct message_generation){ .generation = number });
    child_send(child, type, &body, -1);
    buffer_done(&body);
}

/* What it has not got yet; those of a change that is only staged when it takes part in the change.
 */
static void send_listeners(struct child *child, bool staged)
{
    struct listeners *listeners = &child->parent->listeners;

    for (size_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->items[i];
        struct buffer body = { 0 };

        if (listener->given[child->index] || (listener->fresh && !staged))
            continue;
        listener->given[child->index] = true;
        message_listener_put(&body, &listener->what);
        child_send(child, MESSAGE_LISTENER, &body, listener->fds[child->index]);
        buffer_done(&body);
    }
}

void member_send_log_sink(struct child *child)
{
    if (child->kind->role == ROLE_WORKER)
        child_send(child, MESSAGE_LOG_SINK, NULL, child->parent->log_sink.fd);
}

/* To each what it needs, and nothing else: private keys go to keys. */
static void send_prepare(struct child *child, const struct generation *generation)
{
    const int to_all[] = { generation->snapshot, generation->tickets, generation->keyring };
    bool is_worker = child->kind->role == ROLE_WORKER;
    size_t fd_count = is_worker ? (signers_are_wanted(child->parent) ? 2 : 3) : 1;
    const int *fds = child->kind->role == ROLE_KEYS ? &generation->keyring : to_all;
    struct buffer body = { 0 };

    message_generation_put(&body, &(struct message_generation){ .generation = generation->number });
    if (child->channel)
        channel_send(child->channel, MESSAGE_PREPARE, buffer_text(&body), fds, fd_count);
    buffer_done(&body);
    child->asked_generation = generation->number;
}

void member_ask(struct child *child, const struct generation *generation)
{
    if (child->kind->role == ROLE_WORKER)
        send_listeners(child, true);
    send_prepare(child, generation);
}

void member_commit(struct child *child, uint64_t generation)
{
    deadline_clear(&child->answer);
    child->asked_generation = 0;
    child->committed_generation = generation;
    send_generation(child, MESSAGE_COMMIT, generation);
}

void member_cancel(struct child *child, uint64_t generation)
{
    child->asked_generation = 0;
    send_generation(child, MESSAGE_CANCEL, generation);
}

void member_bring_up(struct child *child)
{
    struct parent *parent = child->parent;

    if (child->asked_generation)
        member_cancel(child, child->asked_generation);
    if (child->kind->role == ROLE_WORKER) {
        send_listeners(child, false);
        member_send_log_sink(child);
    }
    send_prepare(child, &parent->publish.current);
    deadline_set(&child->answer, io_now_ms(parent->io) + BRING_UP_MS);
}

void member_drain(struct child *child)
{
    if (child->committed_generation)
        child_send(child, MESSAGE_DRAIN, NULL, -1);
}

static void on_started(struct child *child)
{
    if (child->parent->publish.current.number)
        member_bring_up(child);
    signers_connect(child); /* behind the keys, for which workers ask at once */
}

static void on_ready(struct child *child, uint64_t generation)
{
    struct publish *publish = &child->parent->publish;

    if (generation != child->asked_generation)
        return; /* of a question that was taken back */
    if (generation == publish->rollout.generation) {
        publish_member_ready(child, generation);
    } else {
        member_commit(child, generation);
        publish_member_free(child);
        if (child->kind->role == ROLE_WORKER && child->parent->shutdown.state == SHUTDOWN_DRAINING)
            member_drain(child);
    }
}

static void on_refused(struct child *child, const struct message_failure *failure)
{
    struct publish *publish = &child->parent->publish;
    char reason[ERR_TEXT_BYTES];

    if (failure->generation != child->asked_generation)
        return;
    text_to_buffer(failure->reason, reason, sizeof(reason));
    if (failure->generation == publish->rollout.generation)
        publish_member_refused(child, failure->generation, reason);
    else
        child_kill(child, reason); /* the others serve it, so it is this process that is ill */
}

static void on_message(struct child *child, struct channel_message *message)
{
    struct message_generation ready;
    struct message_failure failure;

    if (message->type == MESSAGE_READY && message_generation_get(message->body, &ready) == 0)
        on_ready(child, ready.generation);
    else if (message->type == MESSAGE_REFUSED && message_failure_get(message->body, &failure) == 0)
        on_refused(child, &failure);
    else
        child_kill(child, "it sent a message that cannot be read");
}

static void on_died(struct child *child)
{
    if (child->kind->role == ROLE_WORKER)
        listeners_forget_worker(&child->parent->listeners, child->index);
    publish_member_died(child);
}

const struct child_kind worker_kind = {
    .program = "swarmward-worker",
    .role = ROLE_WORKER,
    .on_started = on_started,
    .on_message = on_message,
    .on_died = on_died,
};

const struct child_kind keys_kind = {
    .program = "swarmward-keys",
    .role = ROLE_KEYS,
    .on_started = on_started,
    .on_message = on_message,
    .on_died = on_died,
};

const struct child_kind checker_kind = {
    .program = "swarmward-checker",
    .role = ROLE_CHECKER,
    .on_started = on_started,
    .on_message = on_message,
    .on_died = on_died,
};
