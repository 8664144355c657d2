/*
 * One endpoint: when to ask it, and what its answers add up to. The asking itself is probe.c; which
 * endpoints there are, and how many may be asked at the same time, is checker.c.
 */

#include "check.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "tls/tls_backend.h"

bool verdict_add(struct verdict *verdict, bool good, const struct health_settings *settings)
{
    enum board_health before = verdict->health;

    verdict->good = good ? verdict->good + 1 : 0;
    verdict->bad = good ? 0 : verdict->bad + 1;
    if (verdict->good >= settings->rise)
        verdict->health = BOARD_HEALTH_UP;
    else if (verdict->bad >= settings->fall)
        verdict->health = BOARD_HEALTH_DOWN;
    return verdict->health != before;
}

static void tell(const struct check *check, enum board_health before, const char *why)
{
    if (check->verdict.health == BOARD_HEALTH_DOWN)
        log_warn("event=endpoint_down service=%s endpoint=%s reason=\"%s\" checks=%lld",
                 check->service, check->endpoint, why, (long long)check->verdict.bad);
    else if (before == BOARD_HEALTH_DOWN)
        log_info("event=endpoint_up service=%s endpoint=%s checks=%lld", check->service,
                 check->endpoint, (long long)check->verdict.good);
    else /* as everybody took it to be: no news */
        log_debug("event=endpoint_up service=%s endpoint=%s", check->service, check->endpoint);
}

/*
 * An interval after the last one began, a tenth more or less: endpoints that came together must not
 * be asked together for ever, nor by all replicas at the same moment.
 */
static void schedule(struct check *check)
{
    int64_t interval_ms = check->settings.interval_ms;
    int64_t tenth_ms = interval_ms / 10;
    int64_t jitter_ms = (int64_t)random_below((uint64_t)(2 * tenth_ms + 1)) - tenth_ms;

    deadline_set(&check->next, check->asked_ms + interval_ms + jitter_ms);
}

static void on_result(void *owner, bool good, const char *why)
{
    struct check *check = owner;
    enum board_health before = check->verdict.health;

    check->probe = NULL;
    if (verdict_add(&check->verdict, good, &check->settings)) {
        checker_write_health(check->checker, check->slot, check->verdict.health);
        tell(check, before, why);
    }
    schedule(check);
    checker_probe_ended(check->checker);
}

/* It says nothing about the endpoint. */
static void on_nothing(void *owner, const char *why)
{
    struct check *check = owner;

    check->probe = NULL;
    log_warn("event=check_failed service=%s endpoint=%s reason=\"%s\"", check->service,
             check->endpoint, why);
    schedule(check);
    checker_probe_ended(check->checker);
}

void check_begin(struct check *check)
{
    struct probe_plan plan = {
        .address = &check->address,
        .health = &check->settings,
        .peer = check->connects_only ? NULL : check->peer,
        .speaks_h2 = check->speaks_h2,
        .connects_only = check->connects_only,
        .on_result = on_result,
        .on_nothing = on_nothing,
        .owner = check,
    };
    bool our_fault = false;
    struct err err;

    check->asked_ms = io_now_ms(check->checker->io);
    check->probe = probe_new(check->checker->io, &plan, &our_fault, &err);
    if (check->probe)
        return;
    if (our_fault)
        on_nothing(check, err.text);
    else
        on_result(check, false, err.text);
}

static void on_due(void *owner)
{
    struct check *check = owner;

    checker_ask(check->checker, check);
}

/*
 * The peer stays: what it has to prove is part of the endpoint's identity. A backend that asks for
 * our certificate would refuse this process while nobody signs for it (--keys-in-workers): that it
 * accepts connections must be enough.
 */
static void choose_depth(struct check *check, const struct snapshot_service *service)
{
    const struct checker *checker = check->checker;
    bool has_tls = protocol_has_tls(service->policy->protocol);

    check->speaks_h2 = protocol_is_h2(service->policy->protocol);
    check->connects_only = has_tls && (checker->tls_asks || !checker->tls);
    if (has_tls && !check->connects_only && !check->peer)
        check->peer = tls_peer_new(checker->tls, snapshot_service_host(service), &check->address);
}

void check_update(struct check *check, const struct snapshot_service *service,
                  const struct snapshot_endpoint *endpoint)
{
    int64_t latest_ms;

    free(check->service);
    free(check->endpoint);
    free(check->path);
    check->service = text_to_heap(service->name);
    check->endpoint = text_to_heap(endpoint->name);
    check->path = text_to_heap(service->policy->health.path);
    check->address = endpoint->address;
    choose_depth(check, service);
    check->settings = service->policy->health;
    check->settings.path = text_of(check->path);
    latest_ms = io_now_ms(check->checker->io) + check->settings.interval_ms;
    if (check->next.at_ms > latest_ms) /* the interval was longer */
        deadline_set(&check->next, latest_ms);
}

struct check *check_new(struct checker *checker, const struct snapshot_service *service,
                        const struct snapshot_endpoint *endpoint, enum board_health health,
                        int64_t spread_ms)
{
    struct check *check = memory_new(sizeof(*check));

    check->checker = checker;
    check->identity = endpoint->identity;
    check->slot = endpoint->slot;
    check->verdict.health = health;
    deadline_init(&check->next, checker->io, on_due, check);
    check_update(check, service, endpoint);
    deadline_set(&check->next,
                 io_now_ms(checker->io) + (int64_t)random_below((uint64_t)spread_ms + 1));
    return check;
}

void check_free(struct check *check)
{
    if (!check)
        return;
    if (check->is_waiting)
        TAILQ_REMOVE(&check->checker->waiting, check, waiting);
    if (check->probe) {
        probe_free(check->probe);
        check->checker->asking--;
    }
    deadline_done(&check->next);
    tls_peer_free(check->peer);
    free(check->service);
    free(check->endpoint);
    free(check->path);
    free(check);
}
