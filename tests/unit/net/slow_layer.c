/* A layer of streams that is slow. */

#include "slow_layer.h"

#include <stdlib.h>

#include "base/memory.h"

struct slow_layer {
    struct stream_layer layer;
};

static enum io_status slow_handshake(struct stream_layer *layer, struct err *err)
{
    char byte;
    ssize_t got = stream_layer_receive(layer->stream, &byte, 1);

    (void)err;
    if (got < 0)
        return IO_CLOSED;
    return got == 1 && byte == '!' ? IO_OK : got == 0 ? IO_AGAIN : IO_FAILED;
}

static enum io_status slow_read(struct stream_layer *layer, char *into, size_t bytes, size_t *got,
                                struct err *err)
{
    ssize_t received = stream_layer_receive(layer->stream, into, bytes < 3 ? bytes : 3);

    (void)err;
    if (received > 0)
        *got = (size_t)received;
    if (received == 0)
        return IO_AGAIN;
    return received > 0 ? IO_OK : IO_CLOSED;
}

static int slow_write(struct stream_layer *layer, const struct iovec *pieces, int count,
                      struct err *err)
{
    (void)err;
    for (int i = 0; i < count; i++)
        stream_layer_send(layer->stream, pieces[i].iov_base, pieces[i].iov_len);
    return 0;
}

static bool slow_has_buffered(const struct stream_layer *layer)
{
    (void)layer;
    return false;
}

static void slow_shutdown(struct stream_layer *layer)
{
    stream_layer_send(layer->stream, "END", 3);
}

static void slow_free(struct stream_layer *layer)
{
    free(layer);
}

static const struct stream_layer_kind slow_kind = {
    .handshake = slow_handshake,
    .read = slow_read,
    .write = slow_write,
    .has_buffered = slow_has_buffered,
    .shutdown = slow_shutdown,
    .free = slow_free,
};

struct stream_layer *slow_new(void)
{
    struct slow_layer *slow = memory_new(sizeof(*slow));

    slow->layer.kind = &slow_kind;
    return &slow->layer;
}
