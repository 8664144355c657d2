#ifndef SWARMWARD_TLS_CLIENT_AUTH_H
#define SWARMWARD_TLS_CLIENT_AUTH_H

#include <openssl/ssl.h>

#include "base/arena.h"
#include "model/snapshot.h"
#include "tls/client_certificate.h"

/* Who is asked for a certificate, by the domain of the ClientHello, and what is kept of it. */

struct tls_session;
struct tls_server;

#define CLIENT_AUTH_MARK_BYTES 32

/* The authorities of a snapshot as OpenSSL wants them, by their index. */
struct client_trust {
    X509_STORE *store;
    STACK_OF(X509_NAME) * names;
};

/* What a session's client was asked, and under whom. */
struct client_auth {
    enum client_auth_mode mode;
    uint8_t ca_id[SNAPSHOT_ID_BYTES];
};

/* NULL: `err` says why. Freed with client_trusts_free(), with the same count. */
struct client_trust *client_trusts_new(const struct snapshot *snapshot, struct err *err);
void client_trusts_free(struct client_trust *trusts, uint32_t count); /* NULL is fine */

/* For each ClientHello; `domain` may be NULL. False: out of memory. */
bool client_auth_ask(SSL *ssl, struct tls_session *session, const struct snapshot_domain *domain);

/* What a ticket of such a domain is bound to: its name, and how its clients are judged. */
void client_auth_mark(const struct snapshot *snapshot, const struct snapshot_domain *domain,
                      uint8_t mark_out[CLIENT_AUTH_MARK_BYTES]);

/* Tickets carry the chain, and one whose certificate has expired resumes nothing. */
void client_auth_install(SSL_CTX *context, struct tls_server *server);

/* What is known of the client of an established session; in `arena`. NULL: it has shown none. */
struct tls_client_certificate *client_certificate_take(SSL *ssl, struct arena *arena);
/* The same of a certificate and the DER certificates of its issuers. */
struct tls_client_certificate *client_certificate_describe(X509 *certificate, struct text chain,
                                                           struct arena *arena);
/* DER certificates, one behind the other: the verified chain between leaf and root. Empty when it
 * is longer than a ticket should be. */
void client_chain_collect(SSL *ssl, struct buffer *out);

/* The word for a certificate that was refused, by X509_V_ERR_*. */
const char *client_auth_refusal(long verify_result);

#endif
