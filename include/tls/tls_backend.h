#ifndef SWARMWARD_TLS_BACKEND_H
#define SWARMWARD_TLS_BACKEND_H

#include <stdbool.h>

#include "base/err.h"
#include "model/keyring.h"
#include "model/snapshot.h"
#include "net/address.h"
#include "net/stream.h"

/*
 * TLS towards backends: 1.2 or 1.3, ECDHE and AEAD only, and verified always: the chain with the
 * CAs of the snapshot, and the name or address unless the snapshot says that the chain is enough.
 */

/* At the start of a process that has no tls_server: what OpenSSL wants to look at while it begins
 * it must see before the sandbox closes. */
void tls_backend_begin(void);

struct signer;

/* A snapshot's settings for it, as OpenSSL wants them. Shared: counted. */
struct tls_backend;

/* Who has the key of the client certificate: `signer` (borrowed, outlives all that is made here),
 * or without one the keyring. Neither: no certificate is shown and none need be asked for, which is
 * for who only looks at a backend. */
struct tls_client_keys {
    struct signer *signer;
    const struct keyring *keyring;
};

/* NULL: `err` says why. */
struct tls_backend *tls_backend_new(const struct snapshot *snapshot,
                                    const struct tls_client_keys *keys, struct err *err);
struct tls_backend *tls_backend_ref(struct tls_backend *backend);
void tls_backend_unref(struct tls_backend *backend); /* NULL is fine */
/* Would tls_backend_new() make the same? */
bool tls_backend_fits(const struct tls_backend *backend, const struct snapshot *snapshot);

/* One endpoint: who it has to prove to be, and the session that its last ticket resumes. */
struct tls_peer;

/* `host` is snapshot_service_host(): counts when the settings name no server. Holds `backend`. */
struct tls_peer *tls_peer_new(struct tls_backend *backend, struct text host,
                              const struct address *address);
/* Its sessions may be on their way out, but nothing is read from them any more. NULL is fine. */
void tls_peer_free(struct tls_peer *peer);

/*
 * The layer of a new connection, which will ask for `protocol` ("http/1.1", "h2") by ALPN; a peer
 * that has no ALPN speaks HTTP/1.1 (RFC 7301), so it fails "h2" and nothing else.
 */
struct stream_layer *tls_peer_session_new(struct tls_peer *peer, const char *protocol);

/*
 * Why the handshake failed, one stable word: "backend_unknown_ca", "backend_expired",
 * "backend_name_mismatch", "backend_bad_certificate", "backend_no_tls", "backend_tls_version",
 * "backend_no_h2", "backend_refused_us" (our certificate, or that there is none),
 * "backend_not_mutual" (it did not ask for our certificate, and had to), "backend_tls_failed"; ""
 * for none, and for what happens behind it. With TLS 1.3 a peer that refuses our certificate says
 * so when we have sent a request already: it did not act on that.
 */
const char *tls_peer_refusal(const struct stream_layer *layer);

/* Does it wait for a signature of our own, so that the peer is not to blame? */
bool tls_peer_waits_for_us(const struct stream_layer *layer);

#endif
