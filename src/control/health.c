/* Is traffic served? For `swarmward healthcheck` and the admin listener. */

#include "health.h"

#include <string.h>

#include "swarm_link.h"

static bool a_worker_serves(const struct board *board)
{
    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++)
        if (atomic_load(&board->workers[i].pid) && board_get(&board->worker[i].generation))
            return true;
    return false;
}

/* Without it those who are connected are served, and nobody else. */
static bool keys_are_missing(const struct board *board)
{
    return atomic_load(&board->keys.started_ms) && !atomic_load(&board->keys.pid);
}

const char *health_word(const struct control *control)
{
    switch ((enum board_phase)atomic_load(&control->board->phase)) {
    case BOARD_STARTING:
        break;
    case BOARD_READY:
        if (!a_worker_serves(control->board))
            return "no_worker";
        return keys_are_missing(control->board) ? "no_keys" : "ready";
    case BOARD_DRAINING:
        return "draining";
    }
    return "starting";
}

bool health_is_stale(const struct control *control)
{
    return control->link && swarm_link_swarm(control->link)->stale;
}

bool health_write(const struct control *control, struct json_out *json)
{
    const char *word = health_word(control);
    bool healthy = strcmp(word, "ready") == 0;

    json_put_text(json, "health", text_of(word));
    json_put_bool(json, "healthy", healthy);
    json_put_bool(json, "stale", health_is_stale(control));
    return healthy;
}
