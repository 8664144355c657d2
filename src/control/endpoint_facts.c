/* The health of endpoints, as status and explain show it. Reads the board, writes nothing there. */

#include "endpoint_facts.h"

#include "base/clock.h"

static const char *const health_names[] = {
    [BOARD_HEALTH_UNKNOWN] = "unknown",
    [BOARD_HEALTH_UP] = "up",
    [BOARD_HEALTH_DOWN] = "down",
};

static void add_worker(struct endpoint_facts *facts, const struct board_endpoint *endpoint,
                       int64_t now_ms)
{
    int64_t until_ms = atomic_load_explicit(&endpoint->ejected_until_ms, memory_order_relaxed);
    uint32_t failure = atomic_load_explicit(&endpoint->last_failure, memory_order_relaxed);

    facts->in_flight += atomic_load_explicit(&endpoint->in_flight, memory_order_relaxed);
    facts->requests += board_get(&endpoint->requests);
    if (failure > 0 && failure <= REASON_COUNT)
        facts->last_failure = reason_word((enum reason)(failure - 1));
    if (until_ms <= now_ms)
        return;
    facts->ejected_workers++;
    if (until_ms - now_ms > facts->ejected_for_ms)
        facts->ejected_for_ms = until_ms - now_ms;
}

struct endpoint_facts endpoint_facts(const struct board *board,
                                     const struct snapshot_endpoint *endpoint)
{
    struct endpoint_facts facts = { .state = "up", .usable = true, .last_failure = "" };
    int64_t now_ms = clock_monotonic_ms();
    uint32_t workers = atomic_load(&board->worker_count);
    uint8_t health = atomic_load_explicit(&board->health[endpoint->slot], memory_order_relaxed);

    facts.health = health <= BOARD_HEALTH_DOWN ? (enum board_health)health : BOARD_HEALTH_UNKNOWN;
    for (uint32_t i = 0; i < workers && i < BOARD_WORKERS; i++)
        add_worker(&facts, &board->worker[i].endpoints[endpoint->slot], now_ms);
    if (facts.health == BOARD_HEALTH_DOWN)
        facts.state = "down";
    else if (facts.ejected_workers)
        facts.state = "ejected";
    facts.usable = facts.health != BOARD_HEALTH_DOWN &&
                   (facts.ejected_workers == 0 || facts.ejected_workers < workers);
    return facts;
}

bool endpoint_write(const struct board *board, const struct snapshot_endpoint *endpoint,
                    struct json_out *json)
{
    struct endpoint_facts facts = endpoint_facts(board, endpoint);
    char text[ADDRESS_TEXT_BYTES];
    size_t len = address_print(&endpoint->address, text);

    json_put_object(json, NULL);
    json_put_text(json, "name", endpoint->name);
    json_put_text(json, "address", text_make(text, len));
    json_put_number(json, "weight", endpoint->weight);
    json_put_text(json, "state", text_of(facts.state));
    json_put_text(json, "health", text_of(health_names[facts.health]));
    json_put_number(json, "ejected_workers", facts.ejected_workers);
    json_put_number(json, "ejected_for_ms", facts.ejected_for_ms);
    json_put_text(json, "last_failure", text_of(facts.last_failure));
    json_put_number(json, "in_flight", (int64_t)facts.in_flight);
    json_put_number(json, "requests", (int64_t)facts.requests);
    json_put_object_end(json);
    return facts.usable;
}
