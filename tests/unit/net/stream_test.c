/* Streams over socketpairs: order under back-pressure, pausing, ends, failures, a layer that holds.
 */

#include "net/stream.h"

#include <errno.h>
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
#include "net/deadline.h"
#include "slow_layer.h"

#define PATTERN_PRIME 251

/* One end is a stream under test, the other a plain descriptor in the hands of the test. */
struct pair {
    struct io *io;
    struct stream *stream;
    struct deadline give_up;
    int peer;
    char got[1 << 20];
    size_t got_bytes;
    int ready, drained, broken, peer_closed, ended;
    bool stop_when_drained, stop_on_bytes;
};

static void on_ready(void *owner)
{
    ((struct pair *)owner)->ready++;
}

static void on_readable(void *owner)
{
    struct pair *pair = owner;
    enum io_status status;
    size_t got;

    while ((status = stream_read(pair->stream, pair->got + pair->got_bytes,
                                 sizeof(pair->got) - pair->got_bytes, &got)) == IO_OK)
        pair->got_bytes += got;
    if (status == IO_CLOSED)
        pair->ended++;
    if (status == IO_CLOSED || pair->stop_on_bytes)
        io_stop(pair->io);
}

static void on_drained(void *owner)
{
    struct pair *pair = owner;

    pair->drained++;
    if (pair->stop_when_drained)
        io_stop(pair->io);
}

static void on_broken(void *owner)
{
    struct pair *pair = owner;

    pair->broken++;
    io_stop(pair->io);
}

static void on_peer_closed(void *owner)
{
    struct pair *pair = owner;

    pair->peer_closed++;
    io_stop(pair->io);
}

static const struct stream_handler handler = {
    .on_ready = on_ready,
    .on_readable = on_readable,
    .on_drained = on_drained,
    .on_broken = on_broken,
    .on_peer_closed = on_peer_closed,
};

static void give_up(void *owner)
{
    (void)owner;
    fail_msg("the event that the test waits for never came");
}

/* Not started yet. */
static struct pair *pair_make(struct stream_layer *layer)
{
    struct pair *pair = memory_new(sizeof(*pair));
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pair->io = io_new();
    pair->peer = ends[1];
    pair->stream = stream_new(pair->io, ends[0], layer, &handler, pair);
    deadline_init(&pair->give_up, pair->io, give_up, pair);
    deadline_set(&pair->give_up, io_now_ms(pair->io) + 30000);
    return pair;
}

static struct pair *pair_new(struct stream_layer *layer)
{
    struct pair *pair = pair_make(layer);

    stream_start(pair->stream);
    return pair;
}

static void pair_free(struct pair *pair)
{
    deadline_done(&pair->give_up);
    stream_free(pair->stream);
    close(pair->peer);
    io_free(pair->io);
    free(pair);
}

static void fill(char *bytes, size_t len, size_t from)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((from + i) % PATTERN_PRIME);
}

/* Read all that is there at the peer and check that it goes on with the pattern. */
static size_t peer_takes(struct pair *pair, size_t from)
{
    char bytes[65536];
    char wanted[65536];
    size_t taken = 0;
    ssize_t got;

    while ((got = read(pair->peer, bytes, sizeof(bytes))) > 0) {
        fill(wanted, (size_t)got, from + taken);
        assert_memory_equal(bytes, wanted, (size_t)got);
        taken += (size_t)got;
    }
    return taken;
}

static void everything_written_arrives_in_order_under_back_pressure(void **state)
{
    static const size_t sizes[] = { 1, 17, 16383, 16384, 16385, 65536, 200000, 3 };
    struct pair *pair = pair_new(NULL);
    static char bytes[200000];
    size_t written = 0;
    size_t arrived = 0;

    (void)state;
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            fill(bytes, sizes[i], written);
            stream_write(pair->stream, bytes, sizes[i]);
            written += sizes[i];
        }
    }
    assert_true(stream_pending(pair->stream) > 0);
    pair->stop_when_drained = true;
    while (stream_pending(pair->stream)) {
        arrived += peer_takes(pair, arrived);
        event_base_loop(io_base(pair->io), EVLOOP_ONCE);
    }
    arrived += peer_takes(pair, arrived);
    assert_int_equal(arrived, written);
    assert_int_equal(stream_sent(pair->stream), written);
    assert_int_equal(pair->drained, 1);
    pair_free(pair);
}

static void small_writes_of_one_turn_are_pending_until_it_ends(void **state)
{
    struct pair *pair = pair_new(NULL);
    char bytes[16];

    (void)state;
    io_enter(pair->io);
    stream_write(pair->stream, "abc", 3);
    stream_write(pair->stream, "def", 3);
    assert_int_equal(stream_pending(pair->stream), 6);
    assert_int_equal(read(pair->peer, bytes, sizeof(bytes)), -1);
    io_leave(pair->io);
    assert_int_equal(stream_pending(pair->stream), 0);
    assert_int_equal(read(pair->peer, bytes, sizeof(bytes)), 6);
    assert_memory_equal(bytes, "abcdef", 6);
    pair_free(pair);
}

static void a_paused_stream_says_nothing_until_it_is_resumed(void **state)
{
    struct pair *pair = pair_new(NULL);

    (void)state;
    assert_int_equal(write(pair->peer, "hello", 5), 5);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(pair->got_bytes, 0);
    pair->stop_on_bytes = true;
    stream_resume_reading(pair->stream);
    io_run(pair->io);
    assert_int_equal(pair->got_bytes, 5);
    pair_free(pair);
}

static void what_comes_while_we_are_paused_wakes_nobody_and_is_not_lost(void **state)
{
    struct pair *pair = pair_new(NULL);

    (void)state;
    assert_int_equal(write(pair->peer, "hello", 5), 5);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(shutdown(pair->peer, SHUT_WR), 0);
    /* only the deadline is left to wait for: no event spins on what is not wanted */
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(event_base_get_num_events(io_base(pair->io), EVENT_BASE_COUNT_ADDED), 1);
    stream_resume_reading(pair->stream);
    io_run(pair->io);
    assert_int_equal(pair->got_bytes, 5);
    assert_int_equal(pair->ended, 1);
    pair_free(pair);
}

static void a_broken_stream_is_reported_once_and_from_the_loop(void **state)
{
    struct pair *pair = pair_new(NULL);
    static char bytes[1 << 20];

    (void)state;
    close(pair->peer);
    pair->peer = dup(STDERR_FILENO);
    stream_write(pair->stream, bytes, sizeof(bytes));
    assert_int_equal(pair->broken, 0);
    io_run(pair->io);
    assert_int_equal(pair->broken, 1);
    assert_string_equal(stream_error(pair->stream), strerror(EPIPE));
    stream_write(pair->stream, bytes, 10);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(pair->broken, 1);
    pair_free(pair);
}

static void lingering_throws_away_what_comes_and_waits_for_the_end(void **state)
{
    struct pair *pair = pair_new(NULL);
    char bytes[16];

    (void)state;
    stream_resume_reading(pair->stream);
    stream_write(pair->stream, "bye", 3);
    stream_linger(pair->stream);
    assert_int_equal(write(pair->peer, "too late", 8), 8);
    assert_int_equal(read(pair->peer, bytes, sizeof(bytes)), 3);
    assert_int_equal(read(pair->peer, bytes, sizeof(bytes)), 0); /* our end came through */
    assert_int_equal(shutdown(pair->peer, SHUT_WR), 0);
    io_run(pair->io);
    assert_int_equal(pair->peer_closed, 1);
    assert_int_equal(pair->got_bytes, 0);
    pair_free(pair);
}

/* RFC 9112, 9.6: who has asked may end his side before he has read the answer. */
static void lingering_waits_for_what_is_pending_when_the_peer_ends_first(void **state)
{
    struct pair *pair = pair_new(NULL);
    static char bytes[1 << 20];
    size_t arrived = 0;

    (void)state;
    fill(bytes, sizeof(bytes), 0);
    stream_write(pair->stream, bytes, sizeof(bytes));
    assert_true(stream_pending(pair->stream) > 0);
    stream_linger(pair->stream);
    assert_int_equal(shutdown(pair->peer, SHUT_WR), 0);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(pair->peer_closed, 0);
    /* only the deadline and the room in the socket are waited for: the end does not spin */
    assert_int_equal(event_base_get_num_events(io_base(pair->io), EVENT_BASE_COUNT_ADDED), 2);
    while (!pair->peer_closed) {
        arrived += peer_takes(pair, arrived);
        event_base_loop(io_base(pair->io), EVLOOP_ONCE);
    }
    arrived += peer_takes(pair, arrived);
    assert_int_equal(arrived, sizeof(bytes));
    assert_int_equal(pair->peer_closed, 1);
    assert_int_equal(pair->drained, 0);
    pair_free(pair);
}

static void lingering_breaks_when_the_peer_goes_with_output_pending(void **state)
{
    struct pair *pair = pair_new(NULL);
    static char bytes[1 << 20];

    (void)state;
    stream_write(pair->stream, bytes, sizeof(bytes));
    stream_linger(pair->stream);
    close(pair->peer);
    pair->peer = dup(STDERR_FILENO);
    io_run(pair->io);
    assert_int_equal(pair->broken, 1);
    assert_int_equal(pair->peer_closed, 0);
    pair_free(pair);
}

static void a_layer_sees_the_handshake_first_and_the_owner_the_rest_of_the_same_packet(void **state)
{
    struct pair *pair = pair_new(slow_new());
    char bytes[16];

    (void)state;
    pair->stop_on_bytes = true;
    stream_resume_reading(pair->stream);
    assert_int_equal(write(pair->peer, "!hello world", 12), 12);
    io_run(pair->io);
    assert_int_equal(pair->ready, 1);
    assert_int_equal(pair->got_bytes, 11);
    assert_memory_equal(pair->got, "hello world", 11);
    stream_shutdown(pair->stream);
    assert_int_equal(read(pair->peer, bytes, sizeof(bytes)), 3);
    assert_memory_equal(bytes, "END", 3);
    pair_free(pair);
}

static void bytes_behind_a_handshake_are_held_for_an_owner_that_is_paused(void **state)
{
    struct pair *pair = pair_new(slow_new());

    (void)state;
    assert_int_equal(write(pair->peer, "!hello", 6), 6);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
    assert_int_equal(pair->ready, 1);
    assert_int_equal(pair->got_bytes, 0);
    pair->stop_on_bytes = true;
    stream_resume_reading(pair->stream); /* nothing more comes: only what is held */
    io_run(pair->io);
    assert_int_equal(pair->got_bytes, 5);
    pair_free(pair);
}

static void reads_a_byte_and_asks_to_be_called_again(void *owner)
{
    struct pair *pair = owner;
    size_t got = 0;

    stream_read(pair->stream, pair->got + pair->got_bytes, 1, &got);
    pair->got_bytes += got;
    stream_kick(pair->stream);
}

static void who_is_kicked_while_it_starts_hears_of_later_bytes_too(void **state)
{
    static const struct stream_handler kicking = {
        .on_readable = reads_a_byte_and_asks_to_be_called_again,
    };
    struct pair *pair = pair_make(NULL);

    (void)state;
    stream_set_handler(pair->stream, &kicking, pair);
    stream_resume_reading(pair->stream);
    assert_int_equal(write(pair->peer, "a", 1), 1);
    stream_start(pair->stream);
    assert_int_equal(pair->got_bytes, 1);
    stream_set_handler(pair->stream, &handler, pair);
    event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK); /* the kick */
    assert_int_equal(write(pair->peer, "b", 1), 1);
    pair->stop_on_bytes = true;
    io_run(pair->io);
    assert_int_equal(pair->got_bytes, 2);
    pair_free(pair);
}

static void first_line_in_the_clear(void *owner)
{
    struct pair *pair = owner;
    char bytes[16];
    size_t got;

    assert_int_equal(stream_read(pair->stream, bytes, sizeof(bytes), &got), IO_OK);
    assert_memory_equal(bytes, "clear\n", 6);
    stream_set_handler(pair->stream, &handler, pair);
    stream_put_layer(pair->stream, slow_new(), bytes + 6, got - 6);
}

/* As a layer's own bytes begin behind those in the clear: with them, in the middle, later. */
static void a_layer_put_in_later_begins_with_what_was_received_behind_the_first_bytes(void **state)
{
    static const struct stream_handler first = { .on_readable = first_line_in_the_clear };
    static const char sent[] = "clear\n!hello";

    (void)state;
    for (size_t cut = 6; cut < sizeof(sent); cut++) {
        struct pair *pair = pair_make(NULL);

        assert_int_equal(write(pair->peer, sent, cut), cut);
        stream_set_handler(pair->stream, &first, pair);
        stream_resume_reading(pair->stream);
        stream_start(pair->stream); /* finds it there: the client was quick */
        event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
        event_base_loop(io_base(pair->io), EVLOOP_NONBLOCK);
        assert_int_equal(write(pair->peer, sent + cut, sizeof(sent) - 1 - cut),
                         sizeof(sent) - 1 - cut);
        stream_resume_reading(pair->stream);
        while (pair->got_bytes < 5)
            event_base_loop(io_base(pair->io), EVLOOP_ONCE);
        assert_int_equal(pair->ready, 1);
        assert_memory_equal(pair->got, "hello", 5);
        pair_free(pair);
    }
}

static void a_failed_handshake_breaks_the_stream(void **state)
{
    struct pair *pair = pair_new(slow_new());

    (void)state;
    assert_int_equal(write(pair->peer, "?", 1), 1);
    io_run(pair->io);
    assert_int_equal(pair->ready, 0);
    assert_int_equal(pair->broken, 1);
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_written_arrives_in_order_under_back_pressure),
        cmocka_unit_test(small_writes_of_one_turn_are_pending_until_it_ends),
        cmocka_unit_test(a_paused_stream_says_nothing_until_it_is_resumed),
        cmocka_unit_test(what_comes_while_we_are_paused_wakes_nobody_and_is_not_lost),
        cmocka_unit_test(a_broken_stream_is_reported_once_and_from_the_loop),
        cmocka_unit_test(lingering_throws_away_what_comes_and_waits_for_the_end),
        cmocka_unit_test(lingering_waits_for_what_is_pending_when_the_peer_ends_first),
        cmocka_unit_test(lingering_breaks_when_the_peer_goes_with_output_pending),
        cmocka_unit_test(
            a_layer_sees_the_handshake_first_and_the_owner_the_rest_of_the_same_packet),
        cmocka_unit_test(bytes_behind_a_handshake_are_held_for_an_owner_that_is_paused),
        cmocka_unit_test(a_layer_put_in_later_begins_with_what_was_received_behind_the_first_bytes),
        cmocka_unit_test(who_is_kicked_while_it_starts_hears_of_later_bytes_too),
        cmocka_unit_test(a_failed_handshake_breaks_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
