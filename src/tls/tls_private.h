#ifndef SWARMWARD_TLS_PRIVATE_H
#define SWARMWARD_TLS_PRIVATE_H

#include <openssl/ssl.h>

#include "client_auth.h"
#include "identity_cache.h"
#include "kdf_provider.h"
#include "records.h"
#include "signer_private.h"
#include "tickets.h"
#include "tls/tls_server.h"

/* What the files of this folder share. */

#define RECORD_BYTES       ((size_t)16 * 1024)
#define STAGING_BYTES      RECORD_SCRATCH_BYTES
#define LATE_MESSAGES_FREE 32

/* Settings as OpenSSL wants them: shared by the server and the sessions that began with it. */
struct tls_setup {
    /* borrowed */
    struct tls_server *server;
    /* owned */
    SSL_CTX *context;
    struct tickets *tickets; /* NULL: off */
    char *groups;            /* as they were asked for */
    int profile;             /* enum tls_profile */
    bool http2;
    int references;
};

/* A snapshot with what is needed to serve it. */
struct tls_generation {
    /* shared; all NULL: none */
    struct tls_setup *setup;
    struct snapshot *snapshot;
    struct keyring *keyring;
    struct client_trust *client_trusts; /* owned; of snapshot->client_cas */
};

struct tls_server {
    /* owned */
    struct tls_generation current;
    struct tls_generation prepared;
    struct identity_cache *identities;
    BIO_METHOD *bio_method;
    char *staging; /* STAGING_BYTES: for one call */
    struct record_suites suites;
    struct kdf_listener listener; /* for secrets of `active` */
    /* borrowed */
    struct signer *signer; /* NULL: keys are in the keyring */
    /* borrowed: whose handshake or read is running, for OpenSSL's callbacks */
    struct tls_session *active;
    struct err *active_err;
    size_t session_count;
};

struct tls_session {
    struct stream_layer layer; /* first */
    /* owned */
    SSL *ssl;                /* NULL when `records` have taken over */
    struct records *records; /* TLS 1.3; NULL until the first secret is known, and in TLS 1.2 */
    char *server_name;       /* lower case, terminated; NULL: none was sent */
    /* shared */
    struct tls_setup *setup;
    /* borrowed */
    struct tls_server *server;
    const char *refusal; /* a stable word; NULL: not refused */
    struct signer_seat seat;
    struct tls_session_facts facts;
    struct client_auth client_auth;
    struct tls_client_certificate *client; /* of `client_arena`; NULL: none was shown */
    struct arena client_arena;
    uint64_t received;      /* bytes, as they came, by OpenSSL */
    uint32_t late_messages; /* handshake messages behind the handshake */
    bool has_server_secret;
    bool has_client_secret;
    bool established;
    bool flooded;
    bool failed; /* OpenSSL must not be asked again, not even for a goodbye */
};

struct tls_setup *tls_setup_new(struct tls_server *server, const struct snapshot *snapshot,
                                const struct keyring *keyring, struct err *err);
struct tls_setup *tls_setup_ref(struct tls_setup *setup);
void tls_setup_unref(struct tls_setup *setup); /* NULL is fine */
/* Would tls_setup_new() make the same? */
bool tls_setup_fits(const struct tls_setup *setup, const struct snapshot *snapshot,
                    const struct keyring *keyring);

/* The callbacks that choose a certificate (certificate_choice.c). */
void certificate_choice_install(SSL_CTX *context, struct tls_server *server);
/* What `name` (lower case; may be empty) is served with: by its domain, else the fallback. */
const uint32_t *certificate_choice_find(const struct snapshot *snapshot, struct text name);

/* A BIO between OpenSSL and the stream of a session (session_bio.c). */
BIO_METHOD *session_bio_method_new(void);
BIO *session_bio_new(BIO_METHOD *method, struct tls_session *session);

/*
 * From OpenSSL to records of our own (takeover.c): secrets are caught while OpenSSL shakes hands;
 * then the SSL goes, if it can (TLS 1.3), and its memory with it.
 */
struct kdf_listener takeover_listener(struct tls_server *server);
void takeover(struct tls_session *session);

/* What the handshake agreed, before the SSL may go (session_facts.c). */
void session_facts_take(struct tls_session *session);

/* The word for OpenSSL's error queue after a failed handshake (refusal.c). */
const char *refusal_word(unsigned long code);
/* "reason", or what there is of it. */
const char *refusal_text(unsigned long code);

#endif
