/* Accepting connections: in batches, within the limits, pausing rather than spinning. */

#include "acceptor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "admission.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/client.h"
#include "net/deadline.h"
#include "worker.h"

#define BATCH    32
#define PAUSE_MS 100 /* out of descriptors: look again after this, or when a connection ends */

struct acceptor {
    struct acceptor *next; /* of the worker */
    /* owned */
    int fd;
    struct event *readable;
    struct deadline pause;
    /* borrowed */
    struct worker *worker;
    enum listener_kind kind;
    struct address address;
    bool accepting;
};

static void set_accepting(struct acceptor *acceptor, bool wanted)
{
    if (acceptor->accepting == wanted)
        return;
    acceptor->accepting = wanted;
    if (wanted)
        event_add(acceptor->readable, NULL);
    else
        event_del(acceptor->readable);
}

static void pause_accepting(struct acceptor *acceptor)
{
    set_accepting(acceptor, false);
    COUNT(acceptor->worker, accept_pauses, 1);
    deadline_set(&acceptor->pause, io_now_ms(acceptor->worker->io) + PAUSE_MS);
}

static bool is_shortage(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM;
}

static bool is_somebody_waiting(const struct acceptor *acceptor)
{
    struct pollfd waiting = { .fd = acceptor->fd, .events = POLLIN };

    return poll(&waiting, 1, 0) > 0;
}

/* False: no more for now. */
static bool accept_one(struct acceptor *acceptor)
{
    struct worker *worker = acceptor->worker;
    struct address address = { 0 };
    socklen_t len = sizeof(address);
    int fd;

    if (admission_is_full(worker->admission)) {
        if (!is_somebody_waiting(acceptor))
            return false; /* nobody is shown out for nobody */
        if (!admission_shed_idle(worker->admission)) {
            pause_accepting(acceptor);
            return false;
        }
    }
    fd = accept4(acceptor->fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        client_new(worker, acceptor->kind, fd, &address);
        return true;
    }
    if (is_shortage(errno) && !admission_shed_idle(worker->admission)) {
        log_warn("event=accept_paused reason=\"%s\" hint=\"raise the limit of open files\"",
                 strerror(errno));
        pause_accepting(acceptor);
        return false;
    }
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_connections(evutil_socket_t fd, short what, void *owner)
{
    struct acceptor *acceptor = owner;
    struct io *io = acceptor->worker->io;
    int room = BATCH;

    (void)fd;
    (void)what;
    io_enter(io);
    while (room-- && accept_one(acceptor))
        continue;
    io_leave(io);
}

static void on_pause_over(void *owner)
{
    struct acceptor *acceptor = owner;

    set_accepting(acceptor, true);
}

void acceptor_new(struct worker *worker, const struct message_listener *listener, int fd)
{
    struct acceptor *acceptor = memory_new(sizeof(*acceptor));

    acceptor->worker = worker;
    acceptor->fd = fd;
    acceptor->kind = listener->kind;
    acceptor->address = listener->address;
    acceptor->readable =
        event_new(io_base(worker->io), fd, EV_READ | EV_PERSIST, on_connections, acceptor);
    if (!acceptor->readable)
        abort(); /* out of memory */
    deadline_init(&acceptor->pause, worker->io, on_pause_over, acceptor);
    acceptor->next = worker->acceptors;
    worker->acceptors = acceptor;
}

static void acceptor_free(struct acceptor *acceptor)
{
    event_free(acceptor->readable);
    deadline_done(&acceptor->pause);
    close(acceptor->fd);
    free(acceptor);
}

/* What came before is served. */
static void acceptor_finish(struct acceptor *acceptor)
{
    set_accepting(acceptor, false);
    while (accept_one(acceptor))
        continue;
    acceptor_free(acceptor);
}

static bool is_wanted(const struct worker *worker, const struct acceptor *acceptor)
{
    const struct listener_settings *listeners = &worker->serving->snapshot->listeners;

    return address_equal(&acceptor->address,
                         acceptor->kind == LISTENER_HTTPS ? &listeners->https : &listeners->http);
}

void acceptors_close_gone(struct worker *worker)
{
    struct acceptor *acceptor = worker->acceptors;
    struct acceptor *next;

    worker->acceptors = NULL;
    for (; acceptor; acceptor = next) {
        next = acceptor->next;
        if (is_wanted(worker, acceptor)) {
            acceptor->next = worker->acceptors;
            worker->acceptors = acceptor;
        } else {
            acceptor_finish(acceptor);
        }
    }
}

void acceptors_start(struct worker *worker)
{
    for (struct acceptor *acceptor = worker->acceptors; acceptor; acceptor = acceptor->next)
        set_accepting(acceptor, true);
}

void acceptors_resume(struct worker *worker)
{
    for (struct acceptor *acceptor = worker->acceptors; acceptor; acceptor = acceptor->next) {
        if (!acceptor->pause.at_ms)
            continue; /* not paused */
        deadline_clear(&acceptor->pause);
        set_accepting(acceptor, true);
    }
}

static void for_each_and_forget(struct worker *worker, void (*end)(struct acceptor *acceptor))
{
    struct acceptor *acceptor = worker->acceptors;
    struct acceptor *next;

    worker->acceptors = NULL;
    for (; acceptor; acceptor = next) {
        next = acceptor->next;
        end(acceptor);
    }
}

void acceptors_drain(struct worker *worker)
{
    for_each_and_forget(worker, worker->serving ? acceptor_finish : acceptor_free);
}

void acceptors_free(struct worker *worker)
{
    for_each_and_forget(worker, acceptor_free);
}
