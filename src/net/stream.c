/*
 * One socket as a byte stream, with room for one layer (TLS). Reading goes through the loop's
 * shared receive buffer, writing of one turn is gathered into one send; only what is left over
 * under back-pressure is kept per stream. DESIGN section 7 says why. Knows nothing of HTTP or TLS.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "io_private.h"
#include "net/socket.h"
#include "stream_private.h"

void stream_schedule(struct stream *stream)
{
    event_active(&stream->read_event, EV_TIMEOUT, 0);
}

void stream_watch_reads(struct stream *stream, bool wanted)
{
    bool scheduled;

    if (wanted == stream->read_armed)
        return;
    stream->read_armed = wanted;
    if (!wanted) {
        event_del(&stream->read_event);
        return;
    }
    /* libevent does not listen for an event that is active already: event_add(3) then only waits */
    scheduled = event_pending(&stream->read_event, EV_TIMEOUT, NULL);
    if (scheduled)
        event_del(&stream->read_event);
    event_add(&stream->read_event, NULL);
    if (scheduled)
        stream_schedule(stream);
}

void stream_mark_broken(struct stream *stream, const char *why)
{
    if (stream->broken)
        return;
    stream->broken = true;
    stream->error = memory_copy_text(why);
    stream->input_left = 0;
    buffer_done(&stream->out);
    if (stream->io->gatherer == stream)
        stream->io->gatherer = NULL;
    stream_watch_reads(stream, false);
    if (stream->write_armed)
        stream_watch_writes(stream, false);
    stream_schedule(stream);
}

void stream_fail_layer(struct stream *stream, const char *why)
{
    if (stream->io->gatherer == stream)
        stream_flush_gathered(stream);
    stream_mark_broken(stream, why);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* What is left of the input to the front of the shared buffer, where more can follow it. */
static void move_input_to_front(struct stream *stream)
{
    if (stream->input_left)
        memmove(stream->io->receive, stream->input, stream->input_left);
    free(stream->held);
    stream->held = NULL;
    stream->input = stream->io->receive;
}

/*
 * Bytes from the socket behind what is left of the input. 1: there are more; 0: none
 * now; -1: end or broken.
 */
static int receive_input(struct stream *stream)
{
    struct io *io = stream->io;
    size_t room = IO_RECEIVE_BYTES - stream->input_left;
    ssize_t got;

    if (stream->at_end || stream->broken)
        return -1;
    if (stream->drained)
        return 0;
    move_input_to_front(stream);
    do
        got = recv(stream->fd, io->receive + stream->input_left, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    stream->drained = got < 0 || (size_t)got < room; /* a short one means empty */
    if (got > 0) {
        stream->input_left += (size_t)got;
        return 1;
    }
    if (got == 0) {
        stream->at_end = true;
        stream_watch_reads(stream, false);
        return -1;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return 0;
    stream_mark_broken(stream, strerror(errno));
    return -1;
}

ssize_t stream_layer_receive(struct stream *stream, void *into, size_t bytes)
{
    if (!stream->input_left) {
        int status = receive_input(stream);

        if (status <= 0)
            return status;
    }
    if (bytes > stream->input_left)
        bytes = stream->input_left;
    memcpy(into, stream->input, bytes);
    stream_layer_consume(stream, bytes);
    return (ssize_t)bytes;
}

ssize_t stream_layer_peek(struct stream *stream, size_t least, const unsigned char **bytes_out)
{
    assert(least <= IO_RECEIVE_BYTES / 2);
    if (stream->input_left < least) {
        int status = receive_input(stream);

        if (stream->input_left < least) {
            stream->input_wanted = least;
            return status < 0 ? -1 : 0;
        }
    }
    *bytes_out = (const unsigned char *)stream->input;
    return (ssize_t)stream->input_left;
}

void stream_layer_consume(struct stream *stream, size_t bytes)
{
    assert(bytes <= stream->input_left);
    stream->input += bytes;
    stream->input_left -= bytes;
    stream->input_wanted = 0;
}

bool stream_layer_at_end(const struct stream *stream)
{
    return stream->at_end && !stream->input_left;
}

static enum io_status read_plain(struct stream *stream, char *into, size_t bytes, size_t *got)
{
    ssize_t received;

    if (stream->at_end)
        return IO_CLOSED;
    if (stream->drained)
        return IO_AGAIN;
    do
        received = recv(stream->fd, into, bytes, MSG_DONTWAIT);
    while (received < 0 && errno == EINTR);
    if (received > 0) {
        stream->drained = (size_t)received < bytes;
        *got = (size_t)received;
        return IO_OK;
    }
    if (received == 0) {
        stream->at_end = true;
        stream_watch_reads(stream, false);
        return IO_CLOSED;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        stream->drained = true;
        return IO_AGAIN;
    }
    stream_mark_broken(stream, strerror(errno));
    return IO_FAILED;
}

enum io_status stream_read(struct stream *stream, char *into, size_t bytes, size_t *got)
{
    enum io_status status;
    struct err err = { .text = "" };

    if (stream->broken)
        return IO_FAILED;
    if (!stream->layer)
        return read_plain(stream, into, bytes, got);
    status = stream->layer->kind->read(stream->layer, into, bytes, got, &err);
    if (status == IO_FAILED)
        stream_fail_layer(stream, err.text[0] ? err.text : "TLS error");
    return stream->broken ? IO_FAILED : status;
}

/* What was received and not consumed must not stay in the shared buffer. */
static void hold_input(struct stream *stream)
{
    if (stream->input_left && !stream->held) {
        stream->held = memory_copy(stream->input, stream->input_left);
        stream->input = stream->held;
    } else if (!stream->input_left && stream->held) {
        free(stream->held);
        stream->held = NULL;
    }
}

static void discard_input(struct stream *stream)
{
    stream->input_left = 0;
    while (receive_input(stream) > 0)
        stream->input_left = 0;
    stream->input_left = 0;
    stream_finish_linger(stream);
}

/* Still something for the owner that no event of the socket will announce? */
static bool has_buffered(const struct stream *stream)
{
    if (stream->input_left && stream->input_left >= stream->input_wanted)
        return true;
    return stream->layer && stream->ready && stream->layer->kind->has_buffered(stream->layer);
}

bool stream_may_have_more(const struct stream *stream)
{
    return !stream->drained || has_buffered(stream);
}

void stream_dispatch_read(struct stream *stream, short what)
{
    if (stream->broken) {
        if (!stream->reported) {
            stream->reported = true;
            stream->handler->on_broken(stream->owner);
        }
        return;
    }
    if (stream_handshake_waits(stream))
        return;
    stream->drained = false;
    if (stream->lingering) {
        discard_input(stream);
    } else if (!stream->ready) {
        if (!stream->connecting)
            stream_handshake_step(stream);
    } else if (!stream->reading && what & EV_READ) {
        /* Paused, and yet something came: it waits in the kernel until the owner resumes. */
        stream_watch_reads(stream, false);
    }
    if (stream->ready && stream->reading && !stream->lingering && !stream->broken &&
        !stream->closed)
        stream->handler->on_readable(stream->owner);
    if (stream->closed || stream->broken)
        return;
    hold_input(stream);
    stream->drained = true; /* nobody receives outside of this function */
    if (stream->ready && stream->reading && has_buffered(stream))
        stream_schedule(stream);
}

static void on_read_event(evutil_socket_t fd, short what, void *arg)
{
    struct stream *stream = arg;
    struct io *io = stream->io;

    (void)fd;
    io_enter(io);
    if (!stream->closed)
        stream_dispatch_read(stream, what);
    io_leave(io);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_connected(struct stream *stream)
{
    int reason = socket_connect_result(stream->fd);

    stream->connecting = false;
    stream_watch_writes(stream, false);
    if (reason) {
        stream_mark_broken(stream, strerror(reason));
        return;
    }
    stream_watch_reads(stream, true);
    if (stream->layer)
        stream_handshake_step(stream);
    else
        stream_become_ready(stream);
    if (!stream->closed && !stream->broken && buffer_len(&stream->out))
        stream_send_kept(stream);
    if (!stream->closed && !stream->broken && buffer_len(&stream->out))
        stream_watch_writes(stream, true);
}

void stream_on_write_event(evutil_socket_t fd, short what, void *arg)
{
    struct stream *stream = arg;
    struct io *io = stream->io;

    (void)fd;
    (void)what;
    io_enter(io);
    if (stream->closed || stream->broken) {
        /* nothing more to send */
    } else if (stream->connecting) {
        on_connected(stream);
    } else {
        stream_send_kept(stream);
    }
    io_leave(io);
}

static struct stream *make(struct io *io, int fd, struct stream_layer *layer,
                           const struct stream_handler *handler, void *owner)
{
    struct stream *stream = memory_new(sizeof(*stream));

    stream->io = io;
    stream->fd = fd;
    stream->layer = layer;
    stream->handler = handler;
    stream->owner = owner;
    stream->drained = true;
    event_assign(&stream->read_event, io_base(io), fd, EV_READ | EV_PERSIST, on_read_event, stream);
    if (layer)
        layer->stream = stream;
    return stream;
}

struct stream *stream_new(struct io *io, int fd, struct stream_layer *layer,
                          const struct stream_handler *handler, void *owner)
{
    struct stream *stream = make(io, fd, layer, handler, owner);

    stream->ready = !layer;
    stream->accepted = true;
    return stream;
}

struct stream *stream_new_connecting(struct io *io, int fd, struct stream_layer *layer,
                                     const struct stream_handler *handler, void *owner)
{
    struct stream *stream = make(io, fd, layer, handler, owner);

    stream->connecting = true;
    stream->started = true;
    stream_watch_writes(stream, true);
    return stream;
}

void stream_start(struct stream *stream)
{
    io_enter(stream->io);
    stream->started = true;
    if (!stream->ready || stream->reading)
        stream_dispatch_read(stream, EV_READ);
    if (!stream->closed && !stream->broken && !stream->at_end && !stream->held_back &&
        !stream->queued)
        stream_watch_reads(stream, true);
    io_leave(stream->io);
}

void stream_put_layer(struct stream *stream, struct stream_layer *layer, const void *bytes,
                      size_t len)
{
    assert(!stream->layer && !stream_pending(stream) && len <= IO_RECEIVE_BYTES / 2);
    stream->layer = layer;
    layer->stream = stream;
    stream->ready = false;
    stream->reading = false;
    if (len) {
        stream->held = memory_copy(bytes, len);
        stream->input = stream->held;
        stream->input_left = len;
    }
    stream_schedule(stream);
}

static void release(void *memory)
{
    struct stream *stream = memory;

    if (stream->layer)
        stream->layer->kind->free(stream->layer);
    if (stream->write_event)
        event_free(stream->write_event);
    buffer_done(&stream->out);
    free(stream->held);
    free(stream->error);
    free(stream);
}

static void stop(struct stream *stream, bool reset)
{
    struct io *io = stream->io;

    if (io->gatherer == stream)
        stream_flush_gathered(stream); /* last words, an alert for one */
    stream->closed = true;
    stream_handshake_leave(stream);
    event_del(&stream->read_event);
    if (stream->write_armed)
        stream_watch_writes(stream, false);
    if (reset)
        socket_close_reset(stream->fd);
    else
        close(stream->fd);
    io_free_later(io, stream, release);
}

void stream_free(struct stream *stream)
{
    if (stream && !stream->closed)
        stop(stream, false);
}

void stream_free_reset(struct stream *stream)
{
    if (stream && !stream->closed)
        stop(stream, true);
}

void stream_set_handler(struct stream *stream, const struct stream_handler *handler, void *owner)
{
    stream->handler = handler;
    stream->owner = owner;
}

void stream_resume_reading(struct stream *stream)
{
    if (stream->reading || stream->broken || stream->lingering)
        return;
    stream->reading = true;
    if (!stream->ready || !stream->started)
        return;
    if (!stream->at_end)
        stream_watch_reads(stream, true);
    /* what no event will announce: kept bytes, or an end that was seen before */
    if (has_buffered(stream) || stream->at_end)
        stream_schedule(stream);
}

void stream_pause_reading(struct stream *stream)
{
    stream->reading = false; /* the event goes when it fires in vain: mostly it never does */
}

void stream_kick(struct stream *stream)
{
    stream_schedule(stream);
}

void stream_linger(struct stream *stream)
{
    if (stream->broken || stream->lingering)
        return;
    stream_shutdown(stream);
    stream->lingering = true;
    stream->reading = false;
    if (stream->at_end)
        stream_schedule(stream);
    else
        stream_watch_reads(stream, true);
}

bool stream_is_broken(const struct stream *stream)
{
    return stream->broken;
}

const char *stream_error(const struct stream *stream)
{
    return stream->error ? stream->error : "";
}

int stream_fd(const struct stream *stream)
{
    return stream->fd;
}

struct stream_layer *stream_get_layer(struct stream *stream)
{
    return stream->layer;
}
