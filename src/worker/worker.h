#ifndef SWARMWARD_WORKER_H
#define SWARMWARD_WORKER_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "http/h1_parser.h"
#include "model/board.h"
#include "model/snapshot.h"
#include "net/io.h"
#include "policy/encoder.h"

struct access_log;
struct acceptor;
struct admission;
struct channel;
struct client;
struct endpoint_table;
struct exchange;
struct service;
struct signer;
struct tls_backend;
struct tls_server;
struct turn;
struct verifier;

TAILQ_HEAD(client_list, client);

/* A snapshot while this worker serves it, with what is derived from it. Shared: counted. */
struct serving {
    /* owned */
    struct snapshot *snapshot;
    struct service **services; /* by index in the snapshot; made when first wanted */
    struct buffer hsts;        /* value of Strict-Transport-Security, or empty */
    struct h1_limits limits;
    struct address_prefix *trusted_proxies;
    size_t trusted_proxy_count;
    struct tls_backend *backend_tls; /* shared; NULL: no service has TLS */
    struct worker *worker;           /* borrowed */
    int references;
};

/* `backend_tls` (NULL when no service has TLS) is taken. */
struct serving *serving_new(struct worker *worker, struct snapshot *snapshot,
                            struct tls_backend *backend_tls);
struct serving *serving_ref(struct serving *serving);
void serving_unref(struct serving *serving); /* NULL is fine */
/* Services that `older` (or NULL) has in use keep their endpoints (pools, failures) in `newer`. */
void serving_carry_over(const struct serving *older, struct serving *newer);
/* `newer` is in force: exchanges that wait in queues of `older` (or NULL) look there. */
void serving_requeue(struct serving *older);
struct service *serving_service(struct serving *serving, uint32_t index);
/* Is this the address of a proxy that is believed who its client is? */
bool serving_trusts(const struct serving *serving, const struct address *address);

/* The one process-wide thing. It owns the loop, acceptors, clients and the snapshot in force. */
struct worker {
    /* owned */
    struct io *io;
    struct channel *channel;
    struct signer *signer; /* NULL: this worker has the keys itself */
    struct tls_server *tls;
    struct serving *serving;  /* NULL before the first commit */
    struct serving *prepared; /* NULL unless a rollout is under way */
    struct admission *admission;
    struct access_log *log;
    struct endpoint_table *endpoints;
    struct turn *turn;
    struct verifier *verifier;  /* of passwords */
    struct acceptor *acceptors; /* the first; each knows the next */
    struct client_list clients;
    struct buffer head_out;   /* the head that is being written in this turn */
    struct field_line *lines; /* FIELD_LINES_MAX: of the head that is being parsed */
    uint64_t *domain_owners;  /* BOARD_DOMAINS: whose counters a slot has; 0: nobody's so far */
    /* borrowed: shared memory */
    struct board *board;
    struct board_worker *counters;
    struct exchange *spare_exchanges;
    size_t spare_count;
    struct encoder_budget encoders; /* what compression may hold */
    unsigned index;
    unsigned open_exchanges;
    bool draining;
};

/* Exit when draining and nothing is left to do. */
void worker_check_drained(struct worker *worker);

#define COUNT(worker, name, amount) board_add(&(worker)->counters->name, (amount))

#endif
