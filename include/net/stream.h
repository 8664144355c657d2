#ifndef SWARMWARD_NET_STREAM_H
#define SWARMWARD_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "net/io.h"

/*
 * Bytes in and out of one socket, with TLS as a layer that may be put in between. Writing never
 * blocks and never fails at the call: what the socket does not take is kept (the writer watches
 * stream_pending() and stops), and a broken stream is reported by on_broken, once, from the loop.
 */

enum io_status {
    IO_OK,     /* some bytes */
    IO_AGAIN,  /* none now; on_readable comes when there are more */
    IO_CLOSED, /* the peer's end of its bytes */
    IO_FAILED, /* reset or a TLS error; stream_error() says what */
};

struct stream_handler {
    void (*on_ready)(void *owner);    /* connected, and the layer's handshake is done */
    void (*on_readable)(void *owner); /* call stream_read() until it has no more, or pause */
    void (*on_drained)(void *owner);  /* pending output fell to nothing after it was more */
    void (*on_broken)(void *owner);   /* failed: stream_error() says why; only free is left */
    /* While we linger: the peer ended its bytes and the socket took ours. NULL: not wanted. */
    void (*on_peer_closed)(void *owner);
};

/*
 * A layer between socket and stream (TLS). `input` and `output` of the stream are reached by
 * stream_layer_receive() and stream_layer_send() below.
 */
struct stream_layer;

struct stream_layer_kind {
    /* IO_OK: done. IO_AGAIN: wants more bytes, or was paused by its own reasons. */
    enum io_status (*handshake)(struct stream_layer *layer, struct err *err);
    enum io_status (*read)(struct stream_layer *layer, char *into, size_t bytes, size_t *got,
                           struct err *err);
    /* Takes all. -1: broken. */
    int (*write)(struct stream_layer *layer, const struct iovec *pieces, int count,
                 struct err *err);
    /* Decrypted bytes that wait inside the layer. */
    bool (*has_buffered)(const struct stream_layer *layer);
    void (*shutdown)(struct stream_layer *layer); /* says goodbye: close_notify */
    void (*free)(struct stream_layer *layer);
};

struct stream_layer {
    const struct stream_layer_kind *kind;
    struct stream *stream; /* borrowed; set by stream_new() */
};

/*
 * A connected socket as a stream: takes the descriptor and the layer (NULL: plain). Nothing happens
 * before stream_start(). Begins paused, but reads what a handshake needs. Never fails.
 */
struct stream *stream_new(struct io *io, int fd, struct stream_layer *layer,
                          const struct stream_handler *handler, void *owner);
/* The same for a socket whose connect is under way: on_ready comes when it is done. */
struct stream *stream_new_connecting(struct io *io, int fd, struct stream_layer *layer,
                                     const struct stream_handler *handler, void *owner);

/*
 * Begin: what has come already is read at once, without waiting for the loop; a stream that is
 * freed by then was never registered with it.
 */
void stream_start(struct stream *stream);

/* Closes; never calls back any more. Safe inside its own callbacks. NULL is fine. */
void stream_free(struct stream *stream);
/* The same, but the peer sees a reset. */
void stream_free_reset(struct stream *stream);

/* A plain stream, with nothing pending, gets a layer: its handshake begins on what was received
 * (copied; at most half of IO_RECEIVE_BYTES). Paused and not ready, as after stream_new(). */
void stream_put_layer(struct stream *stream, struct stream_layer *layer, const void *bytes,
                      size_t len);

void stream_set_handler(struct stream *stream, const struct stream_handler *handler, void *owner);

enum io_status stream_read(struct stream *stream, char *into, size_t bytes, size_t *got);

/* False: a further stream_read() in this turn gives IO_AGAIN for sure. */
bool stream_may_have_more(const struct stream *stream);

/* Call on_readable when bytes come, or are there already. Pausing keeps what is buffered. */
void stream_resume_reading(struct stream *stream);
void stream_pause_reading(struct stream *stream);
/* Call on_readable from the loop, soon, though nothing may have come: the owner has kept bytes. */
void stream_kick(struct stream *stream);

/* Bytes are copied or sent before this returns. */
void stream_writev(struct stream *stream, const struct iovec *pieces, int count);
void stream_write(struct stream *stream, const void *bytes, size_t len);

/* Bytes written and not yet taken by the socket. */
size_t stream_pending(const struct stream *stream);

/* The socket did not take all: write no more until on_drained. */
bool stream_is_backed_up(const struct stream *stream);

/* Bytes that the socket took since the beginning: a writer's progress. */
uint64_t stream_sent(const struct stream *stream);

/* No more writing: close_notify and FIN behind what is pending. */
void stream_shutdown(struct stream *stream);

/*
 * The last thing before stream_free() when the peer may still be sending: shut down, then throw
 * away what comes until the peer ends and all is sent (on_peer_closed) or it breaks, so that what
 * was written is not destroyed by a reset. The owner sets a deadline.
 */
void stream_linger(struct stream *stream);

bool stream_is_broken(const struct stream *stream);
const char *stream_error(const struct stream *stream);
int stream_fd(const struct stream *stream);
struct stream_layer *stream_get_layer(struct stream *stream);

/* For layers: the handshake waits for something else than bytes, which stay unread; it goes on. */
void stream_hold_handshake(struct stream *stream);
void stream_continue_handshake(struct stream *stream);

/* For layers: bytes off the socket. How many; 0: none now; -1: at the end or on failure. */
ssize_t stream_layer_receive(struct stream *stream, void *into, size_t bytes);
/*
 * The same without a copy: at least `least` bytes (at most half of IO_RECEIVE_BYTES) in one piece,
 * borrowed until the next call or the end of the turn. How many are there; 0 when not so many have
 * come yet (what has stays), -1 at the end or on failure.
 */
ssize_t stream_layer_peek(struct stream *stream, size_t least, const unsigned char **bytes_out);
void stream_layer_consume(struct stream *stream, size_t bytes);
/* For layers: bytes for the socket; gathered and sent when the callback returns. */
void stream_layer_send(struct stream *stream, const void *bytes, size_t len);
/*
 * The same without a copy: room for `bytes` (at most IO_RECEIVE_BYTES) where they are gathered,
 * NULL when the stream is broken; then all of the room counts as sent.
 */
void *stream_layer_reserve(struct stream *stream, size_t bytes);
void stream_layer_commit(struct stream *stream, size_t bytes);
/* The peer has ended its bytes and all of them were received. */
bool stream_layer_at_end(const struct stream *stream);

#endif
