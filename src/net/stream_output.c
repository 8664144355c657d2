/*
 * The writing half of a stream: what one turn writes leaves with one send, what the socket does not
 * take is kept in order. Errors are reported by the loop, never by the write itself.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io_private.h"
#include "stream_private.h"

void stream_watch_writes(struct stream *stream, bool wanted)
{
    if (wanted == stream->write_armed)
        return;
    stream->write_armed = wanted;
    if (!stream->write_event)
        stream->write_event = event_new(io_base(stream->io), stream->fd, EV_WRITE | EV_PERSIST,
                                        stream_on_write_event, stream);
    if (!stream->write_event)
        abort(); /* out of memory */
    if (wanted)
        event_add(stream->write_event, NULL);
    else
        event_del(stream->write_event);
}

void stream_finish_shutdown(struct stream *stream)
{
    if (stream->shutting && stream->ready && !stream->broken && stream_pending(stream) == 0)
        shutdown(stream->fd, SHUT_WR);
}

/* The peer may end his bytes before he has read ours (RFC 9112, 9.6): he still gets all of them. */
void stream_finish_linger(struct stream *stream)
{
    if (stream->lingering && stream->at_end && !stream->broken && stream_pending(stream) == 0 &&
        stream->handler->on_peer_closed)
        stream->handler->on_peer_closed(stream->owner);
}

/* How many of the bytes the socket took; the stream may be broken afterwards. */
static size_t send_now(struct stream *stream, struct iovec *pieces, int count)
{
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = (size_t)count };
    ssize_t sent;

    do {
        if (count == 1) /* send() spares the kernel the copy of a header */
            sent = send(stream->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        stream->sent += (uint64_t)sent;
        return (size_t)sent;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
        stream_mark_broken(stream, strerror(errno));
    return 0;
}

static void keep_unsent(struct stream *stream, const void *bytes, size_t len)
{
    if (!len || stream->broken)
        return;
    buffer_append(&stream->out, bytes, len);
    if (!stream->connecting)
        stream_watch_writes(stream, true);
}

void stream_flush_gathered(struct stream *stream)
{
    struct io *io = stream->io;
    struct iovec piece = { .iov_base = io->gather, .iov_len = io->gathered };
    size_t sent;

    assert(io->gatherer == stream);
    io->gatherer = NULL;
    sent = send_now(stream, &piece, 1);
    keep_unsent(stream, io->gather + sent, io->gathered - sent);
    io->gathered = 0;
    stream_finish_shutdown(stream);
}

void stream_layer_send(struct stream *stream, const void *bytes, size_t len)
{
    struct io *io = stream->io;

    if (stream->broken || stream->closed)
        return;
    if (buffer_len(&stream->out)) { /* keep the order */
        buffer_append(&stream->out, bytes, len);
        return;
    }
    if (io->gatherer && (io->gatherer != stream || io->gathered + len > GATHER_BYTES))
        stream_flush_gathered(io->gatherer);
    if (stream->broken)
        return;
    if (len > GATHER_BYTES || buffer_len(&stream->out)) {
        keep_unsent(stream, bytes, len);
        return;
    }
    if (!io->gatherer)
        io->gathered = 0;
    io->gatherer = stream;
    memcpy(io->gather + io->gathered, bytes, len);
    io->gathered += len;
    if (io->depth == 0)
        stream_flush_gathered(stream);
}

void *stream_layer_reserve(struct stream *stream, size_t bytes)
{
    struct io *io = stream->io;

    assert(bytes <= IO_RECEIVE_BYTES);
    if (stream->broken || stream->closed)
        return NULL;
    if (!buffer_len(&stream->out) && io->gatherer &&
        (io->gatherer != stream || io->gathered + bytes > GATHER_BYTES))
        stream_flush_gathered(io->gatherer);
    if (stream->broken)
        return NULL;
    if (buffer_len(&stream->out)) /* keep the order */
        return buffer_reserve(&stream->out, bytes);
    if (!io->gatherer)
        io->gathered = 0;
    return io->gather + io->gathered;
}

void stream_layer_commit(struct stream *stream, size_t bytes)
{
    struct io *io = stream->io;

    if (buffer_len(&stream->out)) {
        buffer_grew(&stream->out, bytes);
        return;
    }
    io->gatherer = stream;
    io->gathered += bytes;
    if (io->depth == 0)
        stream_flush_gathered(stream);
}

/* Up to this much is copied to leave with what else the turn writes; more is sent from its place.
 */
#define SMALL_WRITE_BYTES ((size_t)16 * 1024)
#define WRITE_PIECES_MAX  16

static void write_directly(struct stream *stream, const struct iovec *pieces, int count)
{
    struct io *io = stream->io;
    struct iovec all[WRITE_PIECES_MAX + 1];
    size_t sent = 0;
    int first = 0;

    if (io->gatherer == stream) { /* what was gathered goes first, in the same send */
        all[first++] = (struct iovec){ .iov_base = io->gather, .iov_len = io->gathered };
        io->gatherer = NULL;
    }
    memcpy(all + first, pieces, (size_t)count * sizeof(*pieces));
    count += first;
    if (!stream->connecting && !buffer_len(&stream->out))
        sent = send_now(stream, all, count);
    for (int i = 0; i < count; i++) {
        size_t skipped = sent < all[i].iov_len ? sent : all[i].iov_len;

        keep_unsent(stream, (const char *)all[i].iov_base + skipped, all[i].iov_len - skipped);
        sent -= skipped;
    }
}

static void write_plain(struct stream *stream, const struct iovec *pieces, int count)
{
    struct io *io = stream->io;
    size_t total = io->gatherer == stream ? io->gathered : 0;

    assert(count <= WRITE_PIECES_MAX);
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (stream->connecting || io->depth == 0 || total > SMALL_WRITE_BYTES) {
        write_directly(stream, pieces, count);
        return;
    }
    for (int i = 0; i < count; i++)
        stream_layer_send(stream, pieces[i].iov_base, pieces[i].iov_len);
}

void stream_writev(struct stream *stream, const struct iovec *pieces, int count)
{
    struct err err;

    if (stream->broken || stream->closed)
        return;
    if (!stream->layer)
        write_plain(stream, pieces, count);
    else if (stream->layer->kind->write(stream->layer, pieces, count, &err) < 0)
        stream_mark_broken(stream, err.text);
}

void stream_write(struct stream *stream, const void *bytes, size_t len)
{
    struct iovec piece;

    piece.iov_len = len;
    memcpy(&piece.iov_base, &bytes, sizeof(bytes)); /* iovec is not const-correct */
    stream_writev(stream, &piece, 1);
}

size_t stream_pending(const struct stream *stream)
{
    size_t pending = buffer_len(&stream->out);

    if (stream->io->gatherer == stream)
        pending += stream->io->gathered;
    return pending;
}

bool stream_is_backed_up(const struct stream *stream)
{
    return buffer_len(&stream->out) > 0;
}

uint64_t stream_sent(const struct stream *stream)
{
    return stream->sent;
}

void stream_shutdown(struct stream *stream)
{
    if (stream->shutting || stream->broken)
        return;
    if (stream->layer && stream->ready)
        stream->layer->kind->shutdown(stream->layer);
    stream->shutting = true;
    stream_finish_shutdown(stream);
}

void stream_send_kept(struct stream *stream)
{
    struct iovec piece = { .iov_base = stream->out.bytes + stream->out.start,
                           .iov_len = buffer_len(&stream->out) };

    buffer_consume(&stream->out, send_now(stream, &piece, 1));
    if (stream->broken || buffer_len(&stream->out))
        return;
    buffer_done(&stream->out);
    stream_watch_writes(stream, false);
    stream_finish_shutdown(stream);
    stream_finish_linger(stream);
    if (stream->ready && !stream->lingering && stream->handler->on_drained)
        stream->handler->on_drained(stream->owner);
}
