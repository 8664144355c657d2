/*
 * Which endpoints are watched, and how many of them are asked at the same time. Told by orders.c
 * what snapshot holds now.
 */

#include "checker.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "check.h"
#include "tls/tls_backend.h"

/* First questions come this far apart, so that the start of many is no burst. */
#define SPREAD_MS 10

void checker_init(struct checker *checker, struct io *io, struct board *board)
{
    memset(checker, 0, sizeof(*checker));
    checker->io = io;
    checker->board = board;
    TAILQ_INIT(&checker->waiting);
}

/* The board keeps what it says: the process that comes next goes on from there. */
void checker_done(struct checker *checker)
{
    for (size_t slot = 0; checker->checks && slot < BOARD_ENDPOINTS; slot++)
        check_free(checker->checks[slot]);
    free(checker->checks);
    snapshot_unref(checker->prepared);
    tls_backend_unref(checker->prepared_tls);
    tls_backend_unref(checker->tls);
    memset(checker, 0, sizeof(*checker));
}

void checker_write_health(struct checker *checker, uint32_t slot, enum board_health health)
{
    struct board *board = checker->board;

    atomic_store_explicit(&board->health_changed_ms[slot], io_now_ms(checker->io),
                          memory_order_relaxed);
    atomic_store_explicit(&board->health[slot], (uint8_t)health, memory_order_release);
}

static enum board_health health_on_board(const struct checker *checker, uint32_t slot)
{
    switch (atomic_load_explicit(&checker->board->health[slot], memory_order_relaxed)) {
    case BOARD_HEALTH_UP:
        return BOARD_HEALTH_UP;
    case BOARD_HEALTH_DOWN:
        return BOARD_HEALTH_DOWN;
    default:
        return BOARD_HEALTH_UNKNOWN;
    }
}

static void clear_slot(struct checker *checker, uint32_t slot)
{
    if (health_on_board(checker, slot) != BOARD_HEALTH_UNKNOWN)
        checker_write_health(checker, slot, BOARD_HEALTH_UNKNOWN);
}

static int64_t spread_ms(const struct checker *checker, const struct health_settings *settings)
{
    int64_t spread_ms = (int64_t)checker->check_count * SPREAD_MS;

    return spread_ms < settings->interval_ms ? spread_ms : settings->interval_ms;
}

static void drop(struct checker *checker, uint32_t slot)
{
    check_free(checker->checks[slot]);
    checker->checks[slot] = NULL;
    checker->check_count--;
    clear_slot(checker, slot);
}

static void want(struct checker *checker, const struct snapshot_service *service,
                 const struct snapshot_endpoint *endpoint)
{
    struct check **place = &checker->checks[endpoint->slot];

    if (*place && (*place)->identity == endpoint->identity) {
        if (!(*place)->wanted) /* of two services with the same endpoint the first one counts */
            check_update(*place, service, endpoint);
    } else {
        if (*place)
            drop(checker, endpoint->slot);
        /* slots keep their owner, so what the board says of it was said of this endpoint */
        *place = check_new(checker, service, endpoint, health_on_board(checker, endpoint->slot),
                           spread_ms(checker, &service->policy->health));
        checker->check_count++;
    }
    (*place)->wanted = true;
}

static void want_all(struct checker *checker, const struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->service_count; i++) {
        const struct snapshot_service *service = &snapshot->services[i];

        if (!service->policy->health.path.len)
            continue;
        if (!checker->checks)
            checker->checks = memory_new(BOARD_ENDPOINTS * sizeof(struct check *));
        for (uint32_t j = 0; j < service->endpoint_count; j++)
            want(checker, service, &service->endpoints[j]);
    }
}

static void drop_unwanted(struct checker *checker)
{
    for (uint32_t slot = 0; checker->checks && slot < BOARD_ENDPOINTS; slot++) {
        struct check *check = checker->checks[slot];

        if (check && !check->wanted)
            drop(checker, slot);
        else if (check)
            check->wanted = false;
    }
}

/* What a checker before this one left behind for endpoints that are gone. */
static void clear_leftovers(struct checker *checker)
{
    for (uint32_t slot = 0; slot < BOARD_ENDPOINTS; slot++)
        if (!checker->checks || !checker->checks[slot])
            clear_slot(checker, slot);
}

static void begin_waiting(struct checker *checker)
{
    struct check *check;

    if (checker->beginning) /* one that failed at once: the loop below goes on with the next */
        return;
    checker->beginning = true;
    while (checker->asking < CHECKER_PROBES_MAX && (check = TAILQ_FIRST(&checker->waiting))) {
        TAILQ_REMOVE(&checker->waiting, check, waiting);
        check->is_waiting = false;
        checker->asking++;
        check_begin(check);
    }
    checker->beginning = false;
}

void checker_commit(struct checker *checker, const struct snapshot *snapshot)
{
    tls_backend_unref(checker->tls);
    checker->tls = checker->prepared_tls;
    checker->prepared_tls = NULL;
    checker->tls_asks = snapshot->backend_tls.has_client && !checker->signer;
    want_all(checker, snapshot);
    drop_unwanted(checker);
    if (!checker->took_over)
        clear_leftovers(checker);
    checker->took_over = true;
    if (!checker->check_count) {
        free(checker->checks);
        checker->checks = NULL;
    }
    begin_waiting(checker);
}

void checker_ask(struct checker *checker, struct check *check)
{
    check->is_waiting = true;
    TAILQ_INSERT_TAIL(&checker->waiting, check, waiting);
    begin_waiting(checker);
}

void checker_probe_ended(struct checker *checker)
{
    checker->asking--;
    begin_waiting(checker);
}
