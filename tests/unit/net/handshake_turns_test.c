/* Handshakes of a crowd: whose turn it is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "net/io.h"
#include "net/stream.h"
#include "slow_layer.h"

#define CROWD 5

struct crowd {
    struct io *io;
    struct stream *streams[CROWD];
    int peers[CROWD];
    int ready;
};

static void count_ready(void *owner)
{
    ((struct crowd *)owner)->ready++;
}

static const struct stream_handler crowd_handler = { .on_ready = count_ready };

static void crowd_come(struct crowd *crowd)
{
    *crowd = (struct crowd){ .io = io_new() };
    for (int i = 0; i < CROWD; i++) {
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        crowd->peers[i] = ends[1];
        crowd->streams[i] = stream_new(crowd->io, ends[0], slow_new(), &crowd_handler, crowd);
        assert_int_equal(write(ends[1], "!", 1), 1);
    }
}

static void crowd_go(struct crowd *crowd)
{
    for (int i = 0; i < CROWD; i++) {
        stream_free(crowd->streams[i]);
        close(crowd->peers[i]);
    }
    io_free(crowd->io);
}

static void of_a_crowd_one_shakes_hands_at_once_and_the_others_in_later_turns(void **state)
{
    struct crowd crowd;

    (void)state;
    crowd_come(&crowd);
    for (int i = 0; i < CROWD; i++)
        stream_start(crowd.streams[i]);
    assert_int_equal(crowd.ready, 1);
    for (int turn = 0; turn < 2 * CROWD && crowd.ready < CROWD; turn++) {
        int before = crowd.ready;

        event_base_loop(io_base(crowd.io), EVLOOP_ONCE);
        assert_true(crowd.ready > before);
    }
    assert_int_equal(crowd.ready, CROWD);
    event_base_loop(io_base(crowd.io), EVLOOP_NONBLOCK);
    /* and when all are through, nothing is left to be called for */
    assert_int_equal(event_base_get_num_events(io_base(crowd.io), EVENT_BASE_COUNT_ADDED), CROWD);
    crowd_go(&crowd);
}

static void who_leaves_before_its_turn_is_not_called(void **state)
{
    struct crowd crowd;

    (void)state;
    crowd_come(&crowd);
    for (int i = 0; i < CROWD; i++)
        stream_start(crowd.streams[i]);
    for (int i = 1; i < CROWD; i++) {
        stream_free(crowd.streams[i]);
        crowd.streams[i] = NULL;
    }
    event_base_loop(io_base(crowd.io), EVLOOP_ONCE);
    event_base_loop(io_base(crowd.io), EVLOOP_NONBLOCK);
    assert_int_equal(crowd.ready, 1);
    crowd_go(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_crowd_one_shakes_hands_at_once_and_the_others_in_later_turns),
        cmocka_unit_test(who_leaves_before_its_turn_is_not_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
