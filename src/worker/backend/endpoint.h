#ifndef SWARMWARD_WORKER_ENDPOINT_H
#define SWARMWARD_WORKER_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "model/board.h"
#include "model/snapshot.h"
#include "net/address.h"
#include "net/deadline.h"

struct backend_pool;
struct exchange;
struct tls_peer;
struct worker;

TAILQ_HEAD(exchange_list, exchange);

/*
 * What this worker knows of one endpoint: what runs there, failures in a row, ejection. Found by
 * identity, shared by the services of every snapshot that names it, so it survives reloads; goes
 * when none does. One that the current snapshot does not name any more drains.
 */
struct endpoint {
    /* owned */
    struct backend_pool *pool;
    struct tls_peer *peer;         /* NULL: in clear */
    struct deadline drain;         /* what runs then is cut */
    char name[ADDRESS_TEXT_BYTES]; /* for the log; what the snapshot calls it */
    /* borrowed */
    struct worker *worker;
    struct board_endpoint *board;
    struct endpoint *next; /* in its bucket of the table */
    struct address address;
    uint64_t identity;
    uint32_t slot;
    int references;
    uint32_t in_flight; /* exchanges of this worker */
    uint32_t failures;  /* in a row */
    uint32_t ejections; /* in a row: sets how long the next one is */
    int64_t failed_us;  /* when last */
    int64_t ejected_until_ms;
    int64_t avoided_until_ms; /* too many are ejected: used only when no other is up */
    int64_t drain_ms;
    struct exchange_list running;
    uint32_t h2_streams;     /* that its HTTP/2 has last said to take of a connection; 0: not yet */
    uint64_t named_in;       /* the last round of endpoint_table_settle() that found it */
    int64_t usable_since_ms; /* for the slow start; 0 = since ever */
    int protocol;            /* enum protocol: of its identity, so it never changes */
    bool was_down;           /* as last seen on the board */
    bool pooled;             /* false: a connection is used once */
    bool draining;           /* no new request, and no connection is kept */
    bool unproven;           /* it was ejected and has not answered since: one at a time */
    bool deserting;          /* those that wait for it are being sent elsewhere */
};

struct endpoint_table;

struct endpoint_table *endpoint_table_new(struct worker *worker);
void endpoint_table_free(struct endpoint_table *table);

/* The endpoint of this identity, made when it is new. One more reference. */
struct endpoint *endpoint_get(struct endpoint_table *table,
                              const struct snapshot_endpoint *described, bool slow_start);
struct endpoint *endpoint_ref(struct endpoint *endpoint);
void endpoint_unref(struct endpoint *endpoint); /* NULL is fine */

/*
 * A snapshot is in force: endpoints that it does not name begin to drain, those that it names again
 * stop.
 */
void endpoint_table_settle(struct endpoint_table *table, const struct snapshot *snapshot);

/* Up by the active checks, not ejected, not draining. Notices a return, for the slow start. */
bool endpoint_is_up(struct endpoint *endpoint, int64_t now_ms);

/* Exchanges of all workers on it. */
uint32_t endpoint_load(const struct endpoint *endpoint);

/* Kept back while others are up: it failed, but too many are ejected already, or another worker has
 * ejected it. */
bool endpoint_is_avoided(const struct endpoint *endpoint, int64_t now_ms);

void endpoint_begin(struct endpoint *endpoint); /* an exchange goes there */
void endpoint_end(struct endpoint *endpoint);
/* An exchange that was sent there at `begun_us` is answered. An answer to what was sent before the
 * last failure had lain in the socket already, and says nothing about the endpoint of now. */
void endpoint_succeeded(struct endpoint *endpoint, int64_t begun_us);
/* Nobody could be reached there, or nobody to be trusted: `reason` is a word of model/reasons.h.
 * For `explain`, and the log when it is news. */
void endpoint_note_failure(struct endpoint *endpoint, const char *reason, const char *detail);
/* `may_eject`: the service has room for one more ejected endpoint. True: it was ejected now. */
bool endpoint_failed(struct endpoint *endpoint, const struct outlier_settings *outlier,
                     bool may_eject, int64_t now_ms);

#endif
