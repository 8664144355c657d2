#ifndef SWARMWARD_IPC_CHANNEL_H
#define SWARMWARD_IPC_CHANNEL_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "ipc/wire.h"
#include "net/io.h"

/*
 * Typed messages with descriptors between two processes of ours, over a SOCK_SEQPACKET socketpair:
 * one packet is one message, a u32 type and a body. Sending never blocks; what the peer does not
 * take yet is queued up to a bound, past which the channel counts as broken.
 */

#define CHANNEL_MESSAGE_BYTES ((size_t)128 * 1024)
#define CHANNEL_MESSAGE_FDS   64

struct channel_message {
    uint32_t type;
    struct text body; /* borrowed for the call */
    /* Lent: what the handler takes it sets to -1, the rest is closed after the call. */
    int fds[CHANNEL_MESSAGE_FDS];
    size_t fd_count;
};

struct channel;

struct channel_handler {
    void (*on_message)(void *owner, struct channel_message *message);
    /* The peer is gone or sent what is no message. The owner frees the channel. */
    void (*on_closed)(void *owner, const char *why);
};

/* Two ends with close-on-exec. */
int channel_pair(int ends[2], struct err *err);

/* Takes the descriptor. */
struct channel *channel_new(struct io *io, int fd, const struct channel_handler *handler,
                            void *owner);
void channel_free(struct channel *channel);

/* Copies the body and borrows the descriptors (they may be closed when it returns). */
void channel_send(struct channel *channel, uint32_t type, struct text body, const int *fds,
                  size_t fd_count);

/* Take a descriptor out of a message; -1 when it has not that many. */
int channel_message_take_fd(struct channel_message *message, size_t index);

/* Decode one packet, for the fuzzer and the channel itself. -1: not a message. */
int channel_decode(struct text packet, struct channel_message *message_out);

#endif
