/* Deadlines that move: later costs nothing, earlier works, cleared ones never come. */

#include "net/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct watch {
    struct io *io;
    struct deadline deadline;
    int reached;
    int64_t wanted_ms;
};

static void on_reached(void *owner)
{
    struct watch *watch = owner;

    watch->reached++;
    assert_true(io_now_ms(watch->io) >= watch->wanted_ms);
    io_stop(watch->io);
}

static void watch_init(struct watch *watch)
{
    *watch = (struct watch){ .io = io_new() };
    deadline_init(&watch->deadline, watch->io, on_reached, watch);
}

static void watch_done(struct watch *watch)
{
    deadline_done(&watch->deadline);
    io_free(watch->io);
}

static void set(struct watch *watch, int64_t wait_ms)
{
    watch->wanted_ms = io_now_ms(watch->io) + wait_ms;
    deadline_set(&watch->deadline, watch->wanted_ms);
}

static void a_deadline_that_moved_later_comes_once_and_not_before(void **state)
{
    struct watch watch;

    (void)state;
    watch_init(&watch);
    set(&watch, 5);
    set(&watch, 30);
    io_run(watch.io);
    assert_int_equal(watch.reached, 1);
    watch_done(&watch);
}

static void a_deadline_that_moved_earlier_comes_then(void **state)
{
    struct watch watch;

    (void)state;
    watch_init(&watch);
    set(&watch, 3600000);
    set(&watch, 5); /* the test would hang for an hour if it did not */
    io_run(watch.io);
    assert_int_equal(watch.reached, 1);
    watch_done(&watch);
}

static void stop(void *owner)
{
    io_stop(owner);
}

static void a_cleared_deadline_never_comes(void **state)
{
    struct watch watch;
    struct deadline end;

    (void)state;
    watch_init(&watch);
    deadline_init(&end, watch.io, stop, watch.io);
    set(&watch, 1);
    deadline_clear(&watch.deadline);
    deadline_set(&end, io_now_ms(watch.io) + 20);
    io_run(watch.io);
    assert_int_equal(watch.reached, 0);
    deadline_done(&end);
    watch_done(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deadline_that_moved_later_comes_once_and_not_before),
        cmocka_unit_test(a_deadline_that_moved_earlier_comes_then),
        cmocka_unit_test(a_cleared_deadline_never_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
