#ifndef SWARMWARD_WORKER_VERIFIER_H
#define SWARMWARD_WORKER_VERIFIER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "model/password_hash.h"
#include "password_cache.h"

struct exchange;
struct verifier;
struct worker;

/*
 * Checks passwords against their hashes, which takes milliseconds on purpose, in a thread beside
 * the worker's loop: one at a time, so it costs at most one core, and below the loop's priority.
 * How many may wait is bounded, altogether and for each client.
 */

#define VERIFIER_PENDING_MOST 32
#define VERIFIER_CLIENT_MOST  4

struct verification;

/* What is asked. Copied. */
struct password_question {
    struct text hash;
    struct text password;
    bool known;              /* false: there is no such user; it takes as long and is never right */
    struct password_key key; /* the same question has the same key */
    uint64_t client;         /* hash of who asks */
};

/* The answers go to basic_auth_verdict(). */
struct verifier *verifier_new(struct worker *worker);
/* Start the thread of verifier `owner`, as a `sandbox_start`; before that too many wait already. */
int verifier_start(void *owner, struct err *err);
/* Nobody waits any more. NULL is fine. */
void verifier_free(struct verifier *verifier);

/*
 * The exchange waits for the answer, which comes in a later turn unless verifier_forget() comes
 * before. False: too many wait already. Equal questions are asked once.
 */
bool verifier_ask(struct verifier *verifier, struct exchange *exchange,
                  const struct password_question *question);
void verifier_forget(struct exchange *exchange);

/* basic_auth.c: was it right? May end the exchange. */
void basic_auth_verdict(struct exchange *exchange, bool right);

/* Right passwords of the last minutes. */
struct password_cache *verifier_cache(struct verifier *verifier);

#endif
