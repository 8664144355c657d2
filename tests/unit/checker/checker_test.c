/* Checks against a real listener: what counts as well, what a reload keeps, and every bound. */

#include "checker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "base/buffer.h"
#include "base/log.h"
#include "check.h"
#include "scripted_backend.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* A loop, a board, a checker, a backend, and one service with endpoints in slots 3, 4, ... */
struct world {
    struct io *io;
    int board_fd;
    struct board *board;
    struct checker checker;
    struct scripted_backend backend;
    struct service_policy policy;
    struct snapshot *snapshot;
};

#define FIRST_SLOT 3

static void snapshot_renew(struct world *world, uint32_t endpoint_count)
{
    struct snapshot *snapshot = snapshot_new();
    struct snapshot_service *service = arena_new(&snapshot->arena, 1, sizeof(*service));

    service->name = TEXT("portal_web");
    service->policy = &world->policy;
    service->endpoints = arena_new(&snapshot->arena, endpoint_count, sizeof(*service->endpoints));
    service->endpoint_count = endpoint_count;
    for (uint32_t i = 0; i < endpoint_count; i++)
        service->endpoints[i] = (struct snapshot_endpoint){
            .name = arena_format(&snapshot->arena, "web.%u", i),
            .address = world->backend.address,
            .identity = 1000 + i,
            .slot = FIRST_SLOT + i,
            .weight = 1,
        };
    snapshot->services = service;
    snapshot->service_count = 1;
    snapshot_unref(world->snapshot);
    world->snapshot = snapshot;
}

static void world_open(struct world *world)
{
    *world = (struct world){ .io = io_new(), .board_fd = board_create(NULL) };
    world->board = board_map(world->board_fd, NULL);
    world->policy.health = (struct health_settings){
        .path = TEXT("/healthz?full=1"),
        .interval_ms = 1,
        .timeout_ms = 10000,
        .rise = 2,
        .fall = 3,
        .status = { .least = 200, .most = 399 },
    };
    checker_init(&world->checker, world->io, world->board);
    scripted_backend_open(&world->backend, world->io);
    world->backend.answer = TEXT(OK_ANSWER);
    snapshot_renew(world, 1);
}

static void world_close(struct world *world)
{
    checker_done(&world->checker);
    scripted_backend_close(&world->backend);
    snapshot_unref(world->snapshot);
    io_free(world->io);
    board_unmap(world->board);
    close(world->board_fd);
}

static void commit(struct world *world)
{
    io_enter(world->io);
    checker_commit(&world->checker, world->snapshot);
    io_leave(world->io);
}

static enum board_health health(const struct world *world, uint32_t slot)
{
    return (enum board_health)atomic_load(&world->board->health[slot]);
}

static void turn(struct world *world)
{
    event_base_loop(io_base(world->io), EVLOOP_ONCE);
}

static void run_until(struct world *world, uint32_t slot, enum board_health wanted)
{
    while (health(world, slot) != wanted)
        turn(world);
}

static void rise_good_answers_bring_it_up(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    commit(&world);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_UNKNOWN);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    assert_int_equal(world.backend.requests, 2);
    assert_true(atomic_load(&world.board->health_changed_ms[FIRST_SLOT]) > 0);
    world_close(&world);
}

static void the_request_says_who_asks_and_ends_the_connection(void **state)
{
    struct world world;
    char address[ADDRESS_TEXT_BYTES];
    char wanted[256];

    (void)state;
    world_open(&world);
    commit(&world);
    while (!world.backend.requests)
        turn(&world);
    address_print(&world.backend.address, address);
    snprintf(wanted, sizeof(wanted),
             "GET /healthz?full=1 HTTP/1.1\r\nHost: %s\r\nUser-Agent: swarmward-health\r\n"
             "Accept: */*\r\nConnection: close\r\n\r\n",
             address);
    assert_string_equal(world.backend.last_request, wanted);
    world_close(&world);
}

static void a_failing_endpoint_goes_down_after_fall_and_comes_back_after_rise(void **state)
{
    struct world world;
    size_t before;

    (void)state;
    world_open(&world);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    world.backend.answer = TEXT("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    before = world.backend.requests;
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_DOWN);
    assert_in_range(world.backend.requests, before + 3, before + 4);
    world.backend.answer = TEXT(OK_ANSWER);
    before = world.backend.requests;
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    assert_in_range(world.backend.requests, before + 2, before + 3);
    world_close(&world);
}

static void answers_that_are_well(void **state)
{
    static const struct {
        const char *answer;
        bool drip;
        bool stay_open;
    } cases[] = {
        { OK_ANSWER, true, false },
        { "HTTP/1.0 204 No Content\r\n\r\n", false, false },
        { "HTTP/1.1 399 \r\n\r\n", false, false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nno end of it", false, true },
        { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" OK_ANSWER, false,
          false },
        { "HTTP/1.1 100 Continue\r\n\r\n" OK_ANSWER, true, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;

        world_open(&world);
        world.backend.answer = text_of(cases[i].answer);
        world.backend.one_byte_a_turn = cases[i].drip;
        world.backend.stay_open = cases[i].stay_open;
        world.policy.health.fall = 1;
        commit(&world);
        while (health(&world, FIRST_SLOT) == BOARD_HEALTH_UNKNOWN)
            turn(&world);
        if (health(&world, FIRST_SLOT) != BOARD_HEALTH_UP)
            fail_msg("row %zu is down", i);
        world_close(&world);
    }
}

static void answers_that_are_not_well(void **state)
{
    static const struct {
        const char *answer;
        bool stay_open;
        int64_t timeout_ms;
    } cases[] = {
        { "", false, 10000 },
        { "", true, 1 },
        { "HTTP/1.1 200 OK\r\nContent-Len", false, 10000 },
        { "HTTP/1.1 200 OK\r\nContent-Len", true, 20 },
        { "SSH-2.0-OpenSSH_9.2\r\n", true, 10000 },
        { "HTTP/2.0 200 OK\r\n\r\n", true, 10000 },
        { "HTTP/1.1 400 Bad\r\n\r\n", true, 10000 },
        { "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", true, 10000 },
        { "HTTP/1.1 100 Continue\r\n\r\n", false, 10000 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;

        world_open(&world);
        world.backend.answer = text_of(cases[i].answer);
        world.backend.stay_open = cases[i].stay_open;
        world.policy.health.timeout_ms = cases[i].timeout_ms;
        world.policy.health.rise = 1;
        commit(&world);
        while (health(&world, FIRST_SLOT) == BOARD_HEALTH_UNKNOWN)
            turn(&world);
        if (health(&world, FIRST_SLOT) != BOARD_HEALTH_DOWN)
            fail_msg("row %zu is up", i);
        world_close(&world);
    }
}

/* `piece` again and again, more than any head may have, and never an end. */
static void an_answer_without_end_is_not_read_to_its_end(void **state)
{
    static const char *const pieces[] = { "X-Filler: yes\r\n", "HTTP/1.1 100 Continue\r\n\r\n" };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world world;
        struct buffer flood = { 0 };

        world_open(&world);
        buffer_append_text(&flood, i ? TEXT_NONE : TEXT("HTTP/1.1 200 OK\r\n"));
        while (buffer_len(&flood) < 60000)
            buffer_append_text(&flood, text_of(pieces[i]));
        world.backend.answer = buffer_text(&flood);
        world.backend.stay_open = true;
        world.policy.health.fall = 1;
        world.policy.health.timeout_ms = 3600000; /* it must not be time that ends it */
        commit(&world);
        run_until(&world, FIRST_SLOT, BOARD_HEALTH_DOWN);
        world_close(&world);
        buffer_done(&flood);
    }
}

static void an_endpoint_that_refuses_connections_is_down(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    close(world.backend.fd);
    world.backend.fd = dup(STDERR_FILENO);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_DOWN);
    world_close(&world);
}

static void a_reload_keeps_the_verdict_of_who_stays(void **state)
{
    struct world world;
    const struct check *check;

    (void)state;
    world_open(&world);
    snapshot_renew(&world, 2);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    run_until(&world, FIRST_SLOT + 1, BOARD_HEALTH_UP);
    check = world.checker.checks[FIRST_SLOT];
    snapshot_renew(&world, 1);
    world.policy.health.path = TEXT("/other");
    commit(&world);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_UP);
    assert_int_equal(health(&world, FIRST_SLOT + 1), BOARD_HEALTH_UNKNOWN);
    assert_ptr_equal(world.checker.checks[FIRST_SLOT], check);
    assert_null(world.checker.checks[FIRST_SLOT + 1]);
    do
        turn(&world);
    while (!strstr(world.backend.last_request, "GET /other "));
    world_close(&world);
}

static void a_slot_with_a_new_owner_begins_as_unknown(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    snapshot_renew(&world, 1);
    world.snapshot->services[0].endpoints[0].identity = 5;
    commit(&world);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_UNKNOWN);
    assert_int_equal(world.checker.check_count, 1);
    world_close(&world);
}

static void a_shorter_interval_counts_at_once(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    world.policy.health.interval_ms = 3600000;
    commit(&world);
    while (world.backend.requests < 1 || world.checker.asking)
        turn(&world);
    world.policy.health.interval_ms = 1;
    snapshot_renew(&world, 1);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    world_close(&world);
}

static void without_a_health_path_nothing_runs(void **state)
{
    struct world world;
    int before;

    (void)state;
    world_open(&world);
    before = event_base_get_num_events(io_base(world.io), EVENT_BASE_COUNT_ADDED);
    commit(&world);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    world.policy.health.path = TEXT_NONE;
    snapshot_renew(&world, 1);
    commit(&world);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_UNKNOWN);
    assert_null(world.checker.checks);
    while (!TAILQ_EMPTY(&world.backend.exchanges)) /* the backend sees the end of a last question */
        turn(&world);
    assert_int_equal(event_base_get_num_events(io_base(world.io), EVENT_BASE_COUNT_ADDED), before);
    world_close(&world);
}

static void a_new_process_goes_on_from_what_the_board_says(void **state)
{
    struct world world;

    (void)state;
    world_open(&world);
    atomic_store(&world.board->health[FIRST_SLOT], BOARD_HEALTH_DOWN);
    atomic_store(&world.board->health[FIRST_SLOT + 1], BOARD_HEALTH_DOWN); /* gone since */
    commit(&world);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_DOWN);
    assert_int_equal(world.checker.checks[FIRST_SLOT]->verdict.health, BOARD_HEALTH_DOWN);
    assert_int_equal(health(&world, FIRST_SLOT + 1), BOARD_HEALTH_UNKNOWN);
    run_until(&world, FIRST_SLOT, BOARD_HEALTH_UP);
    assert_int_equal(world.backend.requests, 2);
    checker_done(&world.checker);
    assert_int_equal(health(&world, FIRST_SLOT), BOARD_HEALTH_UP);
    checker_init(&world.checker, world.io, world.board);
    world_close(&world);
}

static void only_so_many_are_asked_at_the_same_time(void **state)
{
    const uint32_t count = CHECKER_PROBES_MAX * 2 + 10;
    struct world world;
    size_t most = 0;

    (void)state;
    world_open(&world);
    world.policy.health.rise = 1;
    snapshot_renew(&world, count);
    commit(&world);
    for (uint32_t i = 0; i < count; i++) /* all due now */
        deadline_set(&world.checker.checks[FIRST_SLOT + i]->next, 1);
    for (uint32_t i = 0; i < count; i++)
        while (health(&world, FIRST_SLOT + i) != BOARD_HEALTH_UP) {
            turn(&world);
            if (most < world.checker.asking)
                most = world.checker.asking;
        }
    assert_int_equal(most, CHECKER_PROBES_MAX);
    world_close(&world);
}

static void a_reload_takes_questions_back(void **state)
{
    const uint32_t count = CHECKER_PROBES_MAX + 50;
    struct world world;

    (void)state;
    world_open(&world);
    world.backend.answer = TEXT_NONE;
    world.backend.stay_open = true;
    snapshot_renew(&world, count);
    commit(&world);
    for (uint32_t i = 0; i < count; i++)
        deadline_set(&world.checker.checks[FIRST_SLOT + i]->next, 1);
    while (TAILQ_EMPTY(&world.checker.waiting))
        turn(&world);
    snapshot_renew(&world, 1);
    commit(&world);
    assert_true(world.checker.asking <= 1);
    world.policy.health.path = TEXT_NONE;
    snapshot_renew(&world, 1);
    commit(&world);
    assert_int_equal(world.checker.asking, 0);
    assert_true(TAILQ_EMPTY(&world.checker.waiting));
    world_close(&world);
}

static void many_that_fail_at_once_do_not_nest(void **state)
{
    const uint32_t count = BOARD_ENDPOINTS - FIRST_SLOT;
    struct world world;
    uint32_t waiting = 0;

    (void)state;
    world_open(&world);
    snapshot_renew(&world, count);
    for (uint32_t i = 0; i < count; i++) /* an address that no connect() accepts */
        world.snapshot->services[0].endpoints[i].address.v4.sin_addr.s_addr = htonl(0xffffffff);
    world.policy.health.fall = 1;
    world.policy.health.interval_ms = 3600000;
    commit(&world);
    world.checker.asking = CHECKER_PROBES_MAX; /* as if so many were under way */
    for (uint32_t i = 0; i < count; i++)
        deadline_set(&world.checker.checks[FIRST_SLOT + i]->next, 1);
    for (; waiting < count; waiting++)
        while (!world.checker.checks[FIRST_SLOT + waiting]->is_waiting)
            turn(&world);
    world.checker.asking = 1;
    io_enter(world.io);
    checker_probe_ended(&world.checker);
    io_leave(world.io);
    for (uint32_t i = 0; i < count; i++)
        assert_int_equal(health(&world, FIRST_SLOT + i), BOARD_HEALTH_DOWN);
    assert_int_equal(world.checker.asking, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rise_good_answers_bring_it_up),
        cmocka_unit_test(the_request_says_who_asks_and_ends_the_connection),
        cmocka_unit_test(a_failing_endpoint_goes_down_after_fall_and_comes_back_after_rise),
        cmocka_unit_test(answers_that_are_well),
        cmocka_unit_test(answers_that_are_not_well),
        cmocka_unit_test(an_answer_without_end_is_not_read_to_its_end),
        cmocka_unit_test(an_endpoint_that_refuses_connections_is_down),
        cmocka_unit_test(a_reload_keeps_the_verdict_of_who_stays),
        cmocka_unit_test(a_slot_with_a_new_owner_begins_as_unknown),
        cmocka_unit_test(a_shorter_interval_counts_at_once),
        cmocka_unit_test(without_a_health_path_nothing_runs),
        cmocka_unit_test(a_new_process_goes_on_from_what_the_board_says),
        cmocka_unit_test(only_so_many_are_asked_at_the_same_time),
        cmocka_unit_test(a_reload_takes_questions_back),
        cmocka_unit_test(many_that_fail_at_once_do_not_nest),
    };

    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
