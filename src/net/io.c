/* The event loop of a process and the buffers that live for one turn of it. */

#include <assert.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/memory.h"
#include "io_private.h"
#include "stream_private.h"

struct io_task {
    struct event *event; /* owned */
    /* borrowed */
    struct io *io;
    void (*run)(void *owner);
    void *owner;
};

struct io *io_new(void)
{
    struct event_config *config = event_config_new();
    struct io *io = memory_new(sizeof(*io));

    if (!config)
        abort();
    /* One thread a process: no locks. Times come from CLOCK_MONOTONIC, coarse is not wanted. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    io->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!io->base)
        abort(); /* no epoll: out of memory or descriptors before the first of them was used */
    TAILQ_INIT(&io->handshakes);
    io->receive = memory_resize(NULL, IO_RECEIVE_BYTES, 1);
    io->scratch = memory_resize(NULL, IO_RECEIVE_BYTES, 1);
    io->gather = memory_resize(NULL, GATHER_BYTES, 1);
    return io;
}

void io_free(struct io *io)
{
    if (!io)
        return;
    assert(io->depth == 0);
    io_task_free(io->handshake_task);
    while (io->spare_timer_count)
        event_free(io->spare_timers[--io->spare_timer_count]);
    event_base_free(io->base);
    free(io->receive);
    free(io->scratch);
    free(io->gather);
    free(io->dead);
    free(io);
}

struct event_base *io_base(struct io *io)
{
    return io->base;
}

int64_t io_now_ms(struct io *io)
{
    return io_now_us(io) / 1000;
}

int64_t io_now_us(struct io *io)
{
    return io->depth ? io->now_us : clock_monotonic_us();
}

void io_run(struct io *io)
{
    event_base_dispatch(io->base);
}

void io_stop(struct io *io)
{
    event_base_loopbreak(io->base);
}

char *io_scratch(struct io *io)
{
    return io->scratch;
}

void io_enter(struct io *io)
{
    if (io->depth++ == 0)
        io->now_us = clock_monotonic_us();
}

void io_leave(struct io *io)
{
    if (io->depth == 1) {
        if (io->gatherer)
            stream_flush_gathered(io->gatherer);
        /* what is freed may free more */
        for (size_t i = 0; i < io->dead_count; i++)
            io->dead[i].free_it(io->dead[i].memory);
        io->dead_count = 0;
    }
    io->depth--;
}

void io_free_later(struct io *io, void *memory, void (*free_it)(void *memory))
{
    if (io->depth == 0)
        free_it(memory);
    else
        *ARRAY_PUSH(io->dead, io->dead_count, io->dead_capacity) =
            (struct io_dead){ .memory = memory, .free_it = free_it };
}

static void on_task(evutil_socket_t fd, short what, void *argument)
{
    struct io_task *task = argument;
    struct io *io = task->io;

    (void)fd;
    (void)what;
    io_enter(io);
    task->run(task->owner);
    io_leave(io);
}

struct io_task *io_task_new(struct io *io, void (*run)(void *owner), void *owner)
{
    struct io_task *task = memory_new(sizeof(*task));

    task->io = io;
    task->run = run;
    task->owner = owner;
    task->event = event_new(io->base, -1, 0, on_task, task);
    if (!task->event)
        abort(); /* out of memory */
    return task;
}

void io_task_free(struct io_task *task)
{
    if (!task)
        return;
    event_free(task->event);
    free(task);
}

void io_task_run_next_turn(struct io_task *task)
{
    static const struct timeval at_once = { 0 };

    event_add(task->event, &at_once); /* timers are looked at behind what the kernel reports */
}

void io_task_run_later(struct io_task *task)
{
    event_active(task->event, EV_TIMEOUT, 0); /* behind what is active already */
}
