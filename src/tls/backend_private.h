#ifndef SWARMWARD_TLS_BACKEND_PRIVATE_H
#define SWARMWARD_TLS_BACKEND_PRIVATE_H

#include <openssl/ssl.h>

#include "signer_private.h"
#include "tls/tls_backend.h"

/* What tls_backend.c (settings, peers) and backend_session.c (connections) share. */

#define BACKEND_RECORD_BYTES ((size_t)16 * 1024)

struct tls_backend {
    /* owned */
    SSL_CTX *context;
    BIO_METHOD *bio_method;
    char *staging;     /* BACKEND_RECORD_BYTES: for one call */
    char *server_name; /* of all peers; "" = each has its own */
    struct text ca;    /* of the snapshot that it was made of, on the heap */
    uint8_t client_id[SNAPSHOT_ID_BYTES];
    struct signer *signer; /* borrowed: asked for the client's signatures; NULL: nobody is */
    bool has_client;
    bool checks_name;
    bool is_mutual;
    int references;
};

struct tls_peer {
    /* owned */
    char *name;           /* terminated */
    SSL_SESSION *session; /* NULL: none to resume */
    /* shared */
    struct tls_backend *backend;
    bool is_address; /* `name` is an IP address: not for SNI */
};

struct backend_session {
    struct stream_layer layer; /* first */
    /* owned */
    SSL *ssl;
    /* shared */
    struct tls_backend *backend;
    /* borrowed: may be gone when the session is freed */
    struct tls_peer *peer;
    struct signer_seat seat; /* where it waits for a signature */
    const char *refusal;     /* a stable word; NULL: none */
    bool wants_h2;
    bool was_asked; /* for our certificate */
    bool established;
    bool failed; /* OpenSSL must not be asked again */
};

/* A BIO between OpenSSL and the stream of a session (backend_session.c). */
BIO_METHOD *backend_bio_method_new(void);

#endif
