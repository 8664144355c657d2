/* The pace of restarts. Called by children.c. */

#include "backoff.h"

int64_t backoff_next(struct backoff *backoff, int64_t lived_ms)
{
    int64_t delay_ms = backoff->delay_ms;

    if (lived_ms >= BACKOFF_LIVED_MS)
        delay_ms = 0;
    backoff->delay_ms = delay_ms ? delay_ms * 2 : BACKOFF_LEAST_MS;
    if (backoff->delay_ms > BACKOFF_MOST_MS)
        backoff->delay_ms = BACKOFF_MOST_MS;
    return delay_ms;
}
