/*
 * The end, in its steps: health turns red and everything is served as before; then nothing is
 * accepted and the workers finish; then everything ends. Called by run.c with signals and by
 * whoever finds that going on makes no sense.
 */

#include <signal.h>

#include "base/log.h"
#include "parent.h"

/* Children end by themselves when their channel closes; those that do not are killed after this. */
#define END_MS 2000

static void on_deadline(void *owner);

void shutdown_init(struct parent *parent)
{
    deadline_init(&parent->shutdown.deadline, parent->io, on_deadline, parent);
}

void shutdown_done(struct parent *parent)
{
    deadline_done(&parent->shutdown.deadline);
}

static void shutdown_enter(struct parent *parent, enum shutdown_state next, int64_t wait_ms)
{
    parent->shutdown.state = next;
    deadline_set(&parent->shutdown.deadline, io_now_ms(parent->io) + wait_ms);
    atomic_store(&parent->board->phase, BOARD_DRAINING);
}

static bool any_runs(struct parent *parent)
{
    struct child *child;

    for (size_t i = 0; (child = parent_child(parent, i)); i++)
        if (child->pid)
            return true;
    return false;
}

static size_t workers_running(const struct parent *parent)
{
    size_t count = 0;

    for (size_t i = 0; i < parent->worker_count; i++)
        count += parent->workers[i].pid != 0;
    return count;
}

static void kill_all(struct parent *parent)
{
    struct child *child;

    for (size_t i = 0; (child = parent_child(parent, i)); i++)
        if (child->pid)
            kill(child->pid, SIGKILL);
}

void shutdown_end(struct parent *parent, int exit_code)
{
    struct child *child;

    if (parent->shutdown.state == SHUTDOWN_ENDING)
        return;
    parent->shutdown.exit_code = exit_code;
    shutdown_enter(parent, SHUTDOWN_ENDING, END_MS);
    listeners_close(&parent->listeners);
    for (size_t i = 0; (child = parent_child(parent, i)); i++)
        child_dismiss(child);
    if (!any_runs(parent))
        io_stop(parent->io);
}

/* The workers close their own copies of the listeners, finish, and exit. */
static void drain(struct parent *parent)
{
    const struct generation *current = &parent->publish.current;

    log_info("event=draining workers=%zu deadline_ms=%lld", workers_running(parent),
             (long long)current->shutdown_drain_ms);
    shutdown_enter(parent, SHUTDOWN_DRAINING, current->shutdown_drain_ms);
    listeners_close(&parent->listeners);
    for (size_t i = 0; i < parent->worker_count; i++) {
        parent->workers[i].wanted = false;
        deadline_clear(&parent->workers[i].restart);
        member_drain(&parent->workers[i]);
    }
    if (workers_running(parent) == 0)
        shutdown_end(parent, EXIT_DONE);
}

static void begin(struct parent *parent, int number)
{
    const struct generation *current = &parent->publish.current;

    log_info("event=shutdown signal=%d delay_ms=%lld drain_ms=%lld", number,
             (long long)current->shutdown_delay_ms, (long long)current->shutdown_drain_ms);
    if (!current->number)
        shutdown_end(parent, EXIT_DONE); /* nothing is served yet */
    else if (current->shutdown_delay_ms == 0)
        drain(parent);
    else
        shutdown_enter(parent, SHUTDOWN_DELAY, current->shutdown_delay_ms);
}

void shutdown_signal(struct parent *parent, int number)
{
    if (parent->shutdown.state == SHUTDOWN_NONE) {
        begin(parent, number);
        return;
    }
    log_warn("event=shutdown signal=%d reason=\"the second signal ends at once\"", number);
    shutdown_end(parent, EXIT_FAILED);
    kill_all(parent);
}

static void on_deadline(void *owner)
{
    struct parent *parent = owner;

    switch (parent->shutdown.state) {
    case SHUTDOWN_NONE:
        break;
    case SHUTDOWN_DELAY:
        drain(parent);
        break;
    case SHUTDOWN_DRAINING:
        log_warn("event=drain_deadline workers=%zu reason=\"what they still serve is cut off\"",
                 workers_running(parent));
        shutdown_end(parent, EXIT_DONE);
        kill_all(parent);
        break;
    case SHUTDOWN_ENDING:
        kill_all(parent);
        break;
    }
}

void shutdown_child_died(struct child *child)
{
    struct parent *parent = child->parent;

    if (parent->shutdown.state == SHUTDOWN_DRAINING && workers_running(parent) == 0)
        shutdown_end(parent, EXIT_DONE);
    else if (parent->shutdown.state == SHUTDOWN_ENDING && !any_runs(parent))
        io_stop(parent->io);
}
