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
#include "http/h2_session.h"
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
    struct h2_session *h2; /* NULL: HTTP/1.1 */
    struct deadline give_up;
    /* borrowed */
    struct io *io;
    void (*on_result)(void *owner, bool good, const char *why);
    void (*on_nothing)(void *owner, const char *why);
    void *owner;
    struct h1_scan scan;
    struct status_range good_status;
    bool connected;
    bool speaks_h2;
    bool connects_only;
    bool finished;
};

static void release(void *memory)
{
    struct probe *probe = memory;

    h2_session_free(probe->h2); /* which may have called us, with bytes of `received` */
    buffer_done(&probe->received);
    free(probe);
}

void probe_free(struct probe *probe)
{
    if (!probe)
        return;
    stream_free(probe->stream);
    deadline_done(&probe->give_up);
    buffer_done(&probe->request);
    io_free_later(probe->io, probe, release);
}

static void finish(struct probe *probe, bool good, const char *why)
{
    void (*on_result)(void *owner, bool good, const char *why) = probe->on_result;
    void *owner = probe->owner;
    char kept[128]; /* `why` may be the stream's, which goes with the probe */

    text_to_buffer(text_of(why), kept, sizeof(kept));
    probe->finished = true;
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

/* --- HTTP/2 --------------------------------------------------------------------------------------
 */

static void on_response(void *owner, struct h2_stream *stream, const struct response_head *head,
                        const struct framing *framing)
{
    (void)stream;
    if (framing) /* else an interim one */
        judge(owner, head->status);
}

static void on_refused(void *owner, struct h2_stream *stream, const struct request_head *head,
                       struct text bytes, const struct h1_refusal *refusal)
{
    struct probe *probe = owner;

    (void)stream;
    (void)head;
    (void)bytes;
    if (!probe->finished)
        finish(probe, false, refusal->reason);
}

static void on_data(void *owner, struct h2_stream *stream, struct text piece)
{
    (void)owner;
    (void)stream;
    (void)piece;
}

static void on_end(void *owner, struct h2_stream *stream, const struct field_list *trailers)
{
    (void)owner;
    (void)stream;
    (void)trailers;
}

static void on_closed(void *owner, struct h2_stream *stream, uint32_t code, bool by_peer)
{
    struct probe *probe = owner;

    (void)stream;
    (void)code;
    (void)by_peer;
    if (!probe->finished)
        finish(probe, false, "the stream was reset");
}

static const struct h2_handler h2_events = {
    .on_response = on_response,
    .on_refused = on_refused,
    .on_data = on_data,
    .on_end = on_end,
    .on_closed = on_closed,
};

static void push(struct probe *probe)
{
    struct buffer out = { 0 };

    h2_session_pack(probe->h2, &out, io_now_ms(probe->io));
    if (buffer_len(&out))
        stream_write(probe->stream, buffer_text(&out).at, buffer_len(&out));
    buffer_done(&out);
}

/* The same question as in HTTP/1.1, read back into its parts. */
static void ask_h2(struct probe *probe)
{
    static const struct h1_limits limits = {
        .head_bytes = HEAD_BYTES,
        .fields = FIELD_LINES_MAX,
        .target_bytes = HEAD_BYTES,
    };
    static const struct h2_grants grants = {
        .streams = 1,
        .stream_bytes = 65535,
        .connection_bytes = 65535,
        .table_bytes = 4096,
        .kept_bytes = 65535,
        .continuations = 8,
        .resets = 8,
        .resets_ms = 1000,
    };
    struct field_line lines[FIELD_LINES_MAX];
    struct forwarding forwarding = { .https = stream_get_layer(probe->stream) != NULL };
    struct request_head head = { .method = METHOD_GET };
    struct h1_refusal refusal;
    size_t consumed;

    probe->h2 = h2_session_new(H2_CLIENT, &grants, &limits, &h2_events, probe);
    if (h1_parse_request(buffer_text(&probe->request), &limits, &probe->scan, lines, &head,
                         &consumed, &refusal) != PARSE_DONE ||
        !h2_session_request(probe->h2, &head, &forwarding, true, probe)) {
        finish(probe, false, "the question cannot be asked");
        return;
    }
    push(probe);
    stream_resume_reading(probe->stream);
}

/* True: there was a result, the probe is gone. */
static bool hear_h2(struct probe *probe, struct text bytes)
{
    int status = h2_session_receive(probe->h2, bytes, io_now_ms(probe->io));

    if (probe->finished)
        return true;
    push(probe);
    if (status == 0 && !h2_session_failure(probe->h2))
        return false;
    finish(probe, false, "it does not speak HTTP/2");
    return true;
}

/* --- the connection ------------------------------------------------------------------------------
 */

static void on_ready(void *owner)
{
    struct probe *probe = owner;

    probe->connected = true;
    if (probe->connects_only) {
        finish(probe, true, "");
        return;
    }
    if (probe->speaks_h2) {
        ask_h2(probe);
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
        if (probe->h2 ? hear_h2(probe, buffer_text(&probe->received)) : look(probe))
            return;
        if (probe->h2)
            buffer_clear(&probe->received);
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
    const struct stream_layer *layer = stream_get_layer(probe->stream);

    if (layer && tls_peer_waits_for_us(layer)) {
        void (*on_nothing)(void *owner, const char *why) = probe->on_nothing;
        void *owner_of_probe = probe->owner;

        probe->finished = true;
        probe_free(probe);
        on_nothing(owner_of_probe, "swarmward-keys has not signed in time");
        return;
    }
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
    probe->on_nothing = plan->on_nothing;
    probe->owner = plan->owner;
    probe->good_status = plan->health->status;
    probe->speaks_h2 = plan->speaks_h2;
    probe->connects_only = plan->connects_only;
    probe->stream = stream_new_connecting(
        io, fd,
        plan->peer ? tls_peer_session_new(plan->peer, plan->speaks_h2 ? "h2" : "http/1.1") : NULL,
        &handler, probe);
    deadline_init(&probe->give_up, io, on_give_up, probe);
    deadline_set(&probe->give_up, io_now_ms(io) + plan->health->timeout_ms);
    write_request(plan, &probe->request);
    return probe;
}
