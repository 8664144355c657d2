#ifndef SWARMWARD_CONTROL_ENDPOINT_FACTS_H
#define SWARMWARD_CONTROL_ENDPOINT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "json_out.h"
#include "model/board.h"
#include "model/snapshot.h"

/* What the board says of one endpoint, all workers together. */
struct endpoint_facts {
    const char
        *state; /* "up", "down": the checks failed, "ejected": by some workers, for a while */
    bool usable;
    enum board_health health;
    uint32_t ejected_workers;
    int64_t ejected_for_ms; /* until the last of them tries again */
    const char
        *last_failure; /* why it could not be reached, a word of model/reasons.h; "" = it can */
    uint64_t in_flight;
    uint64_t requests;
};

struct endpoint_facts endpoint_facts(const struct board *board,
                                     const struct snapshot_endpoint *endpoint);

/* As an object of an array. Returns whether it may be used. */
bool endpoint_write(const struct board *board, const struct snapshot_endpoint *endpoint,
                    struct json_out *json);

#endif
