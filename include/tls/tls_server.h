#ifndef SWARMWARD_TLS_SERVER_H
#define SWARMWARD_TLS_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/keyring.h"
#include "model/snapshot.h"
#include "net/stream.h"

/*
 * The TLS side of a worker: one SSL_CTX a profile, the certificate chosen by SNI in the certificate
 * callback, parsed when it is first wanted and kept by content hash in a bounded LRU.
 */

struct signer;
struct tls_server;

/* `signer`: who has the keys; borrowed. NULL: they are in the keyring. */
struct tls_server *tls_server_new(struct signer *signer);
void tls_server_free(struct tls_server *server);

/*
 * Two phases: prepare checks that the settings can be had from the linked OpenSSL and that every
 * certificate has its key, and builds; commit swaps; cancel forgets. Sessions that run keep what
 * they have. Nothing of a certificate is parsed here.
 */
int tls_server_prepare(struct tls_server *server, struct snapshot *snapshot,
                       struct keyring *keyring, struct err *err);
void tls_server_commit(struct tls_server *server);
void tls_server_cancel(struct tls_server *server);

/* A layer for one accepted connection, after the first commit. All of them go before the server. */
struct stream_layer *tls_session_new(struct tls_server *server);

/* What an established session turned out to be. Texts live as long as the session. */
struct tls_session_facts {
    const char *version; /* "TLSv1.3" */
    const char *cipher;  /* "TLS_AES_128_GCM_SHA256" */
    const char *group;   /* "X25519" */
    bool resumed;
    struct text server_name; /* lower case; empty: none was sent */
    struct text alpn;
};

void tls_session_facts(const struct stream_layer *layer, struct tls_session_facts *facts_out);

/*
 * Why a handshake failed or a session broke, one stable word for log and metric:
 * "unrecognized_name", "no_shared_cipher", "no_shared_signature", "no_shared_group",
 * "protocol_version", "no_application_protocol", "plain_http", "certificate" (it could not be
 * used), "client_certificate_missing", "client_certificate_expired",
 * "client_certificate_untrusted", "client_certificate_invalid", "peer_alert", "closed",
 * "bad_record", "flood" (of records without data), "other"; "" for none.
 */
const char *tls_session_refusal(const struct stream_layer *layer);

/*
 * May this session, made for its server name, carry requests for `host` under `snapshot`? Only when
 * both lead to the same certificates (RFC 9110 section 7.4: otherwise 421).
 */
bool tls_session_serves(const struct stream_layer *layer, const struct snapshot *snapshot,
                        struct text host);

#endif
