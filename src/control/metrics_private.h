#ifndef SWARMWARD_CONTROL_METRICS_PRIVATE_H
#define SWARMWARD_CONTROL_METRICS_PRIVATE_H

#include "metrics.h"

/* One row of the table: a metric, or one series of it. */
struct metric {
    const char *name; /* behind "swarmward_"; rows of one name stand together */
    const char *type; /* counter, gauge, histogram */
    const char *help;
    const char *labels; /* of this series: "result=\"full\""; NULL: none */
    /* Of these one: a counter on each worker's page, or a function. */
    size_t offset;
    void (*write)(const struct metric *metric, const struct control *control, struct buffer *out);
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* `name`{labels} value */
void metric_put(const struct metric *metric, const char *labels, double value, struct buffer *out);
/* One label with a value that is not ours: escaped. */
void metric_put_named(const struct metric *metric, const char *label, struct text value,
                      double number, struct buffer *out);
void metric_escape(struct buffer *out, struct text value);

/* metrics_requests.c */
void metric_requests(const struct metric *metric, const struct control *control,
                     struct buffer *out);
void metric_domain_requests(const struct metric *metric, const struct control *control,
                            struct buffer *out);
void metric_durations(const struct metric *metric, const struct control *control,
                      struct buffer *out);
void metric_domain_durations(const struct metric *metric, const struct control *control,
                             struct buffer *out);
void metric_refusals(const struct metric *metric, const struct control *control,
                     struct buffer *out);

/* metrics_state.c */
void metric_build(const struct metric *metric, const struct control *control, struct buffer *out);
void metric_start(const struct metric *metric, const struct control *control, struct buffer *out);
void metric_health(const struct metric *metric, const struct control *control, struct buffer *out);
void metric_generation(const struct metric *metric, const struct control *control,
                       struct buffer *out);
void metric_generations_alive(const struct metric *metric, const struct control *control,
                              struct buffer *out);
void metric_restarts(const struct metric *metric, const struct control *control,
                     struct buffer *out);
void metric_sandbox(const struct metric *metric, const struct control *control, struct buffer *out);
void metric_memory(const struct metric *metric, const struct control *control, struct buffer *out);
void metric_certificates(const struct metric *metric, const struct control *control,
                         struct buffer *out);
void metric_services(const struct metric *metric, const struct control *control,
                     struct buffer *out);
void metric_endpoints(const struct metric *metric, const struct control *control,
                      struct buffer *out);
void metric_discovery(const struct metric *metric, const struct control *control,
                      struct buffer *out);

#endif
