#ifndef SWARMWARD_WORKER_EXCHANGE_COUNTERS_H
#define SWARMWARD_WORKER_EXCHANGE_COUNTERS_H

struct exchange;
struct worker;

/* Counters on the board by domain, status, duration and reason; control makes metrics of them. */

/* At the end of an exchange. */
void exchange_counters_add(const struct exchange *exchange);

/* Somebody was sent away before there was an exchange. */
void exchange_counters_refused(struct worker *worker, const char *reason);

/* Another snapshot is in force: a slot that went to another domain begins at zero. */
void exchange_counters_settle(struct worker *worker);

#endif
