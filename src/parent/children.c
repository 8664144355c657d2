/*
 * Child processes: start, watch, start again at the pace of backoff.c. Used by run.c, and by the
 * kinds of children (control_link.c, member.c) to talk to them.
 */

#include "children.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "machine.h"
#include "parent.h"
#include "process/sandbox.h"

static void on_message(void *owner, struct channel_message *message)
{
    struct child *child = owner;

    if (!message_allowed(child->kind->role, ROLE_PARENT, message->type)) {
        child_kill(child, "it sent a message that its role may not send");
        return;
    }
    child->kind->on_message(child, message);
}

/* One that was told to end closes it as one of its last steps, and is let finish them; shutdown.c
 * kills it when it does not. */
static void on_closed(void *owner, const char *why)
{
    struct child *child = owner;

    if (child->wanted) {
        child_kill(child, why);
        return;
    }
    channel_free(child->channel);
    child->channel = NULL;
}

static const struct channel_handler handler = { on_message, on_closed };

static void on_restart(void *owner)
{
    child_start(owner);
}

static void on_no_answer(void *owner)
{
    child_kill(owner, "it does not answer");
}

int child_init(struct child *child, struct parent *parent, const struct child_kind *kind,
               struct err *err)
{
    child->parent = parent;
    child->kind = kind;
    child->wanted = true;
    deadline_init(&child->restart, parent->io, on_restart, child);
    deadline_init(&child->answer, parent->io, on_no_answer, child);
    return spawn_find_program(kind->program, child->program, sizeof(child->program), err);
}

void child_done(struct child *child)
{
    channel_free(child->channel);
    child->channel = NULL;
    deadline_done(&child->restart);
    deadline_done(&child->answer);
}

static pid_t spawn(struct child *child, int channel, struct err *err)
{
    char index[24];
    const char *arguments[] = {
        child->kind->program,
        "--index",
        index,
        signers_are_wanted(child->parent) ? NULL : "--has-keys",
        NULL,
    };
    struct spawn_plan plan = {
        .program = child->program,
        .arguments = arguments,
        .channel = channel,
        .board = child->parent->board_fd,
        .identity = child->parent->identity,
    };

    snprintf(index, sizeof(index), "%zu", child->index);
    if (child->kind->role == ROLE_KEYS)
        plan.identity = child->parent->keys_identity;
    if (child->kind->role != ROLE_WORKER)
        arguments[1] = NULL;
    if (child->kind->role == ROLE_CHECKER && !signers_are_wanted(child->parent)) {
        arguments[1] = "--keys-in-workers";
        arguments[2] = NULL;
    }
    plan.identity.read_files = child->kind->reads_files;
    plan.identity.change_root = !child->kind->reads_files;
    if (plan.identity.drop && child->kind->role == ROLE_CONTROL &&
        machine_docker_socket(child->parent->options->docker_socket, &plan.identity.group))
        plan.identity.has_group = true;
    return spawn_child(&plan, err);
}

static int start(struct child *child, struct err *err)
{
    int ends[2];

    if (channel_pair(ends, err) < 0)
        return -1;
    atomic_store(&child->board->refused_call, 0);
    child->pid = spawn(child, ends[1], err);
    close(ends[1]);
    if (child->pid < 0) {
        child->pid = 0;
        close(ends[0]);
        return -1;
    }
    child->channel = channel_new(child->parent->io, ends[0], &handler, child);
    child->started_ms = clock_monotonic_ms();
    atomic_store(&child->board->started_ms, child->started_ms);
    atomic_store(&child->board->pid, child->pid);
    return 0;
}

static void start_later(struct child *child, int64_t delay_ms)
{
    if (delay_ms == 0)
        child_start(child);
    else
        deadline_set(&child->restart, io_now_ms(child->parent->io) + delay_ms);
}

void child_start(struct child *child)
{
    struct err err;

    deadline_clear(&child->restart);
    if (start(child, &err) == 0) {
        child->kind->on_started(child);
        return;
    }
    if (!child->parent->publish.current.number) {
        publish_cannot_start(child->parent, EXIT_FAILED, err.text);
        return;
    }
    log_error("event=start_failed reason=\"%s\"", err.text);
    backoff_next(&child->backoff, 0); /* never at once: what is lacking now will lack then */
    start_later(child, backoff_next(&child->backoff, 0));
}

void child_kill(struct child *child, const char *why)
{
    deadline_clear(&child->answer);
    channel_free(child->channel);
    child->channel = NULL;
    if (!child->pid)
        return;
    if (child->wanted)
        log_debug("event=kill child=%s pid=%d reason=\"%s\"", child->kind->program, child->pid,
                  why);
    kill(child->pid, SIGKILL);
}

void child_dismiss(struct child *child)
{
    child->wanted = false;
    deadline_clear(&child->restart);
    deadline_clear(&child->answer);
    channel_free(child->channel);
    child->channel = NULL;
}

void child_send(struct child *child, uint32_t type, struct buffer *body, int fd)
{
    if (child->channel)
        channel_send(child->channel, type, body ? buffer_text(body) : TEXT_NONE, &fd, fd >= 0);
}

/* Gauges of a process that is gone; what it counted stays. */
static void clear_gauges(struct child *child)
{
    struct board_worker *worker;

    if (child->kind->role != ROLE_WORKER)
        return;
    worker = &child->parent->board->worker[child->index];
    atomic_store(&worker->connections_open, 0);
    atomic_store(&worker->tunnels_open, 0);
    atomic_store(&worker->exchanges_open, 0);
    atomic_store(&worker->snapshots_alive, 0);
    atomic_store(&worker->generation, 0);
}

static void log_death(const struct child *child, pid_t pid, int status, int64_t lived_ms)
{
    const char *how = WIFSIGNALED(status) ? "signal" : "exit_code";
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

    if (WIFSIGNALED(status) && number == SIGSYS)
        log_error("event=died child=%s pid=%d index=%zu signal=%d lived_ms=%lld "
                  "reason=\"its sandbox ended it: it called %s, which it never does by itself\"",
                  child->kind->program, pid, child->index, number, (long long)lived_ms,
                  sandbox_call_name(atomic_load(&child->board->refused_call)));
    else if (!child->wanted && number == 0)
        log_debug("event=ended child=%s pid=%d", child->kind->program, pid);
    else if (!child->wanted)
        log_warn("event=ended child=%s pid=%d index=%zu %s=%d reason=\"it was told to end, and did "
                 "not come to its own end\"",
                 child->kind->program, pid, child->index, how, number);
    else
        log_error("event=died child=%s pid=%d index=%zu %s=%d lived_ms=%lld", child->kind->program,
                  pid, child->index, how, number, (long long)lived_ms);
}

void child_reaped(struct child *child, int status)
{
    int64_t lived_ms = clock_monotonic_ms() - child->started_ms;

    /* counted before it is told: who reads of it may ask for the number */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        atomic_fetch_add(&child->board->sandbox_ends, 1);
    log_death(child, child->pid, status, lived_ms);
    child->pid = 0;
    child->asked_generation = 0;
    child->committed_generation = 0;
    deadline_clear(&child->answer);
    channel_free(child->channel);
    child->channel = NULL;
    atomic_store(&child->board->pid, 0);
    clear_gauges(child);
    child->kind->on_died(child);
    if (child->wanted) {
        atomic_fetch_add(&child->board->restarts, 1);
        start_later(child, backoff_next(&child->backoff, lived_ms));
    }
    shutdown_child_died(child);
}
