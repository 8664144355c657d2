/*
 * From a published generation to one that is served, or to nothing having changed: stage listeners
 * and log, ask every member to prepare, commit or cancel. Called by control_link.c with what
 * control published and by member.c with the answers; rollout.c decides.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "parent.h"

#define PREPARE_MS     10000
#define SETTLE_MS      2000
#define SETTLE_LOOK_MS 1

static const struct generation no_generation = {
    .snapshot = -1, .keyring = -1, .tickets = -1, .file = -1
};

static void generation_close(struct generation *generation)
{
    if (generation->snapshot >= 0)
        close(generation->snapshot);
    if (generation->keyring >= 0)
        close(generation->keyring);
    if (generation->tickets >= 0)
        close(generation->tickets);
    if (generation->file >= 0)
        close(generation->file);
    *generation = no_generation;
}

static void settle(struct parent *parent);
static void cancel(struct parent *parent, int exit_code, const char *reason);

static void on_deadline(void *owner)
{
    struct parent *parent = owner;
    struct publish *publish = &parent->publish;
    char reason[128];

    if (publish->state == PUBLISH_SETTLING) {
        settle(parent);
        return;
    }
    snprintf(reason, sizeof(reason), "%zu processes did not prepare within %d s",
             publish->rollout.missing, PREPARE_MS / 1000);
    cancel(parent, EXIT_FAILED, reason);
}

void publish_init(struct parent *parent)
{
    struct publish *publish = &parent->publish;

    publish->current = no_generation;
    publish->next = publish->current;
    publish->next_log = -1;
    deadline_init(&publish->deadline, parent->io, on_deadline, parent);
}

static void forget_next_log(struct publish *publish)
{
    if (publish->next_log >= 0)
        close(publish->next_log);
    publish->next_log = -1;
    publish->log_changes = false;
}

void publish_done(struct parent *parent)
{
    struct publish *publish = &parent->publish;

    generation_close(&publish->current);
    generation_close(&publish->next);
    forget_next_log(publish);
    deadline_done(&publish->deadline);
}

/* Over: control may publish again, and whoever waited is told. */
static void finish(struct parent *parent, uint64_t load_id, uint64_t number, const char *reason)
{
    deadline_clear(&parent->publish.deadline);
    parent->publish.state = PUBLISH_IDLE;
    control_link_rolled_out(parent, load_id, number, reason);
}

void publish_cannot_start(struct parent *parent, int exit_code, const char *reason)
{
    fprintf(stderr, "swarmward: cannot start: %s\n", reason);
    shutdown_end(parent, exit_code);
}

static void refuse(struct parent *parent, int exit_code, const char *reason)
{
    struct publish *publish = &parent->publish;
    struct generation next = publish->next;

    generation_close(&publish->next);
    forget_next_log(publish);
    log_error("generation=%llu rollout=refused reason=\"%s\"", (unsigned long long)next.number,
              reason);
    if (publish->current.number) {
        finish(parent, next.load_id, next.number, reason);
        return;
    }
    publish_cannot_start(parent, exit_code, reason);
}

static void cancel(struct parent *parent, int exit_code, const char *reason)
{
    struct publish *publish = &parent->publish;
    struct child *member;

    for (size_t i = 0; (member = parent_member(parent, i)); i++) {
        enum rollout_member state = publish->rollout.members[member_number(member)];

        if (state == ROLLOUT_ASKED || state == ROLLOUT_READY)
            member_cancel(member, publish->rollout.generation);
    }
    rollout_end(&publish->rollout);
    listeners_cancel(&parent->listeners);
    refuse(parent, exit_code, reason);
}

/* Members that took part go over; those that were started meanwhile are brought up anew. */
static void commit_members(struct parent *parent)
{
    struct publish *publish = &parent->publish;
    struct child *member;

    for (size_t i = 0; (member = parent_member(parent, i)); i++) {
        bool took_part = publish->rollout.members[member_number(member)] == ROLLOUT_READY;

        if (took_part && publish->log_changes)
            member_send_log_sink(member);
        if (took_part)
            member_commit(member, publish->current.number);
        else if (child_runs(member))
            member_bring_up(member);
    }
}

static void commit(struct parent *parent)
{
    struct publish *publish = &parent->publish;

    listeners_commit(&parent->listeners);
    if (publish->log_changes)
        log_sink_use(&parent->log_sink, text_of(publish->next_log_target), publish->next_log);
    publish->next_log = -1; /* handed over */
    generation_close(&publish->current);
    publish->current = publish->next;
    publish->next = no_generation;
    commit_members(parent);
    forget_next_log(publish);
    rollout_end(&publish->rollout);
    atomic_store(&parent->board->generation, publish->current.number);
    atomic_store(&parent->board->committed_wall_ms, clock_wall_ms());
    publish->state = PUBLISH_SETTLING;
    publish->settle_until_ms = clock_monotonic_ms() + SETTLE_MS;
    settle(parent);
}

static bool every_worker_serves(struct parent *parent)
{
    uint64_t number = parent->publish.current.number;

    for (size_t i = 0; i < parent->worker_count; i++) {
        const struct child *worker = &parent->workers[i];

        if (child_runs(worker) && worker->committed_generation == number &&
            board_get(&parent->board->worker[i].generation) < number)
            return false;
    }
    return true;
}

/*
 * COMMIT is on its way, not yet obeyed. Whoever waits for the reload may send a request the moment
 * he is answered, and expects the new mapping: so look at the board until every worker says so.
 */
static void settle(struct parent *parent)
{
    struct publish *publish = &parent->publish;
    int64_t now_ms = clock_monotonic_ms();
    uint32_t starting = BOARD_STARTING;

    if (!every_worker_serves(parent) && now_ms < publish->settle_until_ms) {
        deadline_set(&publish->deadline, now_ms + SETTLE_LOOK_MS);
        return;
    }
    atomic_compare_exchange_strong(&parent->board->phase, &starting, BOARD_READY);
    log_info("generation=%llu rollout=committed workers=%zu rollout_ms=%lld",
             (unsigned long long)publish->current.number, parent->worker_count,
             (long long)(now_ms - publish->started_ms));
    finish(parent, publish->current.load_id, publish->current.number, "");
}

static int stage_log(struct parent *parent, struct text target, struct err *err)
{
    struct publish *publish = &parent->publish;

    if (log_sink_is(&parent->log_sink, target))
        return 0;
    if (log_sink_open(&parent->log_sink, target, &publish->next_log, err) < 0)
        return -1;
    publish->log_changes = true;
    text_to_buffer(target, publish->next_log_target, sizeof(publish->next_log_target));
    return 0;
}

static int stage(struct parent *parent, const struct message_publish *what, struct err *err)
{
    if (listeners_stage(&parent->listeners, what, err) < 0)
        return -1;
    if (stage_log(parent, what->access_log, err) < 0) {
        listeners_cancel(&parent->listeners);
        return -1;
    }
    return 0;
}

static void ask_members(struct parent *parent)
{
    struct publish *publish = &parent->publish;
    struct child *member;

    publish->state = PUBLISH_PREPARING;
    rollout_begin(&publish->rollout, publish->next.number);
    for (size_t i = 0; (member = parent_member(parent, i)); i++) {
        bool is_free = member->asked_generation == 0;

        if (!child_runs(member))
            continue;
        rollout_join(&publish->rollout, member_number(member), is_free);
        if (is_free)
            member_ask(member, &publish->next);
    }
    deadline_set(&publish->deadline, io_now_ms(parent->io) + PREPARE_MS);
    if (rollout_verdict(&publish->rollout) == ROLLOUT_COMMITS)
        commit(parent);
}

void publish_begin(struct parent *parent, struct channel_message *message)
{
    struct publish *publish = &parent->publish;
    struct message_publish what;
    struct err err;

    if (publish->state != PUBLISH_IDLE || message_publish_get(message->body, &what) < 0 ||
        message->fd_count != 4) {
        child_kill(&parent->control, "it published what or when it may not");
        return;
    }
    publish->started_ms = clock_monotonic_ms();
    publish->next = (struct generation){
        .number = what.generation,
        .load_id = what.id,
        .snapshot = channel_message_take_fd(message, 0),
        .keyring = channel_message_take_fd(message, 1),
        .tickets = channel_message_take_fd(message, 2),
        .file = channel_message_take_fd(message, 3),
        .shutdown_delay_ms = what.shutdown_delay_ms,
        .shutdown_drain_ms = what.shutdown_drain_ms,
    };
    /* while health is red and everything is served as before, the swarm goes on changing */
    if (parent->shutdown.state != SHUTDOWN_NONE && parent->shutdown.state != SHUTDOWN_DELAY)
        refuse(parent, EXIT_FAILED, "swarmward is shutting down");
    else if (stage(parent, &what, &err) < 0)
        refuse(parent, EXIT_FAILED, err.text);
    else
        ask_members(parent);
}

void publish_member_free(struct child *child)
{
    struct publish *publish = &child->parent->publish;
    size_t number = member_number(child);

    if (publish->state != PUBLISH_PREPARING || publish->rollout.members[number] != ROLLOUT_LATER)
        return;
    rollout_ask(&publish->rollout, number);
    member_ask(child, &publish->next);
}

void publish_member_ready(struct child *child, uint64_t generation)
{
    struct publish *publish = &child->parent->publish;

    if (rollout_ready(&publish->rollout, member_number(child), generation) == ROLLOUT_COMMITS)
        commit(child->parent);
}

void publish_member_refused(struct child *child, uint64_t generation, const char *reason)
{
    struct publish *publish = &child->parent->publish;

    child->asked_generation = 0;
    if (rollout_refused(&publish->rollout, member_number(child), generation) == ROLLOUT_CANCELS)
        cancel(child->parent, EXIT_INVALID, reason);
}

void publish_member_died(struct child *child)
{
    struct publish *publish = &child->parent->publish;
    char reason[128];

    snprintf(reason, sizeof(reason), "%s died while it prepared", child->kind->program);
    if (rollout_died(&publish->rollout, member_number(child)) == ROLLOUT_CANCELS) {
        publish->rollout.members[member_number(child)] = ROLLOUT_OUT;
        cancel(child->parent, EXIT_FAILED, reason);
    } else if (child->wanted && !publish->current.number) {
        publish_cannot_start(child->parent, EXIT_FAILED, reason);
    }
}

void publish_reopen_log(struct parent *parent)
{
    struct text target = text_of(parent->log_sink.target);
    char kept[MESSAGE_PATH_BYTES];
    struct err err;
    int fd;

    if (!parent->publish.current.number)
        return;
    if (log_sink_open(&parent->log_sink, target, &fd, &err) < 0) {
        log_error("event=reopen_log reason=\"%s; the old one stays in use\"", err.text);
        return;
    }
    text_to_buffer(target, kept, sizeof(kept));
    log_sink_use(&parent->log_sink, text_of(kept), fd);
    for (size_t i = 0; i < parent->worker_count; i++)
        member_send_log_sink(&parent->workers[i]);
    log_info("event=reopen_log");
}
