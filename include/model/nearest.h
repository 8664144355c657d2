#ifndef SWARMWARD_MODEL_NEAREST_H
#define SWARMWARD_MODEL_NEAREST_H

#include <stddef.h>

#include "base/text.h"

/* Which known name was meant by a misspelt one: offer every candidate, then read `best`. */
struct nearest {
    /* borrowed */
    struct text wanted;
    struct text best; /* empty: none is near enough to be worth a hint */
    size_t distance;
};

void nearest_start(struct nearest *nearest, struct text wanted);
void nearest_offer(struct nearest *nearest, struct text candidate);

#endif
