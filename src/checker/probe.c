/*
 * One health question: connect, send a GET, read the head of the answer up to a bound, judge its
 * status. Started by check.c, which decides when to ask and what to make of the result. The body is
 * not read: the connection is closed with it.
 */

#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "http/h1_parser.h"
#include "net/deadline.h"
#include "net/socket.h"
#include "net/stream.h"
#include "tls/tls_backend.h"

/* An endpoint says that it is well in one head; more than this is no sensible answer. */
#define HEAD_BYTES ((size_t)16 * 1024)
#define READ_BYTES ((size_t)4096)

struct probe {
    /* owned */
    struct stream *stream;
    struct buffer request;
    struct buffer received;
    struct deadline give_up;
    /* borrowed */
    struct io *io;
    void (*on_result)(void *owner, bool good, const char *why);
    void *owner;
    struct h1_scan scan;
    struct status_range good_status;
    bool connected;
    bool connects_only;
};

static void release(void *memory)
{
    free(memory);
}

void probe_free(struct probe *probe)
{
    if (!probe)
        return;
    stream_free(probe->stream);
    deadline_done(&probe->give_up);
    buffer_done(&probe->request);
    buffer_done(&probe->received);
    io_free_later(probe->io, probe, release);
}

static void finish(struct probe *probe, bool good, const char *why)
{
    void (*on_result)(void *owner, bool good, const char *why) = probe->on_result;
    void *owner = probe->owner;
    char kept[128]; /* `why` may be the stream's, which goes with the probe */

    text_to_buffer(text_of(why), kept, sizeof(kept));
    probe_free(probe);
    on_result(owner, good, kept);
}

static void judge(struct probe *probe, int status)
{
    char why[32];

    if (status >= probe->good_status.least && status <= probe->good_status.most) {
        finish(probe, true, "");
        return;
    }
    snprintf(why, sizeof(why), "status %d", status);
    finish(probe, false, why);
}

/* True: there was a result, the probe is gone. */
static bool look(struct probe *probe)
{
    static const struct h1_limits limits = { .head_bytes = HEAD_BYTES, .fields = FIELD_LINES_MAX };
    struct field_line lines[FIELD_LINES_MAX];
    struct response_head head;
    struct h1_refusal refusal;
    size_t consumed;

    for (;;) {
        switch (h1_parse_response(buffer_text(&probe->received), &limits, &probe->scan, lines,
                                  &head, &consumed, &refusal)) {
        case PARSE_MORE:
            return false;
        case PARSE_BAD:
            finish(probe, false, refusal.reason);
            return true;
        case PARSE_DONE:
            break;
        }
        /* an interim answer (RFC 9110 section 15.2) comes before the one that counts */
        if (head.status >= 200 || head.status == 101) {
            judge(probe, head.status);
            return true;
        }
        buffer_consume(&probe->received, consumed);
    }
}

static void on_ready(void *owner)
{
    struct probe *probe = owner;

    probe->connected = true;
    if (probe->connects_only) {
        finish(probe, true, "");
        return;
    }
    stream_write(probe->stream, buffer_text(&probe->request).at, buffer_len(&probe->request));
    stream_resume_reading(probe->stream);
}

static void on_readable(void *owner)
{
    struct probe *probe = owner;
    size_t total = 0;

    for (;;) {
        char *into = buffer_reserve(&probe->received, READ_BYTES);
        size_t got = 0;

        switch (stream_read(probe->stream, into, READ_BYTES, &got)) {
        case IO_AGAIN:
            return;
        case IO_CLOSED:
            finish(probe, false, "closed before the answer was complete");
            return;
        case IO_FAILED:
            return; /* on_broken comes */
        case IO_OK:
            break;
        }
        buffer_grew(&probe->received, got);
        total += got;
        if (look(probe))
            return;
        /* interim answers without end are a flood, too */
        if (total > HEAD_BYTES) {
            finish(probe, false, "too long a head");
            return;
        }
    }
}

static void on_drained(void *owner)
{
    (void)owner;
}

static void on_broken(void *owner)
{
    struct probe *probe = owner;

    finish(probe, false, stream_error(probe->stream));
}

static void on_give_up(void *owner)
{
    struct probe *probe = owner;

    finish(probe, false, probe->connected ? "no answer in time" : "no connection in time");
}

static const struct stream_handler handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
};

static void write_request(const struct probe_plan *plan, struct buffer *request)
{
    char host[ADDRESS_TEXT_BYTES];

    address_print(plan->address, host);
    buffer_format(request,
                  "GET %.*s HTTP/1.1\r\n"
                  "Host: %s\r\n"
                  "User-Agent: swarmward-health\r\n"
                  "Accept: */*\r\n"
                  "Connection: close\r\n"
                  "\r\n",
                  TEXT_ARGS(plan->health->path), host);
}

/* Why a connection could not begin says nothing about the other side when we ran out of something.
 */
static bool is_our_fault(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOBUFS || reason == ENOMEM ||
           reason == EADDRNOTAVAIL;
}

struct probe *probe_new(struct io *io, const struct probe_plan *plan, bool *our_fault_out,
                        struct err *err)
{
    struct probe *probe;
    int fd = socket_connect(plan->address);

    if (fd < 0) {
        *our_fault_out = is_our_fault(errno);
        err_set(err, "%s", strerror(errno));
        return NULL;
    }
    probe = memory_new(sizeof(*probe));
    probe->io = io;
    probe->on_result = plan->on_result;
    probe->owner = plan->owner;
    probe->good_status = plan->health->status;
    probe->connects_only = plan->connects_only;
    probe->stream = stream_new_connecting(
        io, fd, plan->peer ? tls_peer_session_new(plan->peer, "http/1.1") : NULL, &handler, probe);
    deadline_init(&probe->give_up, io, on_give_up, probe);
    deadline_set(&probe->give_up, io_now_ms(io) + plan->health->timeout_ms);
    write_request(plan, &probe->request);
    return probe;
}
