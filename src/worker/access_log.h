#ifndef SWARMWARD_WORKER_ACCESS_LOG_H
#define SWARMWARD_WORKER_ACCESS_LOG_H

struct client;
struct exchange;
struct worker;

/*
 * One JSON line an exchange, written in blocks of whole lines to a descriptor that must never hold
 * up traffic: what it does not take is kept up to a bound, then dropped and counted.
 */
struct access_log;

struct access_log *access_log_new(struct worker *worker);
/* Writes what it can without waiting. */
void access_log_free(struct access_log *log);

/* Takes the descriptor; -1: lines go nowhere and are not even made. */
void access_log_set_sink(struct access_log *log, int fd);

void access_log_exchange(struct access_log *log, const struct exchange *exchange);
/* A connection that ended before its first request, for a reason: a failed handshake, a limit. */
void access_log_refused_client(struct access_log *log, const struct client *client,
                               const char *reason);

#endif
