/*
 * The admin listener. Bounded in clients, bytes and time, because whoever reaches the port may be
 * anybody; strict, because its parser is that of the workers. What is said is in health.c,
 * metrics.c and status.c.
 */

#include "admin.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "commands.h"
#include "health.h"
#include "http/forwarding.h"
#include "http/h1_parser.h"
#include "json_out.h"
#include "metrics.h"
#include "net/deadline.h"
#include "net/socket.h"
#include "net/stream.h"

#define CLIENTS_MAX   16
#define HEAD_BYTES    8192
#define FIELDS        64
#define REQUEST_MS    5000
#define ANSWER_MS     20000
#define LISTEN_MS     5000
#define ADMIN_BACKLOG 64
/*
 * What answers may keep here for clients that are slow to read, before the next large one is
 * refused: /metrics of ten thousand domains is about 17 MB, so that three or four scrapers at a
 * time are served, and sixteen clients that never read do not take a quarter of a gigabyte.
 */
#define KEPT_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct admin_client {
    LIST_ENTRY(admin_client) link;
    /* owned */
    struct stream *stream;
    struct buffer input;
    struct deadline deadline;
    /* borrowed */
    struct admin *admin;
    struct h1_scan scan;
    size_t kept_bytes; /* of its answer; all of them are held until the last one is sent */
};

struct admin {
    /* owned */
    LIST_HEAD(admin_client_list, admin_client) clients;
    struct event *acceptable; /* NULL: it does not listen */
    struct field_line *lines;
    struct deadline retry;
    int fd;
    /* borrowed */
    struct control *control;
    struct address address; /* where it listens, or tries to */
    size_t client_count;
    char problem[300];
};

/* --- answers -------------------------------------------------------------------------------------
 */

struct answer {
    int status;
    const char *type;
    const char *fields; /* more of them, each with its line end; NULL: none */
    struct buffer body;
};

#define RETRY_AFTER "Retry-After: 20\r\n" /* ANSWER_MS: by then all that wait are gone */

static void answer_health(struct control *control, struct answer *answer)
{
    struct json_out json = json_to(&answer->body);

    json_put_object(&json, NULL);
    if (!health_write(control, &json))
        answer->status = 503;
    json_put_object_end(&json);
    buffer_append_byte(&answer->body, '\n');
}

static void answer_status(struct control *control, struct answer *answer)
{
    struct json_out json = json_to(&answer->body);

    json_put_object(&json, NULL);
    status_write(control, &json);
    json_put_object_end(&json);
    buffer_append_byte(&answer->body, '\n');
}

static void answer_metrics(struct control *control, struct answer *answer)
{
    const struct mapping_file *file = control->loader.file;

    if (!metrics_are_on(file)) {
        answer->status = 404;
        buffer_append_text(&answer->body, TEXT("metrics.prometheus is false\n"));
        return;
    }
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(control, &answer->body);
}

static const struct {
    const char *path;
    const char *type;
    bool large; /* it grows with the mapping */
    void (*write)(struct control *control, struct answer *answer);
} pages[] = {
    { "/healthz", "application/json", false, answer_health },
    { "/metrics", "text/plain; charset=utf-8", true, answer_metrics },
    { "/status", "application/json", true, answer_status },
};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

static size_t kept_bytes(const struct admin *admin)
{
    const struct admin_client *client;
    size_t bytes = 0;

    LIST_FOREACH(client, &admin->clients, link)
        if (stream_pending(client->stream))
            bytes += client->kept_bytes;
    return bytes;
}

static void write_answer(const struct admin *admin, const struct request_head *head,
                         struct answer *answer)
{
    size_t page = 0;

    if (head->method != METHOD_GET && head->method != METHOD_HEAD) {
        answer->status = 405;
        answer->fields = "Allow: GET, HEAD\r\n";
        return;
    }
    while (page < PAGES && !text_equal(head->path, text_of(pages[page].path)))
        page++;
    if (page == PAGES) {
        answer->status = 404;
        buffer_append_text(&answer->body, TEXT("/healthz, /metrics and /status are here\n"));
        return;
    }
    if (pages[page].large && kept_bytes(admin) >= KEPT_BYTES_MAX) {
        answer->status = 503;
        answer->fields = RETRY_AFTER;
        buffer_append_text(&answer->body, TEXT("too many answers wait for clients that are slow to "
                                               "read them\n"));
        return;
    }
    answer->type = pages[page].type;
    pages[page].write(admin->control, answer);
}

static void client_wait(struct admin_client *client, int64_t for_ms)
{
    deadline_set(&client->deadline, io_now_ms(client->admin->control->io) + for_ms);
}

/* The body of a HEAD stays here; its length does not. */
static void send_answer(struct admin_client *client, struct answer *answer, bool with_body)
{
    struct buffer head = { 0 };

    buffer_format(&head,
                  "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                  "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s"
                  "Connection: close\r\n\r\n",
                  answer->status, http_reason(answer->status), answer->type,
                  buffer_len(&answer->body), answer->fields ? answer->fields : "");
    client_wait(client, ANSWER_MS);
    stream_pause_reading(client->stream);
    stream_write(client->stream, head.bytes + head.start, buffer_len(&head));
    if (with_body && buffer_len(&answer->body))
        stream_write(client->stream, answer->body.bytes + answer->body.start,
                     buffer_len(&answer->body));
    client->kept_bytes = stream_pending(client->stream);
    stream_linger(client->stream);
    buffer_done(&head);
    buffer_done(&answer->body);
}

static void refuse(struct admin_client *client, int status, const char *reason)
{
    struct answer answer = { .status = status, .type = "text/plain; charset=utf-8" };

    buffer_format(&answer.body, "%s\n", reason);
    send_answer(client, &answer, true);
}

static void serve(struct admin_client *client, const struct request_head *head)
{
    struct answer answer = { .status = 200, .type = "text/plain; charset=utf-8" };

    write_answer(client->admin, head, &answer);
    send_answer(client, &answer, head->method != METHOD_HEAD);
}

/* --- clients -------------------------------------------------------------------------------------
 */

static void client_free(struct admin_client *client)
{
    LIST_REMOVE(client, link);
    client->admin->client_count--;
    stream_free(client->stream);
    buffer_done(&client->input);
    deadline_done(&client->deadline);
    free(client);
}

static void on_gone(void *owner)
{
    client_free(owner);
}

static void read_head(struct admin_client *client)
{
    static const struct h1_limits limits = {
        .head_bytes = HEAD_BYTES,
        .fields = FIELDS,
        .target_bytes = HEAD_BYTES / 2,
    };
    struct request_head head = { 0 };
    struct h1_refusal refusal;
    size_t consumed;

    switch (h1_parse_request(buffer_text(&client->input), &limits, &client->scan,
                             client->admin->lines, &head, &consumed, &refusal)) {
    case PARSE_MORE:
        break;
    case PARSE_BAD:
        refuse(client, refusal.status, refusal.reason);
        break;
    case PARSE_DONE:
        serve(client, &head);
        break;
    }
}

static void on_readable(void *owner)
{
    struct admin_client *client = owner;
    char *room = buffer_reserve(&client->input, HEAD_BYTES);
    size_t got = 0;

    switch (stream_read(client->stream, room, HEAD_BYTES, &got)) {
    case IO_OK:
        buffer_grew(&client->input, got);
        read_head(client);
        break;
    case IO_AGAIN:
        break;
    case IO_CLOSED:
    case IO_FAILED:
        client_free(client);
        break;
    }
}

static void on_nothing(void *owner)
{
    (void)owner;
}

static const struct stream_handler client_handler = {
    .on_ready = on_nothing,
    .on_readable = on_readable,
    .on_drained = on_nothing,
    .on_broken = on_gone,
    .on_peer_closed = on_gone,
};

static void client_new(struct admin *admin, int fd)
{
    struct admin_client *client = memory_new(sizeof(*client));
    struct io *io = admin->control->io;

    client->admin = admin;
    LIST_INSERT_HEAD(&admin->clients, client, link);
    admin->client_count++;
    deadline_init(&client->deadline, io, on_gone, client);
    client->stream = stream_new(io, fd, NULL, &client_handler, client);
    client_wait(client, REQUEST_MS);
    stream_resume_reading(client->stream);
    stream_start(client->stream);
}

static void on_acceptable(evutil_socket_t listening, short what, void *owner)
{
    struct admin *admin = owner;
    struct io *io = admin->control->io;
    int fd;

    (void)what;
    io_enter(io);
    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (admin->client_count >= CLIENTS_MAX)
            close(fd); /* each is gone within seconds; a scraper comes again */
        else
            client_new(admin, fd);
    }
    io_leave(io);
}

/* --- the listener --------------------------------------------------------------------------------
 */

static void stop_listening(struct admin *admin)
{
    deadline_clear(&admin->retry);
    admin->problem[0] = '\0';
    if (!admin->acceptable)
        return;
    event_free(admin->acceptable);
    close(admin->fd);
    admin->acceptable = NULL;
}

static void listen_there(struct admin *admin)
{
    bool first_try = !admin->problem[0];
    struct err err;

    /* Shared with another instance, each scrape would get the numbers of either. */
    admin->fd = socket_listen_alone(&admin->address, ADMIN_BACKLOG, &err);
    if (admin->fd < 0) {
        text_to_buffer(text_of(err.text), admin->problem, sizeof(admin->problem));
        if (first_try)
            log_warn("event=admin_listen reason=\"%s\" hint=\"it is tried again; choose another "
                     "listeners.admin.address, or enabled: false\"",
                     err.text);
        deadline_set(&admin->retry, io_now_ms(admin->control->io) + LISTEN_MS);
        return;
    }
    admin->problem[0] = '\0';
    admin->acceptable = event_new(io_base(admin->control->io), admin->fd, EV_READ | EV_PERSIST,
                                  on_acceptable, admin);
    if (!admin->acceptable || event_add(admin->acceptable, NULL) < 0)
        abort(); /* out of memory */
}

static void on_retry(void *owner)
{
    listen_there(owner);
}

void admin_settle(struct admin *admin)
{
    const struct listener_settings *listeners = &admin->control->snapshot->listeners;

    if (listeners->admin_enabled && address_equal(&listeners->admin, &admin->address) &&
        (admin->acceptable || admin->problem[0]))
        return;
    stop_listening(admin);
    if (!listeners->admin_enabled)
        return;
    admin->address = listeners->admin;
    listen_there(admin);
}

const char *admin_problem(const struct admin *admin)
{
    return admin ? admin->problem : "";
}

struct admin *admin_new(struct control *control)
{
    struct admin *admin = memory_new(sizeof(*admin));

    admin->control = control;
    admin->lines = memory_new(FIELD_LINES_MAX * sizeof(*admin->lines));
    LIST_INIT(&admin->clients);
    deadline_init(&admin->retry, control->io, on_retry, admin);
    return admin;
}

void admin_free(struct admin *admin)
{
    struct admin_client *client;
    struct admin_client *next;

    if (!admin)
        return;
    for (client = LIST_FIRST(&admin->clients); client; client = next) {
        next = LIST_NEXT(client, link);
        client_free(client);
    }
    stop_listening(admin);
    deadline_done(&admin->retry);
    free(admin->lines);
    free(admin);
}
