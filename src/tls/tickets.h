#ifndef SWARMWARD_TLS_TICKETS_H
#define SWARMWARD_TLS_TICKETS_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "tls/ticket_keys.h"

/* The ticket keys of the epochs that count now, and OpenSSL's callback that uses them. */
struct tickets;

/* NULL: `err` says why. */
struct tickets *tickets_new(const uint8_t secret[KEYRING_TICKET_SECRET_BYTES], struct text policy,
                            int64_t rotation_ms, struct err *err);
void tickets_free(struct tickets *tickets); /* NULL is fine */

/* The same keys, now and later? */
bool tickets_are(const struct tickets *tickets, const uint8_t secret[KEYRING_TICKET_SECRET_BYTES],
                 struct text policy, int64_t rotation_ms);

/* Let `context` make and take tickets with these keys; they must outlive it. */
void tickets_install(struct tickets *tickets, SSL_CTX *context);

/* For tests: the wall clock that is believed; 0 = the real one. */
void tickets_set_clock(struct tickets *tickets, int64_t wall_s);

#endif
