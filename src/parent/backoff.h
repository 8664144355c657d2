#ifndef SWARMWARD_PARENT_BACKOFF_H
#define SWARMWARD_PARENT_BACKOFF_H

#include <stdint.h>

/*
 * How long to wait before a dead child is started again: not at all, unless it dies again within a
 * second of its start; then 25 ms, doubling up to a second, until one lives longer.
 */

#define BACKOFF_LIVED_MS 1000
#define BACKOFF_LEAST_MS 25
#define BACKOFF_MOST_MS  1000

struct backoff {
    int64_t delay_ms; /* of the next quick death */
};

/* The child died after `lived_ms`. Returns the wait in milliseconds. */
int64_t backoff_next(struct backoff *backoff, int64_t lived_ms);

#endif
