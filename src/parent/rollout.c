/* The state machine of a rollout. Called by publish.c; sends nothing, knows no process. */

#include "rollout.h"

#include <assert.h>

void rollout_begin(struct rollout *rollout, uint64_t generation)
{
    assert(rollout->generation == 0 && generation != 0);
    *rollout = (struct rollout){ .generation = generation };
}

void rollout_join(struct rollout *rollout, size_t member, bool now)
{
    assert(rollout->members[member] == ROLLOUT_OUT);
    rollout->members[member] = now ? ROLLOUT_ASKED : ROLLOUT_LATER;
    rollout->missing++;
}

void rollout_ask(struct rollout *rollout, size_t member)
{
    assert(rollout->members[member] == ROLLOUT_LATER);
    rollout->members[member] = ROLLOUT_ASKED;
}

enum rollout_verdict rollout_verdict(const struct rollout *rollout)
{
    return rollout->generation && rollout->missing == 0 ? ROLLOUT_COMMITS : ROLLOUT_WAITS;
}

enum rollout_verdict rollout_ready(struct rollout *rollout, size_t member, uint64_t generation)
{
    if (generation != rollout->generation || rollout->members[member] != ROLLOUT_ASKED)
        return ROLLOUT_WAITS;
    rollout->members[member] = ROLLOUT_READY;
    rollout->missing--;
    return rollout_verdict(rollout);
}

enum rollout_verdict rollout_refused(struct rollout *rollout, size_t member, uint64_t generation)
{
    if (generation != rollout->generation || rollout->members[member] != ROLLOUT_ASKED)
        return ROLLOUT_WAITS;
    return ROLLOUT_CANCELS;
}

enum rollout_verdict rollout_died(struct rollout *rollout, size_t member)
{
    if (!rollout->generation || rollout->members[member] == ROLLOUT_OUT)
        return ROLLOUT_WAITS;
    return ROLLOUT_CANCELS;
}

void rollout_end(struct rollout *rollout)
{
    *rollout = (struct rollout){ 0 };
}
