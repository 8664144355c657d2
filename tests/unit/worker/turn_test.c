/* What is put off: to the end of a turn, to the next one, and not at all. */

#include "turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <event2/event.h>

#include "net/io.h"

struct world {
    struct io *io;
    struct turn *turn;
    struct turn_call first;
    struct turn_call second;
    int firsts;
    int seconds;
    bool first_goes_on;
};

static void run_first(void *owner)
{
    struct world *world = owner;

    world->firsts++;
    if (world->first_goes_on && world->firsts < 3)
        turn_next(world->turn, &world->first);
}

static void run_second(void *owner)
{
    ((struct world *)owner)->seconds++;
}

static void world_begin(struct world *world)
{
    *world = (struct world){ .io = io_new() };
    world->turn = turn_new(world->io);
    world->first = (struct turn_call){ .run = run_first, .owner = world };
    world->second = (struct turn_call){ .run = run_second, .owner = world };
}

static void world_end(struct world *world)
{
    turn_free(world->turn);
    io_free(world->io);
}

static void turn(struct world *world)
{
    event_base_loop(io_base(world->io), EVLOOP_ONCE);
}

static void a_call_runs_once_at_the_end_however_often_it_is_asked_for(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    turn_end(world.turn, &world.first);
    turn_end(world.turn, &world.first);
    turn_next(world.turn, &world.first); /* it waits already */
    turn_end(world.turn, &world.second);
    assert_int_equal(world.firsts + world.seconds, 0);
    turn(&world);
    event_base_loop(io_base(world.io), EVLOOP_NONBLOCK);
    assert_int_equal(world.firsts, 1);
    assert_int_equal(world.seconds, 1);
    world_end(&world);
}

static void one_with_much_to_do_takes_turns_with_the_others(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    world.first_goes_on = true;
    turn_next(world.turn, &world.first);
    turn_next(world.turn, &world.second);
    turn(&world);
    assert_int_equal(world.firsts, 1);
    assert_int_equal(world.seconds, 0);
    turn(&world);
    assert_int_equal(world.firsts, 1);
    assert_int_equal(world.seconds, 1);
    turn(&world);
    turn(&world);
    assert_int_equal(world.firsts, 3);
    world_end(&world);
}

static void what_is_forgotten_does_not_run(void **state)
{
    struct world world;

    (void)state;
    world_begin(&world);
    turn_end(world.turn, &world.first);
    turn_next(world.turn, &world.second);
    turn_forget(&world.first);
    turn_forget(&world.second);
    turn_forget(&world.second);
    event_base_loop(io_base(world.io), EVLOOP_NONBLOCK);
    event_base_loop(io_base(world.io), EVLOOP_NONBLOCK);
    assert_int_equal(world.firsts + world.seconds, 0);
    world_end(&world);
}

static void an_output_has_memory_while_it_is_used(void **state)
{
    struct world world;
    struct buffer output = { 0 };
    const char *memory;

    (void)state;
    world_begin(&world);
    turn_lend(world.turn, &output);
    memory = output.bytes;
    assert_non_null(memory);
    buffer_append_text(&output, TEXT("frames"));
    turn_take_back(world.turn, &output);
    assert_null(output.bytes);
    turn_lend(world.turn, &output);
    assert_ptr_equal(output.bytes, memory);
    assert_int_equal(buffer_len(&output), 0);
    buffer_done(&output);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_runs_once_at_the_end_however_often_it_is_asked_for),
        cmocka_unit_test(one_with_much_to_do_takes_turns_with_the_others),
        cmocka_unit_test(what_is_forgotten_does_not_run),
        cmocka_unit_test(an_output_has_memory_while_it_is_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
