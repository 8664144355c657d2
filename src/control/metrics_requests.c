/* Metrics of requests: by domain and status, durations, and why some were refused. */

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "mapping_file.h"
#include "metrics_private.h"
#include "snapshot_facts.h"

static const char *const classes[] = { "2xx", "3xx", "4xx", "5xx", "499" };
static const int64_t bounds_ms[] = BOARD_DURATION_BOUNDS;

#define CLASSES (sizeof(classes) / sizeof(classes[0]))
#define BOUNDS  (sizeof(bounds_ms) / sizeof(bounds_ms[0]))

/* One domain at all workers together. */
struct sums {
    uint64_t responses[CLASSES];
    uint64_t durations[BOARD_DURATION_BUCKETS];
    uint64_t duration_us;
    uint64_t requests;
};

static void add(struct sums *sums, const struct board_domain *domain)
{
    for (size_t i = 0; i < CLASSES; i++) {
        sums->responses[i] += board_get(&domain->responses[i]);
        sums->requests += board_get(&domain->responses[i]);
    }
    for (size_t i = 0; i < BOARD_DURATION_BUCKETS; i++)
        sums->durations[i] += board_get(&domain->durations[i]);
    sums->duration_us += board_get(&domain->duration_us);
}

/* `slot` SNAPSHOT_NONE: all domains. */
static struct sums sums_of(const struct board *board, uint32_t slot)
{
    struct sums sums = { 0 };

    for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++)
        add(&sums, slot == SNAPSHOT_NONE ? &board->worker[i].all_domains
                                         : &board->worker[i].domains[slot]);
    return sums;
}

typedef void write_sums(const struct metric *metric, struct text domain, const struct sums *sums,
                        struct buffer *out);

static void for_each_domain(const struct metric *metric, const struct control *control,
                            write_sums *write, struct buffer *out)
{
    const struct mapping_file *file = control->loader.file;
    const struct snapshot *snapshot = control->snapshot;
    char name[256];

    if (!snapshot || (file && !file->settings->metrics.per_domain))
        return;
    for (uint32_t i = 0; i < snapshot->domain_count; i++) {
        struct sums sums;

        if (snapshot->domains[i].slot == SNAPSHOT_NONE)
            continue;
        sums = sums_of(control->board, snapshot->domains[i].slot);
        if (sums.requests)
            write(metric, snapshot_domain_name(&snapshot->domains[i], name), &sums, out);
    }
}

/* NAME{domain="...",more}, of all domains together without their label. */
static void put_series(const struct metric *metric, const char *suffix, struct text domain,
                       const char *more, struct buffer *out)
{
    buffer_format(out, "swarmward_%s%s", metric->name, suffix);
    if (!domain.len && !more[0])
        return;
    buffer_append_byte(out, '{');
    if (domain.len) {
        buffer_append_text(out, TEXT("domain=\""));
        metric_escape(out, domain);
        buffer_append_byte(out, '"');
    }
    buffer_format(out, "%s%s}", domain.len && more[0] ? "," : "", more);
}

static void write_requests(const struct metric *metric, struct text domain, const struct sums *sums,
                           struct buffer *out)
{
    char code[32];

    for (size_t i = 0; i < CLASSES; i++) {
        snprintf(code, sizeof(code), "code=\"%s\"", classes[i]);
        put_series(metric, "", domain, code, out);
        buffer_format(out, " %llu\n", (unsigned long long)sums->responses[i]);
    }
}

static void write_durations(const struct metric *metric, struct text domain,
                            const struct sums *sums, struct buffer *out)
{
    uint64_t count = 0;
    char bound[32];

    for (size_t i = 0; i <= BOUNDS; i++) {
        if (i < BOUNDS)
            snprintf(bound, sizeof(bound), "le=\"%g\"", (double)bounds_ms[i] / 1000);
        else
            snprintf(bound, sizeof(bound), "le=\"+Inf\"");
        count += sums->durations[i];
        put_series(metric, "_bucket", domain, bound, out);
        buffer_format(out, " %llu\n", (unsigned long long)count);
    }
    put_series(metric, "_sum", domain, "", out);
    buffer_format(out, " %.6f\n", (double)sums->duration_us / 1e6);
    put_series(metric, "_count", domain, "", out);
    buffer_format(out, " %llu\n", (unsigned long long)count);
}

void metric_requests(const struct metric *metric, const struct control *control, struct buffer *out)
{
    struct sums sums = sums_of(control->board, SNAPSHOT_NONE);

    write_requests(metric, TEXT_NONE, &sums, out);
}

void metric_domain_requests(const struct metric *metric, const struct control *control,
                            struct buffer *out)
{
    for_each_domain(metric, control, write_requests, out);
}

void metric_durations(const struct metric *metric, const struct control *control,
                      struct buffer *out)
{
    struct sums sums = sums_of(control->board, SNAPSHOT_NONE);

    write_durations(metric, TEXT_NONE, &sums, out);
}

void metric_domain_durations(const struct metric *metric, const struct control *control,
                             struct buffer *out)
{
    for_each_domain(metric, control, write_durations, out);
}

/* Those that never happened, too: increase() does not see how a series begins. */
void metric_refusals(const struct metric *metric, const struct control *control, struct buffer *out)
{
    const struct board *board = control->board;

    for (int reason = 0; reason < REASON_COUNT; reason++) {
        uint64_t count = 0;

        for (uint32_t i = 0; i < atomic_load(&board->worker_count) && i < BOARD_WORKERS; i++)
            count += board_get(&board->worker[i].refusals[reason]);
        metric_put_named(metric, "reason", text_of(reason_word((enum reason)reason)), (double)count,
                         out);
    }
}
