/* Messages with descriptors between two ends on one loop, and everything that breaks a channel. */

#include "ipc/channel.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/memory.h"

struct end {
    struct channel *channel;
    struct io *io;
    size_t received;
    size_t received_bytes;
    uint32_t last_type;
    size_t last_len;
    int taken; /* a descriptor taken out of the last message */
    size_t stop_after;
    bool free_on_message;
    char closed[128];
};

static void on_message(void *owner, struct channel_message *message)
{
    struct end *end = owner;

    end->received++;
    end->received_bytes += message->body.len;
    end->last_type = message->type;
    end->last_len = message->body.len;
    if (message->fd_count && end->taken < 0)
        end->taken = channel_message_take_fd(message, 0);
    assert_int_equal(channel_message_take_fd(message, message->fd_count), -1);
    if (end->free_on_message) {
        channel_free(end->channel);
        end->channel = NULL;
    }
    if (end->received == end->stop_after)
        io_stop(end->io);
}

static void on_closed(void *owner, const char *why)
{
    struct end *end = owner;

    assert_int_equal(end->closed[0], 0);
    text_to_buffer(text_of(why), end->closed, sizeof(end->closed));
    io_stop(end->io);
}

static const struct channel_handler handler = { .on_message = on_message, .on_closed = on_closed };

/* Two ends; the far one a raw socket when a test speaks for the peer itself. */
struct pair {
    struct io *io;
    struct end near;
    struct end far;
    int raw;
};

static void pair_open(struct pair *pair, bool far_is_raw)
{
    int ends[2];

    *pair = (struct pair){ .raw = -1 };
    assert_int_equal(channel_pair(ends, NULL), 0);
    pair->io = io_new();
    pair->near = (struct end){ .io = pair->io, .taken = -1 };
    pair->far = (struct end){ .io = pair->io, .taken = -1 };
    pair->near.channel = channel_new(pair->io, ends[0], &handler, &pair->near);
    if (far_is_raw)
        pair->raw = ends[1];
    else
        pair->far.channel = channel_new(pair->io, ends[1], &handler, &pair->far);
}

static void pair_close(struct pair *pair)
{
    channel_free(pair->near.channel);
    channel_free(pair->far.channel);
    if (pair->raw >= 0)
        close(pair->raw);
    if (pair->near.taken >= 0)
        close(pair->near.taken);
    io_free(pair->io);
}

static size_t open_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static size_t descriptors_that_survive_exec(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);

        count += flags >= 0 && !(flags & FD_CLOEXEC);
    }
    return count;
}

static void a_message_arrives_with_its_descriptor(void **state)
{
    struct pair pair;
    int pipes[2];
    char byte = 0;

    (void)state;
    pair_open(&pair, false);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    channel_send(pair.far.channel, 7, TEXT("hello"), &pipes[1], 1);
    close(pipes[1]);
    pair.near.stop_after = 1;
    io_run(pair.io);
    assert_int_equal(pair.near.last_type, 7);
    assert_int_equal(pair.near.last_len, 5);
    assert_true(pair.near.taken >= 0);
    assert_true(fcntl(pair.near.taken, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(pair.near.taken, "x", 1), 1);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, 'x');
    close(pipes[0]);
    pair_close(&pair);
}

static void descriptors_that_nobody_takes_are_closed(void **state)
{
    struct pair pair;
    size_t before;
    int fds[CHANNEL_MESSAGE_FDS];

    (void)state;
    pair_open(&pair, false);
    before = open_descriptors();
    for (size_t i = 0; i < CHANNEL_MESSAGE_FDS; i++)
        fds[i] = STDERR_FILENO;
    channel_send(pair.far.channel, 1, TEXT_NONE, fds, CHANNEL_MESSAGE_FDS);
    pair.near.stop_after = 1;
    io_run(pair.io);
    assert_int_equal(pair.near.received, 1);
    assert_int_equal(open_descriptors(), before + 1); /* the one that was taken */
    pair_close(&pair);
}

static void the_largest_message_passes(void **state)
{
    struct pair pair;
    char *body = memory_new(CHANNEL_MESSAGE_BYTES);

    (void)state;
    pair_open(&pair, false);
    channel_send(pair.far.channel, 2, text_make(body, CHANNEL_MESSAGE_BYTES), NULL, 0);
    pair.near.stop_after = 1;
    io_run(pair.io);
    assert_int_equal(pair.near.last_len, CHANNEL_MESSAGE_BYTES);
    pair_close(&pair);
    free(body);
}

static void what_the_peer_does_not_take_yet_is_queued_in_order(void **state)
{
    struct pair pair;
    size_t before;
    size_t surviving;
    char *body = memory_new(CHANNEL_MESSAGE_BYTES);

    (void)state;
    pair_open(&pair, false);
    before = open_descriptors();
    surviving = descriptors_that_survive_exec();
    for (uint32_t i = 0; i < 8; i++) {
        int fd = STDERR_FILENO;

        channel_send(pair.far.channel, i + 1, text_make(body, CHANNEL_MESSAGE_BYTES - i), &fd, 1);
    }
    assert_true(open_descriptors() > before); /* duplicates wait in the queue */
    assert_int_equal(descriptors_that_survive_exec(), surviving);
    pair.near.stop_after = 8;
    io_run(pair.io);
    assert_int_equal(pair.near.received, 8);
    assert_int_equal(pair.near.last_type, 8);
    assert_int_equal(pair.near.last_len, CHANNEL_MESSAGE_BYTES - 7);
    assert_int_equal(open_descriptors(), before + 1);
    pair_close(&pair);
    free(body);
}

static void nothing_overtakes_what_is_queued(void **state)
{
    struct pair pair;
    char *packet = memory_new(CHANNEL_MESSAGE_BYTES + 4);
    const uint32_t count = 8;

    (void)state;
    pair_open(&pair, true);
    for (uint32_t i = 1; i < count; i++)
        channel_send(pair.near.channel, i, text_make(packet, CHANNEL_MESSAGE_BYTES), NULL, 0);
    /* the socket has room again, but the loop has not seen it yet */
    for (uint32_t i = 1; i <= count; i++) {
        assert_true(recv(pair.raw, packet, CHANNEL_MESSAGE_BYTES + 4, 0) >= 4);
        assert_int_equal(packet[0], i);
        if (i == 1)
            channel_send(pair.near.channel, count, TEXT("small"), NULL, 0);
        event_base_loop(io_base(pair.io), EVLOOP_NONBLOCK);
    }
    pair_close(&pair);
    free(packet);
}

static void a_queued_descriptor_may_be_closed_by_the_sender(void **state)
{
    struct pair pair;
    int pipes[2];
    char *body = memory_new(CHANNEL_MESSAGE_BYTES);

    (void)state;
    pair_open(&pair, false);
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    for (int i = 0; i < 6; i++)
        channel_send(pair.far.channel, 1, text_make(body, CHANNEL_MESSAGE_BYTES), NULL, 0);
    channel_send(pair.far.channel, 2, TEXT("late"), &pipes[1], 1);
    close(pipes[1]);
    pair.near.stop_after = 7;
    io_run(pair.io);
    assert_true(pair.near.taken >= 0);
    assert_int_equal(write(pair.near.taken, "y", 1), 1);
    close(pipes[0]);
    pair_close(&pair);
    free(body);
}

static void a_peer_that_never_reads_breaks_the_channel_and_frees_the_queue(void **state)
{
    struct pair pair;
    size_t before;
    char *body = memory_new(CHANNEL_MESSAGE_BYTES);
    int fd = STDERR_FILENO;

    (void)state;
    pair_open(&pair, true);
    before = open_descriptors();
    for (int i = 0; i < 100; i++)
        channel_send(pair.near.channel, 1, text_make(body, CHANNEL_MESSAGE_BYTES), &fd, 1);
    assert_int_equal(pair.near.closed[0], 0); /* never from inside the call */
    io_run(pair.io);
    assert_string_equal(pair.near.closed, "the peer does not read its messages");
    channel_send(pair.near.channel, 1, TEXT_NONE, &fd, 1); /* harmless */
    event_base_loop(io_base(pair.io), EVLOOP_NONBLOCK);
    channel_free(pair.near.channel);
    pair.near.channel = NULL;
    assert_true(open_descriptors() <= before);
    pair_close(&pair);
    free(body);
}

static void end_of_the_peer(bool send_again)
{
    struct pair pair;

    pair_open(&pair, false);
    channel_send(pair.near.channel, 3, TEXT("never read"), NULL, 0);
    channel_send(pair.far.channel, 9, TEXT("bye"), NULL, 0);
    channel_free(pair.far.channel);
    pair.far.channel = NULL;
    if (send_again)
        channel_send(pair.near.channel, 3, TEXT("into the void"), NULL, 0);
    io_run(pair.io);
    assert_int_equal(pair.near.received, 1);
    assert_int_equal(pair.near.last_type, 9);
    assert_string_equal(pair.near.closed, "the peer is gone");
    pair_close(&pair);
}

static void the_end_of_the_peer_is_told_once_behind_its_last_message(void **state)
{
    (void)state;
    end_of_the_peer(true);
    end_of_the_peer(false); /* the kernel tells a reset first */
}

static void a_channel_may_be_freed_by_its_own_message(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair, false);
    channel_send(pair.far.channel, 1, TEXT("one"), NULL, 0);
    channel_send(pair.far.channel, 1, TEXT("two"), NULL, 0);
    pair.near.free_on_message = true;
    io_run(pair.io); /* ends when the far end sees the close */
    assert_int_equal(pair.near.received, 1);
    assert_string_not_equal(pair.far.closed, "");
    pair_close(&pair);
}

static void a_packet_that_is_no_message_breaks_the_channel(void **state)
{
    static const struct text packets[] = {
        { "", 0 },
        { "\x01\x00\x00", 3 },
        { "\x00\x00\x00\x00", 4 },
        { "\x00\x00\x00\x00with a body", 15 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        struct pair pair;

        pair_open(&pair, true);
        assert_int_equal(send(pair.raw, packets[i].at, packets[i].len, 0), packets[i].len);
        io_run(pair.io);
        assert_int_equal(pair.near.received, 0);
        assert_string_not_equal(pair.near.closed, "");
        pair_close(&pair);
    }
}

static void a_packet_that_is_too_long_breaks_the_channel(void **state)
{
    struct pair pair;
    size_t len = CHANNEL_MESSAGE_BYTES + 5;
    char *packet = memory_new(len);

    (void)state;
    pair_open(&pair, true);
    packet[0] = 1;
    assert_int_equal(send(pair.raw, packet, len, 0), len);
    io_run(pair.io);
    assert_string_equal(pair.near.closed, "the peer sent what is no message");
    pair_close(&pair);
    free(packet);
}

static void a_packet_is_decoded_up_to_its_bound(void **state)
{
    size_t len = CHANNEL_MESSAGE_BYTES + 5;
    char *packet = memory_new(len);
    struct channel_message message;

    (void)state;
    packet[1] = 1;
    assert_int_equal(channel_decode(text_make(packet, len), &message), -1);
    assert_int_equal(channel_decode(text_make(packet, len - 1), &message), 0);
    assert_int_equal(message.type, 256);
    assert_int_equal(message.body.len, CHANNEL_MESSAGE_BYTES);
    assert_int_equal(message.fd_count, 0);
    free(packet);
}

static void too_many_descriptors_break_the_channel_and_none_leaks(void **state)
{
    struct pair pair;
    size_t before;
    union {
        char bytes[CMSG_SPACE(sizeof(int) * (CHANNEL_MESSAGE_FDS + 10))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct iovec piece = { .iov_base = (char[]){ 1, 0, 0, 0 }, .iov_len = 4 };
    struct msghdr header = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    int fds[CHANNEL_MESSAGE_FDS + 10];

    (void)state;
    pair_open(&pair, true);
    before = open_descriptors();
    for (size_t i = 0; i < CHANNEL_MESSAGE_FDS + 10; i++)
        fds[i] = STDERR_FILENO;
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(rights), fds, sizeof(fds));
    assert_int_equal(sendmsg(pair.raw, &header, 0), 4);
    io_run(pair.io);
    assert_string_equal(pair.near.closed, "the peer sent what is no message");
    assert_int_equal(open_descriptors(), before);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_arrives_with_its_descriptor),
        cmocka_unit_test(descriptors_that_nobody_takes_are_closed),
        cmocka_unit_test(the_largest_message_passes),
        cmocka_unit_test(what_the_peer_does_not_take_yet_is_queued_in_order),
        cmocka_unit_test(nothing_overtakes_what_is_queued),
        cmocka_unit_test(a_queued_descriptor_may_be_closed_by_the_sender),
        cmocka_unit_test(a_peer_that_never_reads_breaks_the_channel_and_frees_the_queue),
        cmocka_unit_test(the_end_of_the_peer_is_told_once_behind_its_last_message),
        cmocka_unit_test(a_channel_may_be_freed_by_its_own_message),
        cmocka_unit_test(a_packet_that_is_no_message_breaks_the_channel),
        cmocka_unit_test(a_packet_that_is_too_long_breaks_the_channel),
        cmocka_unit_test(a_packet_is_decoded_up_to_its_bound),
        cmocka_unit_test(too_many_descriptors_break_the_channel_and_none_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
