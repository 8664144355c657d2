/* A Docker Engine on the same event loop as what is tested, so that every test is one thread. */

#include "scripted_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"

struct engine_connection {
    TAILQ_ENTRY(engine_connection) entry;
    struct scripted_engine *engine;
    struct event *readable;
    struct event *writable;
    int fd;
    char request[4096];
    size_t request_bytes;
    size_t piece;
    size_t sent; /* of the piece */
};

static void release(struct engine_connection *connection)
{
    event_free(connection->readable);
    event_free(connection->writable);
    close(connection->fd);
    free(connection);
}

static void end_connection(struct engine_connection *connection)
{
    TAILQ_REMOVE(&connection->engine->connections, connection, entry);
    release(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *owner)
{
    struct engine_connection *connection = owner;
    struct scripted_engine *engine = connection->engine;

    (void)what;
    if (connection->piece < engine->piece_count) {
        struct text piece = text_from(engine->pieces[connection->piece], connection->sent);
        ssize_t sent = send(fd, piece.at, piece.len, MSG_NOSIGNAL);

        if (sent < 0) {
            end_connection(connection);
            return;
        }
        connection->sent += (size_t)sent;
        if ((size_t)sent == piece.len) {
            connection->piece++;
            connection->sent = 0;
        }
    } else if (engine->close_after) {
        end_connection(connection);
    } else {
        event_del(connection->writable);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *owner)
{
    struct engine_connection *connection = owner;
    struct scripted_engine *engine = connection->engine;
    ssize_t got = recv(fd, connection->request + connection->request_bytes,
                       sizeof(connection->request) - 1 - connection->request_bytes, 0);

    (void)what;
    if (got <= 0) {
        end_connection(connection);
        return;
    }
    connection->request_bytes += (size_t)got;
    connection->request[connection->request_bytes] = '\0';
    if (!strstr(connection->request, "\r\n\r\n"))
        return;
    memcpy(engine->last_request, connection->request, sizeof(engine->last_request));
    engine->request_count++;
    connection->request_bytes = 0;
    connection->piece = 0;
    connection->sent = 0;
    event_add(connection->writable, NULL);
}

static void on_acceptable(evutil_socket_t fd, short what, void *owner)
{
    struct scripted_engine *engine = owner;
    struct engine_connection *connection = memory_new(sizeof(*connection));
    struct event_base *base = io_base(engine->io);

    (void)what;
    connection->engine = engine;
    connection->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    connection->readable =
        event_new(base, connection->fd, EV_READ | EV_PERSIST, on_readable, connection);
    connection->writable =
        event_new(base, connection->fd, EV_WRITE | EV_PERSIST, on_writable, connection);
    event_add(connection->readable, NULL);
    TAILQ_INSERT_TAIL(&engine->connections, connection, entry);
    engine->connection_count++;
}

void scripted_engine_open(struct scripted_engine *engine, struct io *io)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *engine = (struct scripted_engine){ .io = io, .folder = "/tmp/scripted.XXXXXX" };
    TAILQ_INIT(&engine->connections);
    if (!mkdtemp(engine->folder))
        abort();
    snprintf(engine->path, sizeof(engine->path), "%s/docker.sock", engine->folder);
    memcpy(address.sun_path, engine->path, sizeof(engine->path));
    engine->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(engine->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(engine->fd, 16) < 0)
        abort();
    engine->acceptable =
        event_new(io_base(io), engine->fd, EV_READ | EV_PERSIST, on_acceptable, engine);
    event_add(engine->acceptable, NULL);
}

void scripted_engine_close(struct scripted_engine *engine)
{
    struct engine_connection *next;

    for (struct engine_connection *each = TAILQ_FIRST(&engine->connections); each; each = next) {
        next = TAILQ_NEXT(each, entry);
        release(each);
    }
    event_free(engine->acceptable);
    close(engine->fd);
    unlink(engine->path);
    rmdir(engine->folder);
}
