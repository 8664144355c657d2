/*
 * One end of a SOCK_SEQPACKET pair on the event loop: packets become messages with descriptors, and
 * messages packets. Used by the parent for each child and by every child for its parent. What a
 * message means, and whether the peer may send it, is for messages.h and the owner.
 */

#include "ipc/channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"

#define TYPE_BYTES   sizeof(uint32_t)
#define PACKET_BYTES (TYPE_BYTES + CHANNEL_MESSAGE_BYTES)

/* What may wait for a peer that does not read; a peer further behind than this is stuck. */
#define QUEUE_BYTES_MAX    ((size_t)1024 * 1024)
#define QUEUE_MESSAGES_MAX 1024
#define QUEUE_FDS_MAX      256

/* So that one talkative peer does not keep the loop from the others. */
#define MESSAGES_A_TURN 64

struct queued {
    struct queued *next;
    size_t len;
    size_t fd_count;
    int fds[CHANNEL_MESSAGE_FDS]; /* owned: duplicates */
    char packet[];
};

struct channel {
    /* owned */
    int fd;
    struct event *readable;
    struct event *writable;
    char *receive; /* PACKET_BYTES; only what packets touched is in memory */
    struct queued *first;
    struct queued **last;
    /* borrowed */
    struct io *io;
    const struct channel_handler *handler;
    void *owner;
    size_t queued_bytes;
    size_t queued_messages;
    size_t queued_fds;
    const char *broken; /* why sending failed; the loop reports it */
    bool silent;        /* on_closed was called, or the channel was freed */
};

union control {
    char bytes[CMSG_SPACE(sizeof(int) * CHANNEL_MESSAGE_FDS)];
    struct cmsghdr align;
};

int channel_pair(int ends[2], struct err *err)
{
    int pair[2];
    int bytes = (int)PACKET_BYTES * 2;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return err_set(err, "socketpair: %s", strerror(errno));
    /* the kernel takes a packet only when all of it fits */
    for (int i = 0; i < 2; i++)
        (void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    ends[0] = pair[0];
    ends[1] = pair[1];
    return 0;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

int channel_message_take_fd(struct channel_message *message, size_t index)
{
    int fd;

    if (index >= message->fd_count)
        return -1;
    fd = message->fds[index];
    message->fds[index] = -1;
    return fd;
}

int channel_decode(struct text packet, struct channel_message *message_out)
{
    struct wire wire = wire_read(packet);
    uint32_t type = wire_get_u32(&wire);

    if (wire.bad || type == 0 || wire.left.len > CHANNEL_MESSAGE_BYTES)
        return -1;
    message_out->type = type;
    message_out->body = wire.left;
    message_out->fd_count = 0;
    return 0;
}

/* Sending */

/* 0: sent, or the peer is gone, which reading will find. 1: not now. -1: `broken` is set. */
static int send_packet(struct channel *channel, struct iovec packet, const int *fds,
                       size_t fd_count)
{
    union control control;
    struct msghdr header = { .msg_iov = &packet, .msg_iovlen = 1 };
    ssize_t sent;

    if (fd_count) {
        struct cmsghdr *rights;

        memset(&control, 0, sizeof(control));
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
        rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
        memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
    }
    do
        sent = sendmsg(channel->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0 || errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return 0;
    if (errno == EAGAIN)
        return 1;
    channel->broken = strerror(errno);
    return -1;
}

static void drop_first(struct channel *channel)
{
    struct queued *queued = channel->first;

    channel->first = queued->next;
    if (!channel->first)
        channel->last = &channel->first;
    channel->queued_bytes -= queued->len;
    channel->queued_messages--;
    channel->queued_fds -= queued->fd_count;
    close_all(queued->fds, queued->fd_count);
    free(queued);
}

static bool queue_has_room(const struct channel *channel, size_t len, size_t fd_count)
{
    return channel->queued_bytes + len <= QUEUE_BYTES_MAX &&
           channel->queued_messages < QUEUE_MESSAGES_MAX &&
           channel->queued_fds + fd_count <= QUEUE_FDS_MAX;
}

static void enqueue(struct channel *channel, struct iovec packet, const int *fds, size_t fd_count)
{
    struct queued *queued;

    if (!queue_has_room(channel, packet.iov_len, fd_count)) {
        channel->broken = "the peer does not read its messages";
        return;
    }
    queued = memory_new(sizeof(*queued) + packet.iov_len);
    queued->len = packet.iov_len;
    memcpy(queued->packet, packet.iov_base, packet.iov_len);
    for (; queued->fd_count < fd_count; queued->fd_count++) {
        int copy = fcntl(fds[queued->fd_count], F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            channel->broken = "no descriptor left to queue a message";
            close_all(queued->fds, queued->fd_count);
            free(queued);
            return;
        }
        queued->fds[queued->fd_count] = copy;
    }
    *channel->last = queued;
    channel->last = &queued->next;
    channel->queued_bytes += queued->len;
    channel->queued_messages++;
    channel->queued_fds += queued->fd_count;
    event_add(channel->writable, NULL);
}

void channel_send(struct channel *channel, uint32_t type, struct text body, const int *fds,
                  size_t fd_count)
{
    struct buffer bytes = { 0 };
    struct iovec packet;

    assert(type != 0 && body.len <= CHANNEL_MESSAGE_BYTES && fd_count <= CHANNEL_MESSAGE_FDS);
    if (channel->silent || channel->broken)
        return;
    wire_put_u32(&bytes, type);
    buffer_append_text(&bytes, body);
    packet = (struct iovec){ .iov_base = bytes.bytes, .iov_len = buffer_len(&bytes) };
    if (channel->first || send_packet(channel, packet, fds, fd_count) > 0)
        enqueue(channel, packet, fds, fd_count);
    buffer_done(&bytes);
    /* never call the owner back from inside its own call */
    if (channel->broken)
        event_active(channel->readable, EV_READ, 0);
}

static void on_writable(evutil_socket_t fd, short what, void *owner)
{
    struct channel *channel = owner;

    (void)fd;
    (void)what;
    io_enter(channel->io);
    while (channel->first) {
        struct queued *queued = channel->first;
        struct iovec packet = { .iov_base = queued->packet, .iov_len = queued->len };

        if (send_packet(channel, packet, queued->fds, queued->fd_count) != 0)
            break;
        drop_first(channel);
    }
    if (channel->broken)
        event_active(channel->readable, EV_READ, 0);
    if (!channel->first || channel->broken)
        event_del(channel->writable);
    io_leave(channel->io);
}

/* Receiving */

static void report_closed(struct channel *channel, const char *why)
{
    channel->silent = true;
    event_del(channel->readable);
    event_del(channel->writable);
    channel->handler->on_closed(channel->owner, why);
}

/* Descriptors of a received packet; those past the bound are closed at once. */
static size_t collect_fds(struct msghdr *header, int fds[CHANNEL_MESSAGE_FDS])
{
    size_t count = 0;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        const unsigned char *data = CMSG_DATA(at);
        size_t bytes = at->cmsg_len - CMSG_LEN(0);

        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (; bytes >= sizeof(int); bytes -= sizeof(int), data += sizeof(int)) {
            int fd;

            memcpy(&fd, data, sizeof(fd));
            if (count < CHANNEL_MESSAGE_FDS)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

static ssize_t receive_packet(struct channel *channel, struct msghdr *header)
{
    ssize_t got;
    int resets = 0;

    /* a peer that dies with unread messages resets once; what it sent before is still there */
    do
        got = recvmsg(channel->fd, header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
    return got;
}

/* One packet to one message; false when there is no more for now. */
static bool receive_one(struct channel *channel)
{
    union control control;
    struct iovec piece = { .iov_base = channel->receive, .iov_len = PACKET_BYTES };
    struct msghdr header = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct channel_message message;
    int fds[CHANNEL_MESSAGE_FDS];
    size_t fd_count;
    ssize_t got = receive_packet(channel, &header);

    if (got < 0 && errno == EAGAIN)
        return false;
    if (got <= 0) {
        report_closed(channel, got < 0 ? strerror(errno) : "the peer is gone");
        return false;
    }
    fd_count = collect_fds(&header, fds);
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
        channel_decode(text_make(channel->receive, (size_t)got), &message) < 0) {
        close_all(fds, fd_count);
        report_closed(channel, "the peer sent what is no message");
        return false;
    }
    memcpy(message.fds, fds, sizeof(fds[0]) * fd_count);
    message.fd_count = fd_count;
    channel->handler->on_message(channel->owner, &message);
    close_all(message.fds, fd_count);
    return !channel->silent;
}

static void on_readable(evutil_socket_t fd, short what, void *owner)
{
    struct channel *channel = owner;

    (void)fd;
    (void)what;
    io_enter(channel->io);
    if (channel->broken)
        report_closed(channel, channel->broken);
    else
        for (int i = 0; i < MESSAGES_A_TURN && receive_one(channel); i++)
            continue;
    io_leave(channel->io);
}

/* Life */

static struct event *event_for(struct channel *channel, short what, event_callback_fn callback)
{
    struct event *event = event_new(io_base(channel->io), channel->fd, what, callback, channel);

    if (!event)
        abort(); /* out of memory */
    return event;
}

struct channel *channel_new(struct io *io, int fd, const struct channel_handler *handler,
                            void *owner)
{
    struct channel *channel = memory_new(sizeof(*channel));

    channel->io = io;
    channel->fd = fd;
    channel->handler = handler;
    channel->owner = owner;
    channel->last = &channel->first;
    channel->receive = memory_resize(NULL, PACKET_BYTES, 1);
    channel->readable = event_for(channel, EV_READ | EV_PERSIST, on_readable);
    channel->writable = event_for(channel, EV_WRITE | EV_PERSIST, on_writable);
    event_add(channel->readable, NULL);
    return channel;
}

static void release(void *memory)
{
    struct channel *channel = memory;

    free(channel->receive);
    free(channel);
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    channel->silent = true;
    event_free(channel->readable);
    event_free(channel->writable);
    while (channel->first)
        drop_first(channel);
    close(channel->fd);
    io_free_later(channel->io, channel, release);
}
