/*
 * What src/net, base/clock.h and the TLS session do for a worker, in memory and without TLS. The
 * linker takes these instead of the ones in the libraries. Calls back as the real ones do: from the
 * loop only, level-triggered, one end told once. What is left to the end of a turn is libevent's.
 */

#include "memory_net.h"

#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http_check.h"
#include "net/deadline.h"
#include "net/io.h"
#include "net/socket.h"
#include "tls/tls_server.h"

#define ROUNDS_MAX    20000
#define DEADLINES_MAX 1024
/* What a peer that is stuck still lets into the sockets between. */
#define ROOM_BYTES ((size_t)2048)

struct memory_net memory_net;

static int64_t now_us = 1000000000;
static struct deadline *deadlines[DEADLINES_MAX];
static size_t deadline_count;

/* --- clocks and deadlines --------------------------------------------------------------------- */

int64_t clock_monotonic_us(void)
{
    return now_us;
}

int64_t clock_monotonic_ms(void)
{
    return now_us / 1000;
}

int64_t clock_wall_ms(void)
{
    return now_us / 1000;
}

int64_t clock_wall_s(void)
{
    return now_us / 1000000;
}

void deadline_init(struct deadline *deadline, struct io *io, void (*on_reached)(void *owner),
                   void *owner)
{
    *deadline = (struct deadline){ .io = io, .on_reached = on_reached, .owner = owner };
}

void deadline_done(struct deadline *deadline)
{
    for (size_t i = 0; i < deadline_count; i++)
        if (deadlines[i] == deadline)
            deadlines[i--] = deadlines[--deadline_count];
    deadline->at_ms = 0;
}

void deadline_set(struct deadline *deadline, int64_t at_ms)
{
    bool is_known = false;

    for (size_t i = 0; i < deadline_count; i++)
        is_known |= deadlines[i] == deadline;
    if (!is_known) {
        CHECK(deadline_count < DEADLINES_MAX);
        deadlines[deadline_count++] = deadline;
    }
    deadline->at_ms = at_ms > 0 ? at_ms : 1;
}

void deadline_clear(struct deadline *deadline)
{
    deadline_done(deadline);
}

static struct deadline *earliest(void)
{
    struct deadline *found = NULL;

    for (size_t i = 0; i < deadline_count; i++)
        if (!found || deadlines[i]->at_ms < found->at_ms)
            found = deadlines[i];
    return found;
}

bool memory_net_wait(int64_t ms)
{
    int64_t until_us = now_us + ms * 1000;
    struct deadline *next;

    for (int round = 0; (next = earliest()) && next->at_ms * 1000 <= until_us; round++) {
        struct io *io = next->io;

        if (round == ROUNDS_MAX)
            return false;
        if (next->at_ms * 1000 > now_us)
            now_us = next->at_ms * 1000;
        deadline_done(next);
        io_enter(io);
        next->on_reached(next->owner);
        io_leave(io);
        if (!memory_net_run())
            return false;
    }
    now_us = until_us;
    return true;
}

/* --- streams ---------------------------------------------------------------------------------- */

struct stream *stream_new(struct io *io, int fd, struct stream_layer *layer,
                          const struct stream_handler *handler, void *owner)
{
    struct stream *stream = memory_new(sizeof(*stream));

    CHECK(memory_net.count < MEMORY_STREAMS_MAX);
    stream->connecting = layer; /* its handshake; nothing else is asked of it */
    stream->io = io;
    stream->fd = fd;
    stream->handler = handler;
    stream->owner = owner;
    memory_net.streams[memory_net.count++] = stream;
    return stream;
}

struct stream *stream_new_connecting(struct io *io, int fd, struct stream_layer *layer,
                                     const struct stream_handler *handler, void *owner)
{
    struct stream *stream = stream_new(io, fd, layer, handler, owner);

    stream->is_backend = true;
    stream->connecting = true;
    stream->broken = memory_net.break_connects;
    return stream;
}

void stream_start(struct stream *stream)
{
    CHECK(!stream->closed);
}

void stream_free(struct stream *stream)
{
    if (stream)
        stream->closed = true; /* kept, to be looked at */
}

void stream_free_reset(struct stream *stream)
{
    if (stream && !stream->closed)
        stream->reset = true;
    stream_free(stream);
}

void stream_put_layer(struct stream *stream, struct stream_layer *layer, const void *bytes,
                      size_t len)
{
    (void)stream;
    (void)layer;
    (void)bytes;
    CHECK(!len);
}

void stream_set_handler(struct stream *stream, const struct stream_handler *handler, void *owner)
{
    CHECK(!stream->closed);
    stream->handler = handler;
    stream->owner = owner;
}

enum io_status stream_read(struct stream *stream, char *into, size_t bytes, size_t *got)
{
    struct text in = text_first(buffer_text(&stream->in), bytes);

    CHECK(!stream->closed && bytes);
    if (stream->broken)
        return IO_FAILED;
    if (!in.len) {
        stream->end_told |= stream->at_end;
        return stream->at_end ? IO_CLOSED : IO_AGAIN;
    }
    memcpy(into, in.at, in.len);
    buffer_consume(&stream->in, in.len);
    *got = in.len;
    return IO_OK;
}

bool stream_may_have_more(const struct stream *stream)
{
    return buffer_len(&stream->in) > 0 || stream->at_end;
}

void stream_resume_reading(struct stream *stream)
{
    CHECK(!stream->closed);
    stream->kicked |= stream->at_end && !stream->reading;
    stream->reading = !stream->lingering;
}

void stream_pause_reading(struct stream *stream)
{
    stream->reading = false;
}

void stream_kick(struct stream *stream)
{
    CHECK(!stream->closed);
    stream->kicked = true;
}

void stream_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    CHECK(!stream->closed);
    if (stream->broken)
        return;
    CHECK(!stream->shut && !stream->connecting);
    for (int i = 0; i < count; i++)
        buffer_append(&stream->out, pieces[i].iov_base, pieces[i].iov_len);
    if (!stream->stuck)
        stream->taken = buffer_len(&stream->out);
    stream->backed_up |= buffer_len(&stream->out) - stream->taken > ROOM_BYTES;
}

void stream_write(struct stream *stream, const void *bytes, size_t len)
{
    struct iovec piece = { .iov_len = len };

    memcpy(&piece.iov_base, &bytes, sizeof(bytes)); /* iovec is not const-correct */
    stream_writev(stream, &piece, 1);
}

size_t stream_pending(const struct stream *stream)
{
    size_t pending = buffer_len(&stream->out) - stream->taken;

    return pending > ROOM_BYTES ? pending - ROOM_BYTES : 0;
}

bool stream_is_backed_up(const struct stream *stream)
{
    return stream->backed_up;
}

uint64_t stream_sent(const struct stream *stream)
{
    return buffer_len(&stream->out) - stream_pending(stream);
}

void stream_shutdown(struct stream *stream)
{
    CHECK(!stream->closed);
    stream->shut = true;
}

void stream_linger(struct stream *stream)
{
    stream_shutdown(stream);
    stream->lingering = true;
    stream->reading = false;
}

bool stream_is_broken(const struct stream *stream)
{
    return stream->broken;
}

const char *stream_error(const struct stream *stream)
{
    return stream->broken ? "broken by the test" : "";
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

struct stream_layer *stream_get_layer(struct stream *stream)
{
    (void)stream;
    return NULL;
}

void stream_flush_gathered(struct stream *stream);
void stream_flush_gathered(struct stream *stream)
{
    (void)stream;
}

/* No layer is here to call these; the linker would take the real streams for them. */

ssize_t stream_layer_receive(struct stream *stream, void *into, size_t bytes)
{
    (void)stream;
    (void)into;
    (void)bytes;
    abort();
}

ssize_t stream_layer_peek(struct stream *stream, size_t least, const unsigned char **bytes_out)
{
    (void)stream;
    (void)least;
    (void)bytes_out;
    abort();
}

void stream_layer_consume(struct stream *stream, size_t bytes)
{
    (void)stream;
    (void)bytes;
    abort();
}

void stream_layer_send(struct stream *stream, const void *bytes, size_t len)
{
    (void)stream;
    (void)bytes;
    (void)len;
    abort();
}

void *stream_layer_reserve(struct stream *stream, size_t bytes)
{
    (void)stream;
    (void)bytes;
    abort();
}

void stream_layer_commit(struct stream *stream, size_t bytes)
{
    (void)stream;
    (void)bytes;
    abort();
}

void stream_hold_handshake(struct stream *stream)
{
    (void)stream;
    abort();
}

bool stream_layer_at_end(const struct stream *stream)
{
    (void)stream;
    abort();
}

void stream_continue_handshake(struct stream *stream)
{
    (void)stream;
    abort();
}

/* True: there was something to tell. */
static bool step(struct stream *stream)
{
    if (stream->closed || (stream->broken && stream->reported))
        return false;
    if (stream->broken) {
        stream->reported = true;
        stream->handler->on_broken(stream->owner);
    } else if (stream->connecting) {
        stream->connecting = false;
        stream->handler->on_ready(stream->owner);
    } else if (stream->backed_up && !stream_pending(stream)) {
        stream->backed_up = false;
        if (stream->handler->on_drained && !stream->lingering)
            stream->handler->on_drained(stream->owner);
    } else if (stream->lingering) {
        buffer_clear(&stream->in);
        if (!stream->at_end || stream->lingered || stream_pending(stream))
            return false;
        stream->lingered = true;
        stream->handler->on_peer_closed(stream->owner);
    } else if (stream->reading && (stream->kicked || buffer_len(&stream->in) ||
                                   (stream->at_end && !stream->end_told))) {
        stream->kicked = false;
        stream->handler->on_readable(stream->owner);
    } else {
        return false;
    }
    return true;
}

/* What was left to the end of a turn of the loop. True: there was something. */
static bool end_turn(void)
{
    struct io *io = memory_net.count ? memory_net.streams[0]->io : NULL;

    if (!io || event_base_get_num_events(io_base(io), EVENT_BASE_COUNT_ACTIVE) == 0)
        return false;
    event_base_loop(io_base(io), EVLOOP_NONBLOCK);
    return true;
}

bool memory_net_run(void)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        bool any = false;

        for (size_t i = 0; i < memory_net.count; i++) {
            struct stream *stream = memory_net.streams[i];

            io_enter(stream->io);
            any |= step(stream);
            io_leave(stream->io);
        }
        any |= end_turn();
        if (!any)
            return true;
    }
    return false;
}

void memory_net_done(void)
{
    for (size_t i = 0; i < memory_net.count; i++) {
        CHECK(memory_net.streams[i]->closed);
        buffer_done(&memory_net.streams[i]->in);
        buffer_done(&memory_net.streams[i]->out);
        free(memory_net.streams[i]);
    }
    memory_net = (struct memory_net){ 0 };
}

void memory_peer_sends(struct stream *stream, struct text bytes)
{
    if (!stream->at_end && !stream->closed)
        buffer_append_text(&stream->in, bytes);
}

void memory_peer_ends(struct stream *stream)
{
    stream->at_end = true;
}

void memory_peer_breaks(struct stream *stream)
{
    stream->broken = true;
    buffer_clear(&stream->in);
}

void memory_peer_is_stuck(struct stream *stream, bool stuck)
{
    stream->stuck = stuck;
    if (!stuck)
        stream->taken = buffer_len(&stream->out);
}

/* --- sockets ---------------------------------------------------------------------------------- */

int socket_connect(const struct address *address)
{
    (void)address;
    errno = ECONNREFUSED;
    return memory_net.refuse_connects || memory_net.count > MEMORY_STREAMS_MAX / 2 ? -1 : 1000000;
}

void socket_keepalive(int fd)
{
    (void)fd;
}

bool socket_is_unanswered(int fd, int64_t for_ms)
{
    (void)fd;
    (void)for_ms;
    return false;
}

void socket_close_reset(int fd)
{
    (void)fd;
}

/* --- TLS, of which only what was agreed upon is there ------------------------------------------
 */

struct stream_layer *tls_session_new(struct tls_server *server)
{
    static struct stream_layer agreed_on_h2;

    (void)server;
    return memory_net.with_h2 ? &agreed_on_h2 : NULL;
}

void tls_session_facts(const struct stream_layer *layer, struct tls_session_facts *facts_out)
{
    (void)layer;
    *facts_out = (struct tls_session_facts){ .version = "", .cipher = "", .group = "" };
    if (memory_net.with_h2)
        facts_out->alpn = TEXT("h2");
}

const char *tls_session_refusal(const struct stream_layer *layer)
{
    (void)layer;
    return "";
}

bool tls_session_serves(const struct stream_layer *layer, const struct snapshot *snapshot,
                        struct text host)
{
    (void)layer;
    (void)snapshot;
    (void)host;
    return true;
}
