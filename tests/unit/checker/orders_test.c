/* The parent's messages to the checker, from the parent's end of a real channel. */

#include "orders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "checker.h"
#include "example_snapshot.h"
#include "ipc/messages.h"

/* One that runs out of messages ends with the channel, so no test hangs. */
struct world {
    struct io *io;
    int board_fd;
    struct board *board;
    struct checker checker;
    struct channel *parent;
    uint32_t answer; /* type of the last one */
    uint64_t answer_generation;
    char reason[ERR_TEXT_BYTES];
};

static void on_answer(void *owner, struct channel_message *message)
{
    struct world *world = owner;
    struct message_generation ready;
    struct message_failure refused;

    world->answer = message->type;
    assert_true(message_allowed(ROLE_CHECKER, ROLE_PARENT, message->type));
    if (message->type == MESSAGE_READY) {
        assert_int_equal(message_generation_get(message->body, &ready), 0);
        world->answer_generation = ready.generation;
    } else {
        assert_int_equal(message_failure_get(message->body, &refused), 0);
        world->answer_generation = refused.generation;
        text_to_buffer(refused.reason, world->reason, sizeof(world->reason));
    }
    io_stop(world->io);
}

static void on_gone(void *owner, const char *why)
{
    (void)owner;
    (void)why;
}

static const struct channel_handler parent_handler = {
    .on_message = on_answer,
    .on_closed = on_gone,
};

static void world_open(struct world *world)
{
    int ends[2];

    *world = (struct world){ .io = io_new(), .board_fd = board_create(NULL) };
    world->board = board_map(world->board_fd, NULL);
    checker_init(&world->checker, world->io, world->board);
    assert_int_equal(channel_pair(ends, NULL), 0);
    world->checker.channel = channel_new(world->io, ends[0], &checker_orders, &world->checker);
    world->parent = channel_new(world->io, ends[1], &parent_handler, world);
}

static void world_close(struct world *world)
{
    channel_free(world->parent);
    channel_free(world->checker.channel);
    checker_done(&world->checker);
    io_free(world->io);
    board_unmap(world->board);
    close(world->board_fd);
}

static void order(struct world *world, uint32_t type, uint64_t generation, int fd)
{
    struct buffer body = { 0 };

    message_generation_put(&body, &(struct message_generation){ .generation = generation });
    channel_send(world->parent, type, buffer_text(&body), &fd, fd >= 0);
    buffer_done(&body);
}

/* Of the example, with its one checked endpoint where nobody listens. */
static int a_snapshot(void)
{
    struct snapshot *snapshot = example_snapshot();
    int fd;

    address_parse(TEXT("127.0.0.1:1"), &snapshot->services[1].endpoints[0].address, NULL);
    fd = snapshot_to_fd(snapshot, NULL);
    snapshot_unref(snapshot);
    assert_true(fd >= 0);
    return fd;
}

static void prepare(struct world *world, uint64_t generation)
{
    int fd = a_snapshot();

    order(world, MESSAGE_PREPARE, generation, fd);
    close(fd);
    io_run(world->io);
}

static void both_phases_begin_the_checks(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    prepare(&world, 42);
    assert_int_equal(world.answer, MESSAGE_READY);
    assert_int_equal(world.answer_generation, 42);
    assert_int_equal(world.checker.check_count, 0);
    order(&world, MESSAGE_COMMIT, 42, -1);
    prepare(&world, 42);
    assert_int_equal(world.checker.check_count, 1);
    assert_non_null(world.checker.checks[2]);
    world_close(&world);
}

static void a_snapshot_that_cannot_be_read_is_refused_with_a_reason(void **state)
{
    struct world world;
    int fd = file_sealed_memory("test", "nonsense", 8, NULL);

    (void)state;
    world_open(&world);
    order(&world, MESSAGE_PREPARE, 7, fd);
    io_run(world.io);
    assert_int_equal(world.answer, MESSAGE_REFUSED);
    assert_int_equal(world.answer_generation, 7);
    assert_non_null(strstr(world.reason, "snapshot"));
    prepare(&world, 41); /* it is 42 */
    assert_int_equal(world.answer, MESSAGE_REFUSED);
    assert_non_null(strstr(world.reason, "generation"));
    prepare(&world, 42); /* and goes on */
    assert_int_equal(world.answer, MESSAGE_READY);
    close(fd);
    world_close(&world);
}

static void what_was_cancelled_is_forgotten(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    prepare(&world, 42);
    order(&world, MESSAGE_CANCEL, 42, -1);
    order(&world, MESSAGE_COMMIT, 42, -1); /* of nothing: it ends */
    io_run(world.io);
    assert_int_equal(world.checker.check_count, 0);
    assert_null(world.checker.prepared);
    world_close(&world);
}

static void orders_that_end_the_process(void **state)
{
    static const struct {
        const char *why;
        uint32_t type;
        struct text body;
        size_t fd_count;
    } cases[] = {
        { "drain", MESSAGE_DRAIN, { "", 0 }, 0 },
        { "a listener", MESSAGE_LISTENER, { "", 0 }, 1 },
        { "its own answer", MESSAGE_READY, { "\0\0\0\0\0\0\0\0", 8 }, 0 },
        { "no type", 999, { "", 0 }, 0 },
        { "prepare without a snapshot", MESSAGE_PREPARE, { "\1\0\0\0\0\0\0\0", 8 }, 0 },
        { "prepare with keys", MESSAGE_PREPARE, { "\1\0\0\0\0\0\0\0", 8 }, 2 },
        { "prepare without a generation", MESSAGE_PREPARE, { "", 0 }, 1 },
        { "commit of what was not prepared", MESSAGE_COMMIT, { "\1\0\0\0\0\0\0\0", 8 }, 0 },
    };
    const int fds[] = { STDERR_FILENO, STDERR_FILENO };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;

        world_open(&world);
        channel_send(world.parent, cases[i].type, cases[i].body, fds, cases[i].fd_count);
        io_run(world.io);
        if (world.answer)
            fail_msg("it answered: %s", cases[i].why);
        world_close(&world);
    }
}

static void the_end_of_the_parent_ends_the_process(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    channel_free(world.parent);
    world.parent = NULL;
    io_run(world.io);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_phases_begin_the_checks),
        cmocka_unit_test(a_snapshot_that_cannot_be_read_is_refused_with_a_reason),
        cmocka_unit_test(what_was_cancelled_is_forgotten),
        cmocka_unit_test(orders_that_end_the_process),
        cmocka_unit_test(the_end_of_the_parent_ends_the_process),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
