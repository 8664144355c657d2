/* The access log: makes the lines, and gets them out without ever waiting for the sink. */

#include "access_log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/endpoint.h"
#include "backend/service.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "client/client.h"
#include "exchange/exchange.h"
#include "net/deadline.h"
#include "tls/client_certificate.h"
#include "tls/tls_server.h"
#include "worker.h"

#define BLOCK_BYTES ((size_t)4096)       /* PIPE_BUF: a pipe takes it whole or not at all */
#define KEPT_BYTES  ((size_t)512 * 1024) /* what a stuck sink may hold back */
#define PATH_BYTES  ((size_t)2048)       /* of a path, at most */
#define FLUSH_MS    50                   /* a line is out by then */

struct access_log {
    /* owned */
    int fd;
    struct buffer lines;
    struct event *writable; /* while the sink is full; NULL for one that can not be polled */
    struct deadline flush;
    /* borrowed */
    struct worker *worker;
    bool is_socket;
    bool stuck;
    int64_t stamp_s; /* the second that `stamp` says */
    char stamp[32];
};

static void write_out(struct access_log *log);

static void on_flush(void *owner)
{
    write_out(owner);
}

static void on_writable(evutil_socket_t fd, short what, void *owner)
{
    struct access_log *log = owner;

    (void)fd;
    (void)what;
    log->stuck = false;
    write_out(log);
}

struct access_log *access_log_new(struct worker *worker)
{
    struct access_log *log = memory_new(sizeof(*log));

    log->worker = worker;
    log->fd = -1;
    deadline_init(&log->flush, worker->io, on_flush, log);
    return log;
}

static void close_sink(struct access_log *log)
{
    if (log->fd < 0)
        return;
    log->stuck = false;
    write_out(log);
    if (log->writable)
        event_free(log->writable);
    log->writable = NULL;
    close(log->fd);
    log->fd = -1;
}

void access_log_free(struct access_log *log)
{
    if (!log)
        return;
    close_sink(log);
    deadline_done(&log->flush);
    buffer_done(&log->lines);
    free(log);
}

void access_log_set_sink(struct access_log *log, int fd)
{
    struct stat info;

    close_sink(log);
    log->fd = fd;
    if (fd < 0) {
        buffer_done(&log->lines);
        return;
    }
    log->is_socket = file_facts(fd, &info) == 0 && S_ISSOCK(info.st_mode);
    if (log->is_socket || (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)))
        log->writable = event_new(io_base(log->worker->io), fd, EV_WRITE, on_writable, log);
}

/* --- getting lines out ---------------------------------------------------------------------------
 */

/* As many whole lines as one block holds, at least one. */
static size_t block_length(struct text lines)
{
    size_t last;

    if (lines.len <= BLOCK_BYTES)
        return lines.len;
    last = text_find_last(text_first(lines, BLOCK_BYTES), '\n');
    if (last < BLOCK_BYTES)
        return last + 1;
    return text_find(lines, '\n') + 1;
}

static void drop_lines(struct access_log *log)
{
    struct text lines = buffer_text(&log->lines);

    while (lines.len) {
        COUNT(log->worker, log_lines_dropped, 1);
        lines = text_from(lines, text_find(lines, '\n') + 1);
    }
    buffer_done(&log->lines);
}

static ssize_t write_block(const struct access_log *log, struct text block)
{
    if (log->is_socket)
        return send(log->fd, block.at, block.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(log->fd, block.at, block.len);
}

static void write_out(struct access_log *log)
{
    while (buffer_len(&log->lines) && !log->stuck && log->fd >= 0) {
        struct text lines = buffer_text(&log->lines);
        ssize_t wrote = write_block(log, text_first(lines, block_length(lines)));

        if (wrote >= 0) {
            buffer_consume(&log->lines, (size_t)wrote);
        } else if (errno == EAGAIN && log->writable) {
            log->stuck = true;
            event_add(log->writable, NULL);
        } else if (errno != EINTR) {
            drop_lines(log); /* a full disk, a reader that is gone: traffic goes on */
        }
    }
}

/* --- making lines --------------------------------------------------------------------------------
 */

static void put_time(struct access_log *log)
{
    int64_t now_ms = clock_wall_ms();
    time_t now_s = (time_t)(now_ms / 1000);

    if (now_s != log->stamp_s) {
        struct tm utc;

        gmtime_r(&now_s, &utc);
        strftime(log->stamp, sizeof(log->stamp), "%Y-%m-%dT%H:%M:%S", &utc);
        log->stamp_s = now_s;
    }
    buffer_format(&log->lines, "{\"time\":\"%s.%03dZ\"", log->stamp, (int)(now_ms % 1000));
}

static void put_name(struct access_log *log, struct text name)
{
    buffer_append_byte(&log->lines, ',');
    buffer_append_byte(&log->lines, '"');
    buffer_append_text(&log->lines, name);
    buffer_append_text(&log->lines, TEXT("\":"));
}

static void put_text(struct access_log *log, struct text name, struct text value)
{
    if (!value.len)
        return;
    put_name(log, name);
    buffer_append_json(&log->lines, value);
}

static void put_number(struct access_log *log, struct text name, uint64_t value)
{
    put_name(log, name);
    buffer_append_u64(&log->lines, value);
}

/* Microseconds as milliseconds with three digits behind the point. */
static void put_duration(struct access_log *log, struct text name, int64_t us)
{
    uint64_t value = us > 0 ? (uint64_t)us : 0;
    char fraction[4] = { '.', (char)('0' + value / 100 % 10), (char)('0' + value / 10 % 10),
                         (char)('0' + value % 10) };

    put_number(log, name, value / 1000);
    buffer_append(&log->lines, fraction, sizeof(fraction));
}

static void put_tls(struct access_log *log, const struct client *client)
{
    const struct stream_layer *layer = client_tls(client);
    const struct tls_client_certificate *shown;
    struct tls_session_facts facts;

    if (!layer || !client->ready)
        return;
    tls_session_facts(layer, &facts);
    put_text(log, TEXT("tls"), text_of(facts.version));
    put_text(log, TEXT("cipher"), text_of(facts.cipher));
    put_text(log, TEXT("group"), text_of(facts.group));
    put_name(log, TEXT("resumed"));
    buffer_append_text(&log->lines, facts.resumed ? TEXT("true") : TEXT("false"));
    put_duration(log, TEXT("handshake_ms"), client->handshake_us);
    shown = tls_session_client(layer);
    if (shown) {
        put_text(log, TEXT("client_subject"), shown->subject);
        put_text(log, TEXT("client_serial"), shown->serial);
    }
}

/* Who spoke for the client, when it was not the client itself. */
static void put_proxy(struct access_log *log, const struct client *client)
{
    char text[ADDRESS_TEXT_BYTES];

    if (!client->by_proxy)
        return;
    address_print_host(&client->peer, text);
    put_text(log, TEXT("proxy"), text_of(text));
}

static bool begin_line(struct access_log *log, const struct client *client, struct text address)
{
    if (log->fd < 0)
        return false;
    if (buffer_len(&log->lines) > KEPT_BYTES) {
        COUNT(log->worker, log_lines_dropped, 1);
        return false;
    }
    put_time(log);
    put_text(log, TEXT("client"), address);
    put_proxy(log, client);
    return true;
}

static void end_line(struct access_log *log)
{
    buffer_append_text(&log->lines, TEXT("}\n"));
    COUNT(log->worker, log_lines, 1);
    if (buffer_len(&log->lines) >= BLOCK_BYTES - 512 && !log->stuck)
        write_out(log);
    else if (!log->flush.at_ms)
        deadline_set(&log->flush, io_now_ms(log->worker->io) + FLUSH_MS);
}

static struct text protocol_of(const struct exchange *exchange)
{
    if (exchange->stream)
        return TEXT("HTTP/2.0");
    return exchange->request.minor_version ? TEXT("HTTP/1.1") : TEXT("HTTP/1.0");
}

static void put_request(struct access_log *log, const struct exchange *exchange)
{
    const struct request_head *request = &exchange->request;
    const struct log_settings *settings = &exchange->serving->snapshot->log;

    put_text(log, TEXT("domain"), exchange->domain ? exchange->host : TEXT_NONE);
    if (!exchange->domain)
        put_text(log, TEXT("host"), text_first(exchange->host, 255));
    if (exchange->route) {
        put_text(log, TEXT("route"), exchange->route->name);
        put_text(log, TEXT("service"), exchange->service->described->name);
    }
    if (exchange->endpoint)
        put_text(log, TEXT("endpoint"), text_of(exchange->endpoint->name));
    put_text(log, TEXT("user"), exchange->user);
    put_text(log, TEXT("protocol"), protocol_of(exchange));
    put_text(log, TEXT("method"), text_first(request->method_text, 32));
    put_text(log, TEXT("path"), text_first(request->path, PATH_BYTES));
    if (settings->access_query == LOG_QUERY_FULL && request->has_query)
        put_text(log, TEXT("query"), text_first(request->query, PATH_BYTES));
}

void access_log_exchange(struct access_log *log, const struct exchange *exchange)
{
    const struct log_settings *settings = &exchange->serving->snapshot->log;

    /* refusals are always told */
    if (settings->access_sample < 1000000 && !exchange->reason &&
        random_below(1000000) >= (uint64_t)settings->access_sample)
        return;
    if (!begin_line(log, exchange->client, exchange->client_address_text))
        return;
    put_request(log, exchange);
    put_number(log, TEXT("status"), (uint64_t)exchange->status);
    put_text(log, TEXT("reason"), text_of(exchange->reason));
    put_number(log, TEXT("bytes_in"), exchange->bytes_in);
    put_number(log, TEXT("bytes_out"), exchange->bytes_out);
    put_tls(log, exchange->client);
    put_duration(log, TEXT("queue_ms"), exchange->queue_us);
    put_duration(log, TEXT("connect_ms"), exchange->connect_us);
    if (exchange->first_byte_us >= 0)
        put_duration(log, TEXT("first_byte_ms"), exchange->first_byte_us);
    put_duration(log, TEXT("total_ms"), io_now_us(log->worker->io) - exchange->started_us);
    put_number(log, TEXT("retries"), exchange->retries);
    put_text(log, TEXT("request_id"), exchange->request_id);
    end_line(log);
}

void access_log_refused_client(struct access_log *log, const struct client *client,
                               const char *reason)
{
    if (!begin_line(log, client, text_of(client->address_text)))
        return;
    put_text(log, TEXT("reason"), text_of(reason));
    end_line(log);
}
