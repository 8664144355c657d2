#ifndef SWARMWARD_CHECKER_CHECKER_H
#define SWARMWARD_CHECKER_CHECKER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "model/board.h"
#include "model/snapshot.h"
#include "net/io.h"

struct channel;
struct check;
struct signer;
struct tls_backend;

/* Probes under way at the same time; the others wait for their turn. */
#define CHECKER_PROBES_MAX 128

/* All checks of this process. Holds no snapshot: what a check needs is copied into it. */
struct checker {
    /* owned */
    struct check **checks; /* by slot, BOARD_ENDPOINTS of them; NULL before the first check */
    struct snapshot *prepared;
    struct tls_backend *prepared_tls; /* NULL: no service of it has TLS */
    struct tls_backend *tls;          /* of the snapshot that was committed last */
    /* borrowed */
    struct io *io;
    struct board *board;
    struct channel *channel;
    struct signer *signer;       /* signs as a client; NULL: nobody does */
    TAILQ_HEAD(, check) waiting; /* due, first come first served */
    size_t asking;               /* probes under way */
    size_t check_count;
    bool beginning; /* probes are being started */
    bool tls_asks;  /* backends may ask for a certificate, and nobody signs for it */
    bool took_over; /* a snapshot was committed since this process began */
};

void checker_init(struct checker *checker, struct io *io, struct board *board);
void checker_done(struct checker *checker);

/*
 * Take `prepared_tls`, and watch the endpoints of `snapshot` whose service has a health path, and
 * no others. Those that were watched before go on as they are; the slots of those that are gone
 * become unknown.
 */
void checker_commit(struct checker *checker, const struct snapshot *snapshot);

/* For checks: what an endpoint is from now on. */
void checker_write_health(struct checker *checker, uint32_t slot, enum board_health health);

/* For checks: a probe is due; it begins now or when others have ended. */
void checker_ask(struct checker *checker, struct check *check);
void checker_probe_ended(struct checker *checker);

#endif
