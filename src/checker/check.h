#ifndef SWARMWARD_CHECKER_CHECK_H
#define SWARMWARD_CHECKER_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "checker.h"
#include "model/board.h"
#include "model/snapshot.h"
#include "net/deadline.h"
#include "probe.h"

/* What the results of one endpoint add up to. */
struct verdict {
    enum board_health health;
    int64_t good; /* in a row */
    int64_t bad;  /* in a row */
};

/* Count one result. True: `health` changed. */
bool verdict_add(struct verdict *verdict, bool good, const struct health_settings *settings);

/* The watch over one endpoint: asks it again and again, and writes what it is on the board. */
struct check {
    /* owned */
    char *service;
    char *endpoint;
    char *path;
    struct tls_peer *peer; /* NULL: in clear, or nothing to verify it with */
    struct probe *probe;   /* NULL: none is under way */
    struct deadline next;
    /* borrowed: outlives the check */
    struct checker *checker;
    TAILQ_ENTRY(check) waiting; /* linked while `is_waiting` */
    bool is_waiting;            /* due, but too many probes are under way */
    bool wanted;                /* by the snapshot that is being taken over */
    uint64_t identity;
    uint32_t slot;
    struct address address;
    bool speaks_h2;
    bool connects_only;              /* what it speaks, or demands, is not had here */
    struct health_settings settings; /* its path is `path` */
    struct verdict verdict;
    int64_t asked_ms; /* when the last probe was due to begin */
};

/* `health` is what the board says now. The first question comes within `spread_ms`. */
struct check *check_new(struct checker *checker, const struct snapshot_service *service,
                        const struct snapshot_endpoint *endpoint, enum board_health health,
                        int64_t spread_ms);
/* The same endpoint in a new snapshot: new names and settings, same verdict. */
void check_update(struct check *check, const struct snapshot_service *service,
                  const struct snapshot_endpoint *endpoint);
/* Leaves on the board what is there. NULL is fine. */
void check_free(struct check *check);

/* Its turn has come: called by the checker for one that was waiting. */
void check_begin(struct check *check);

#endif
