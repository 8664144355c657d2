#ifndef SWARMWARD_TESTS_TLS_WORLD_H
#define SWARMWARD_TESTS_TLS_WORLD_H

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "tls/tls_server.h"

/*
 * A snapshot with certificates made on the spot, a TLS server that serves it, and OpenSSL clients
 * that talk to it through memory: streams are faked here, no socket is opened.
 */

/* The stream of a layer under test: what stream_layer_receive() and stream_layer_send() work on. */
struct stream {
    struct buffer input;  /* for the server */
    struct buffer output; /* from the server */
    size_t sends;
    bool at_end;
};

#define WORLD_MOST ((size_t)64)

struct world {
    struct tls_server *server;
    /* being built */
    struct snapshot *snapshot;
    struct keyring *keyring;
};

/* Two bits: which kinds of certificate a domain gets. */
#define WITH_ECDSA 1U
#define WITH_RSA   2U

void world_begin(struct world *world);
/* A domain ("*.x" is a wildcard) with self-signed certificates of its own. Returns its index. */
uint32_t world_add(struct world *world, const char *name, unsigned kinds);
/* Finish what was built, prepare, commit; the world begins anew. */
void world_commit(struct world *world);
int world_prepare(struct world *world, struct err *err);
/* What is served. */
const struct snapshot *world_current(const struct world *world);
void world_done(struct world *world);

struct peer {
    SSL *ssl; /* the client */
    struct stream stream;
    struct stream_layer *layer;
    enum io_status status; /* of the server's handshake */
    struct err err;
    int alert; /* that the client got; -1: none */
    bool connected;
};

SSL_CTX *peer_context(void);

/* A client that wants `name` (NULL: none) and the server's layer; nothing has moved yet. */
void peer_begin(struct peer *peer, struct world *world, SSL_CTX *context, const char *name,
                SSL_SESSION *session);
/* Sends its hello for `name` (NULL: none) and goes on until both are done or one gave up. */
void peer_connect(struct peer *peer, struct world *world, SSL_CTX *context, const char *name,
                  SSL_SESSION *session);
/* Moves bytes both ways. True: some were. */
bool peer_move(struct peer *peer);
void peer_done(struct peer *peer);

/* The session with its ticket; reads what the server sent. NULL: none that resumes. */
SSL_SESSION *peer_session(struct peer *peer);

/* Which kind of key the client was shown: EVP_PKEY_EC or EVP_PKEY_RSA. */
int peer_key_kind(const struct peer *peer);

#endif
