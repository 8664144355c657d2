/*
 * A histogram of latencies with logarithmic buckets. The load generator adds one value a request
 * and reads two percentiles at the end; it stores no single values.
 */
#include "histogram.h"

#include <string.h>

static unsigned highest_bit(uint64_t value)
{
    return 63U - (unsigned)__builtin_clzll(value);
}

/* Values below 2 x STEPS have a bucket of their own; above, each power of two is cut into STEPS. */
static size_t bucket_of(uint64_t value)
{
    unsigned shift;
    size_t bucket;

    if (value < (uint64_t)2 * HISTOGRAM_STEPS)
        return (size_t)value;
    shift = highest_bit(value) - highest_bit(HISTOGRAM_STEPS);
    bucket = (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static int64_t value_of(size_t bucket)
{
    size_t shift;

    if (bucket < (size_t)2 * HISTOGRAM_STEPS)
        return (int64_t)bucket;
    shift = bucket / HISTOGRAM_STEPS - 1;
    return (int64_t)((uint64_t)(bucket - shift * HISTOGRAM_STEPS) << shift);
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, int64_t latency_ns)
{
    histogram->counts[bucket_of(latency_ns > 0 ? (uint64_t)latency_ns : 0)]++;
    histogram->total++;
}

int64_t histogram_percentile_ns(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->total * share);
    uint64_t seen = 0;

    if (histogram->total == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > wanted || seen == histogram->total)
            return value_of(i);
    }
    return value_of(HISTOGRAM_BUCKETS - 1);
}
