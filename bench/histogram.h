#ifndef SWARMWARD_BENCH_HISTOGRAM_H
#define SWARMWARD_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Latencies in nanoseconds, kept to within 1.6 %. Fixed size, never fails. */

#define HISTOGRAM_STEPS   ((size_t)64) /* buckets between one power of two and the next */
#define HISTOGRAM_BUCKETS (HISTOGRAM_STEPS * 60)

struct histogram {
    uint64_t total;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, int64_t latency_ns);

/* `share` in 0..1: 0.99 is the 99th percentile. 0 when nothing was added. */
int64_t histogram_percentile_ns(const struct histogram *histogram, double share);

#endif
