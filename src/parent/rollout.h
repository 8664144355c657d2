#ifndef SWARMWARD_PARENT_ROLLOUT_H
#define SWARMWARD_PARENT_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/board.h"

/*
 * Two phases, as a state machine without processes: every member is asked to prepare a generation;
 * all ready commits, one refusal or death cancels. Members are the workers, by their index, the
 * checker and keys. publish.c sends what this decides.
 */

#define ROLLOUT_CHECKER BOARD_WORKERS
#define ROLLOUT_KEYS    (BOARD_WORKERS + 1)
#define ROLLOUT_MEMBERS (BOARD_WORKERS + 2)

enum rollout_member {
    ROLLOUT_OUT,   /* takes no part: it was not running when this began */
    ROLLOUT_LATER, /* still busy with the generation before; asked when it is through */
    ROLLOUT_ASKED, /* was sent PREPARE */
    ROLLOUT_READY, /* said READY */
};

enum rollout_verdict {
    ROLLOUT_WAITS,
    ROLLOUT_COMMITS,
    ROLLOUT_CANCELS,
};

struct rollout {
    uint64_t generation; /* 0: none is under way */
    size_t missing;      /* members that are not ready */
    enum rollout_member members[ROLLOUT_MEMBERS];
};

void rollout_begin(struct rollout *rollout, uint64_t generation);
/* `now`: it is asked at once, else rollout_ask() says when. */
void rollout_join(struct rollout *rollout, size_t member, bool now);
void rollout_ask(struct rollout *rollout, size_t member);

enum rollout_verdict rollout_verdict(const struct rollout *rollout);
/* An answer for another generation changes nothing. */
enum rollout_verdict rollout_ready(struct rollout *rollout, size_t member, uint64_t generation);
/* It refused `generation`, or died (its process is gone, whatever it had said before). */
enum rollout_verdict rollout_refused(struct rollout *rollout, size_t member, uint64_t generation);
enum rollout_verdict rollout_died(struct rollout *rollout, size_t member);

void rollout_end(struct rollout *rollout);

#endif
