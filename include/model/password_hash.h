#ifndef SWARMWARD_MODEL_PASSWORD_HASH_H
#define SWARMWARD_MODEL_PASSWORD_HASH_H

#include "base/err.h"
#include "base/text.h"

#define PASSWORD_HASH_BYTES 128 /* no accepted one is longer */

/*
 * Is it a hash of a password that crypt(3) can check within about a second: bcrypt ($2a$, $2b$,
 * $2y$) of cost 4 to 14, or SHA-crypt ($5$, $6$) of at most a million rounds? -1: `err` says what
 * it is instead and how to make one. Looks at the form only.
 */
int password_hash_check(struct text hash, struct err *err);

#endif
