/*
 * libcurl on libevent: curl says which sockets it waits for and when it wants to be called, the
 * loop calls it. Used by engine.c only; knows nothing of Docker.
 */

#include "curl_loop.h"

#include <stdlib.h>

#include <event2/event.h>

#include "base/memory.h"

struct curl_loop {
    /* owned */
    CURLM *multi;
    struct event *timer;
    /* borrowed */
    struct io *io;
    void (*on_progress)(void *owner);
    void *owner;
};

static void act(struct curl_loop *loop, curl_socket_t fd, int what)
{
    int running;

    io_enter(loop->io);
    curl_multi_socket_action(loop->multi, fd, what, &running);
    loop->on_progress(loop->owner);
    io_leave(loop->io);
}

static void on_socket(evutil_socket_t fd, short what, void *owner)
{
    act(owner, fd,
        (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd, short what, void *owner)
{
    (void)fd;
    (void)what;
    act(owner, CURL_SOCKET_TIMEOUT, 0);
}

static void forget(struct event *event)
{
    if (event)
        event_free(event);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *socket)
{
    struct curl_loop *loop = owner;
    struct event *event = socket;
    short wanted = EV_PERSIST;

    (void)easy;
    forget(event);
    curl_multi_assign(loop->multi, fd, NULL);
    if (what == CURL_POLL_REMOVE)
        return 0;
    wanted |= what & CURL_POLL_IN ? EV_READ : 0;
    wanted |= what & CURL_POLL_OUT ? EV_WRITE : 0;
    event = event_new(io_base(loop->io), fd, wanted, on_socket, loop);
    if (!event || event_add(event, NULL) < 0)
        abort(); /* out of memory */
    curl_multi_assign(loop->multi, fd, event);
    return 0;
}

static int watch_time(CURLM *multi, long wait_ms, void *owner)
{
    struct curl_loop *loop = owner;
    struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };

    (void)multi;
    if (wait_ms < 0)
        event_del(loop->timer);
    else
        event_add(loop->timer, &wait);
    return 0;
}

struct curl_loop *curl_loop_new(struct io *io, void (*on_progress)(void *owner), void *owner)
{
    struct curl_loop *loop = memory_new(sizeof(*loop));

    loop->io = io;
    loop->on_progress = on_progress;
    loop->owner = owner;
    loop->multi = curl_multi_init();
    loop->timer = event_new(io_base(io), -1, 0, on_timer, loop);
    if (!loop->multi || !loop->timer)
        abort(); /* out of memory */
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, watch_time);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, 8L);
    return loop;
}

void curl_loop_free(struct curl_loop *loop)
{
    if (!loop)
        return;
    curl_multi_cleanup(loop->multi);
    event_free(loop->timer);
    free(loop);
}

void curl_loop_wake(struct curl_loop *loop)
{
    event_active(loop->timer, EV_TIMEOUT, 0);
}

CURLM *curl_loop_multi(struct curl_loop *loop)
{
    return loop->multi;
}
