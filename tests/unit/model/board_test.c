/* The shared board: one memory behind every mapping, and only a real board is mapped. */

#include "model/board.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void what_one_mapping_writes_the_other_reads(void **state)
{
    int fd = board_create(NULL);
    struct board *writer = board_map(fd, NULL);
    struct board *reader = board_map(fd, NULL);

    (void)state;
    assert_non_null(writer);
    assert_non_null(reader);
    board_add(&writer->worker[1].requests, 3);
    board_add(&writer->worker[1].requests, -1);
    atomic_store(&writer->health[BOARD_ENDPOINTS - 1], BOARD_HEALTH_DOWN);
    assert_int_equal(board_get(&reader->worker[1].requests), 2);
    assert_int_equal(atomic_load(&reader->health[BOARD_ENDPOINTS - 1]), BOARD_HEALTH_DOWN);
    assert_int_equal(atomic_load(&reader->health[0]), BOARD_HEALTH_UNKNOWN);
    board_unmap(writer);
    board_unmap(reader);
    board_unmap(NULL);
    close(fd);
}

static void who_takes_the_place_of_a_dead_worker_counts_on_and_has_nothing_open(void **state)
{
    int fd = board_create(NULL);
    struct board *board = board_map(fd, NULL);
    struct board_worker *worker = &board->worker[3];

    (void)state;
    board_add(&worker->requests, 5);
    board_add(&worker->connections_open, 2);
    board_add(&worker->generation, 7);
    worker->addresses[1][BOARD_ADDRESSES - 1] = 2;
    board_worker_begin(worker);
    assert_int_equal(board_get(&worker->requests), 5);
    assert_int_equal(board_get(&worker->connections_open), 0);
    assert_int_equal(board_get(&worker->generation), 0);
    assert_int_equal(worker->addresses[1][BOARD_ADDRESSES - 1], 0);
    board_unmap(board);
    close(fd);
}

static void a_new_board_costs_no_memory(void **state)
{
    struct stat info;
    int fd = board_create(NULL);

    (void)state;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, sizeof(struct board));
    assert_true(info.st_blocks * 512 <= 4096); /* the page with the address key and the time */
    close(fd);
}

static void nobody_can_shrink_a_board_under_its_readers(void **state)
{
    int fd = board_create(NULL);

    (void)state;
    assert_int_equal(ftruncate(fd, 0), -1);
    close(fd);
}

static void what_is_no_board_is_not_mapped(void **state)
{
    struct err err;
    int small = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int unsealed = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    (void)state;
    assert_null(board_map(-1, &err));
    assert_non_null(strstr(err.text, "no board"));
    assert_int_equal(ftruncate(small, 100), 0);
    assert_int_equal(fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_null(board_map(small, &err));
    assert_int_equal(ftruncate(unsealed, sizeof(struct board)), 0);
    assert_null(board_map(unsealed, &err));
    close(small);
    close(unsealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_mapping_writes_the_other_reads),
        cmocka_unit_test(who_takes_the_place_of_a_dead_worker_counts_on_and_has_nothing_open),
        cmocka_unit_test(a_new_board_costs_no_memory),
        cmocka_unit_test(nobody_can_shrink_a_board_under_its_readers),
        cmocka_unit_test(what_is_no_board_is_not_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
