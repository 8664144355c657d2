#ifndef SWARMWARD_TESTS_TLS_PEER_H
#define SWARMWARD_TESTS_TLS_PEER_H

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "tls_world.h"

/*
 * OpenSSL clients that talk to a TLS server through memory: streams are faked here, no socket is
 * opened.
 */

/* The stream of a layer under test: what stream_layer_receive() and stream_layer_send() work on. */
struct stream {
    struct buffer input;  /* for the server */
    struct buffer output; /* from the server */
    size_t sends;
    bool at_end;
    bool held; /* the handshake waits for a signature */
};

struct peer {
    SSL *ssl; /* the client */
    struct stream stream;
    struct stream_layer *layer;
    enum io_status status; /* of the server's handshake */
    struct err err;
    int alert; /* that the client got; -1: none */
    bool connected;
    size_t sends_for_hello; /* until the server had nothing more to say to the ClientHello */
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
