/*
 * Clients of the command socket: one request, one answer, bounded in size, number and time. What
 * the requests mean is commands.c. The socket itself belongs to the parent.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "commands.h"
#include "net/deadline.h"
#include "net/stream.h"

#define CLIENTS_MAX 32
#define REQUEST_MS  5000
#define LOAD_MS     120000 /* a rollout has its own, shorter limits */
#define ANSWER_MS   10000

enum client_state {
    CLIENT_ASKING,   /* its request is not complete */
    CLIENT_WAITING,  /* for a load */
    CLIENT_ANSWERED, /* the answer is on its way */
};

struct client {
    LIST_ENTRY(client) link;
    /* owned */
    struct stream *stream;
    struct buffer request;
    struct deadline deadline;
    /* borrowed */
    struct command_server *server;
    enum client_state state;
    uint64_t load; /* CLIENT_WAITING: its number */
};

struct command_server {
    /* owned */
    LIST_HEAD(client_list, client) clients;
    struct event *acceptable;
    int fd;
    /* borrowed */
    struct control *control;
    size_t client_count;
};

static void client_free(struct client *client)
{
    LIST_REMOVE(client, link);
    client->server->client_count--;
    stream_free(client->stream);
    buffer_done(&client->request);
    deadline_done(&client->deadline);
    free(client);
}

static void client_wait(struct client *client, enum client_state state, int64_t limit_ms)
{
    client->state = state;
    deadline_set(&client->deadline, io_now_ms(client->server->control->io) + limit_ms);
}

static void client_answer(struct client *client, struct buffer *answer)
{
    buffer_append_byte(answer, '\n');
    client_wait(client, CLIENT_ANSWERED, ANSWER_MS);
    stream_write(client->stream, answer->bytes + answer->start, buffer_len(answer));
    stream_linger(client->stream);
}

static void client_refuse(struct client *client, const char *reason)
{
    struct buffer answer = { 0 };

    command_answer_error(&answer, text_of(reason), false);
    client_answer(client, &answer);
    buffer_done(&answer);
}

static void client_ask(struct client *client, struct text request)
{
    struct buffer answer = { 0 };

    /* Before the command runs: it may be answered from inside, when a load fails at once. */
    client->load = UINT64_MAX;
    client_wait(client, CLIENT_WAITING, LOAD_MS);
    if (command_run(client->server->control, request, &answer, &client->load) == COMMAND_ANSWERED)
        client_answer(client, &answer);
    buffer_done(&answer);
}

static void on_readable(void *owner)
{
    struct client *client = owner;
    char *room = buffer_reserve(&client->request, COMMAND_REQUEST_BYTES);
    size_t line;
    size_t got = 0;

    switch (stream_read(client->stream, room, COMMAND_REQUEST_BYTES, &got)) {
    case IO_OK:
        break;
    case IO_AGAIN:
        return;
    case IO_CLOSED:
    case IO_FAILED:
        client_free(client);
        return;
    }
    buffer_grew(&client->request, got);
    line = text_find(buffer_text(&client->request), '\n');
    if (line < buffer_len(&client->request)) {
        stream_pause_reading(client->stream);
        client_ask(client, text_first(buffer_text(&client->request), line));
    } else if (buffer_len(&client->request) >= COMMAND_REQUEST_BYTES) {
        client_refuse(client, "the request is too long");
    }
}

static void on_ready(void *owner)
{
    (void)owner;
}

static void on_gone(void *owner)
{
    client_free(owner);
}

static const struct stream_handler client_handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_ready,
    .on_broken = on_gone,
    .on_peer_closed = on_gone,
};

static void on_deadline(void *owner)
{
    struct client *client = owner;

    if (client->state == CLIENT_WAITING)
        client_refuse(client, "the reload takes too long; see the log");
    else
        client_free(client);
}

static void client_new(struct command_server *server, int fd)
{
    struct client *client = memory_new(sizeof(*client));
    struct io *io = server->control->io;

    client->server = server;
    LIST_INSERT_HEAD(&server->clients, client, link);
    server->client_count++;
    deadline_init(&client->deadline, io, on_deadline, client);
    client->stream = stream_new(io, fd, NULL, &client_handler, client);
    client_wait(client, CLIENT_ASKING, REQUEST_MS);
    stream_resume_reading(client->stream);
    stream_start(client->stream);
}

static void on_acceptable(evutil_socket_t listening, short what, void *owner)
{
    struct command_server *server = owner;
    struct io *io = server->control->io;
    int fd;

    (void)what;
    io_enter(io);
    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (server->client_count >= CLIENTS_MAX)
            close(fd); /* each is gone within seconds; this one may ask again */
        else
            client_new(server, fd);
    }
    io_leave(io);
}

struct command_server *command_server_new(struct control *control, int fd)
{
    struct command_server *server = memory_new(sizeof(*server));

    server->control = control;
    server->fd = fd;
    LIST_INIT(&server->clients);
    server->acceptable =
        event_new(io_base(control->io), fd, EV_READ | EV_PERSIST, on_acceptable, server);
    if (!server->acceptable || event_add(server->acceptable, NULL) < 0)
        abort(); /* out of memory */
    return server;
}

void command_server_free(struct command_server *server)
{
    struct client *client;
    struct client *next;

    if (!server)
        return;
    for (client = LIST_FIRST(&server->clients); client; client = next) {
        next = LIST_NEXT(client, link);
        client_free(client);
    }
    event_free(server->acceptable);
    close(server->fd);
    free(server);
}

void command_server_loaded(struct command_server *server, const struct load_result *result)
{
    struct client *client;
    struct client *next;

    for (client = LIST_FIRST(&server->clients); client; client = next) {
        struct buffer answer = { 0 };

        next = LIST_NEXT(client, link);
        /* A load that fails at once is over before the asker knows its number. */
        if (client->state != CLIENT_WAITING ||
            (client->load != UINT64_MAX && client->load > result->number))
            continue;
        command_answer_load(&answer, result);
        client_answer(client, &answer);
        buffer_done(&answer);
    }
}
