#ifndef SWARMWARD_HTTP_H2_BUDGET_H
#define SWARMWARD_HTTP_H2_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How often a peer may do what costs us more than it: streams that are reset, and frames that carry
 * nothing. A bucket each, and for frames what traffic has earned on top.
 */

/* Leaks `most` in `window_ms`. Zero is empty. */
struct h2_bucket {
    int64_t level; /* in units of 1 / window_ms */
    int64_t at_ms;
};

struct h2_budget {
    struct h2_bucket resets;
    struct h2_bucket frames;
    unsigned earned;
};

/* False: it is full. */
bool h2_bucket_take(struct h2_bucket *bucket, int64_t most, int64_t window_ms, int64_t now_ms);

/* NULL, or the reason why a frame of this type is one too many: it is counted. */
const char *h2_budget_frame(struct h2_budget *budget, uint8_t type, int64_t now_ms);
/* Traffic that makes control frames plausible: so many. */
void h2_budget_earn(struct h2_budget *budget, unsigned frames);

#endif
