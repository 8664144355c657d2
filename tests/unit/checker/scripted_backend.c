/* A backend on the same event loop as what is tested, so that every test is one thread. */

#include "scripted_backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"

struct exchange_with {
    TAILQ_ENTRY(exchange_with) entry;
    struct scripted_backend *backend;
    struct event *event;
    int fd;
    char request[1024];
    size_t request_bytes;
    size_t sent;
};

static void release(struct exchange_with *exchange)
{
    event_free(exchange->event);
    close(exchange->fd);
    free(exchange);
}

static void end_exchange(struct exchange_with *exchange)
{
    TAILQ_REMOVE(&exchange->backend->exchanges, exchange, entry);
    release(exchange);
}

static void on_writable(evutil_socket_t fd, short what, void *owner)
{
    struct exchange_with *exchange = owner;
    struct scripted_backend *backend = exchange->backend;
    size_t left = backend->answer.len - exchange->sent;
    ssize_t sent = 0;

    (void)what;
    if (left)
        sent = send(fd, backend->answer.at + exchange->sent, backend->one_byte_a_turn ? 1 : left,
                    MSG_NOSIGNAL);
    if (sent > 0)
        exchange->sent += (size_t)sent;
    if (sent < 0 || (exchange->sent == backend->answer.len && !backend->stay_open))
        end_exchange(exchange);
    else if (exchange->sent == backend->answer.len)
        event_del(exchange->event);
}

static void on_request(evutil_socket_t fd, short what, void *owner)
{
    struct exchange_with *exchange = owner;
    struct scripted_backend *backend = exchange->backend;
    ssize_t got = recv(fd, exchange->request + exchange->request_bytes,
                       sizeof(exchange->request) - 1 - exchange->request_bytes, 0);

    (void)what;
    if (got <= 0) {
        end_exchange(exchange);
        return;
    }
    exchange->request_bytes += (size_t)got;
    if (!strstr(exchange->request, "\r\n\r\n"))
        return;
    memcpy(backend->last_request, exchange->request, sizeof(exchange->request));
    backend->requests++;
    event_free(exchange->event);
    exchange->event =
        event_new(io_base(backend->io), fd, EV_WRITE | EV_PERSIST, on_writable, exchange);
    event_add(exchange->event, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *owner)
{
    struct scripted_backend *backend = owner;
    struct exchange_with *exchange = memory_new(sizeof(*exchange));

    (void)what;
    exchange->backend = backend;
    exchange->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    exchange->event =
        event_new(io_base(backend->io), exchange->fd, EV_READ | EV_PERSIST, on_request, exchange);
    event_add(exchange->event, NULL);
    TAILQ_INSERT_TAIL(&backend->exchanges, exchange, entry);
}

void scripted_backend_open(struct scripted_backend *backend, struct io *io)
{
    socklen_t len = sizeof(backend->address.v4);

    *backend = (struct scripted_backend){ .io = io };
    TAILQ_INIT(&backend->exchanges);
    backend->address.v4 =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    backend->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(backend->fd, &backend->address.any, len) < 0 || listen(backend->fd, 1024) < 0 ||
        getsockname(backend->fd, &backend->address.any, &len) < 0)
        abort();
    backend->acceptable =
        event_new(io_base(io), backend->fd, EV_READ | EV_PERSIST, on_acceptable, backend);
    event_add(backend->acceptable, NULL);
}

void scripted_backend_close(struct scripted_backend *backend)
{
    struct exchange_with *next;

    for (struct exchange_with *each = TAILQ_FIRST(&backend->exchanges); each; each = next) {
        next = TAILQ_NEXT(each, entry);
        release(each);
    }
    event_free(backend->acceptable);
    close(backend->fd);
}
