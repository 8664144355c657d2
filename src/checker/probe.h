#ifndef SWARMWARD_CHECKER_PROBE_H
#define SWARMWARD_CHECKER_PROBE_H

#include <stdbool.h>

#include "base/err.h"
#include "model/policies.h"
#include "net/io.h"

/* One question to one endpoint: GET a path on a connection of its own, and judge the answer. */

struct probe;
struct tls_peer;

struct probe_plan {
    const struct address *address;
    const struct health_settings *health; /* path, timeout, and the statuses of a good answer */
    struct tls_peer *peer;                /* NULL: in clear; outlives the probe */
    bool speaks_h2;
    bool connects_only; /* ask nothing: a connection is the good answer */
    /* Either is called once, from the loop. `why` is "" for a good answer. The probe is gone
     * afterwards. */
    void (*on_result)(void *owner, bool good, const char *why);
    void (*on_nothing)(void *owner, const char *why); /* it is not the endpoint's fault */
    void *owner;
};

/*
 * The plan is borrowed for the call. NULL: it could not even begin; `err` says why, and
 * `*our_fault_out` whether that says nothing about the endpoint (no descriptor left, ...).
 */
struct probe *probe_new(struct io *io, const struct probe_plan *plan, bool *our_fault_out,
                        struct err *err);
/* Take it back: no result comes. NULL is fine. */
void probe_free(struct probe *probe);

#endif
