#ifndef SWARMWARD_BENCH_CLIENT_H
#define SWARMWARD_BENCH_CLIENT_H

#include <openssl/ssl.h>

#include "plan.h"
#include "reply.h"

/* One connection of the load generator: it makes one request at a time and says how that went. */

enum client_state {
    CLIENT_CLOSED,      /* no socket */
    CLIENT_CONNECTING,  /* waiting for the connection */
    CLIENT_HANDSHAKING, /* waiting for TLS */
    CLIENT_SENDING,     /* the request is not sent in full */
    CLIENT_READING,     /* the request is sent, the response is not complete */
    CLIENT_RESTING,     /* connected, between two requests */
};

enum client_result {
    CLIENT_BUSY,      /* call again when the socket has news */
    CLIENT_DONE,      /* a request was answered as expected */
    CLIENT_DROPPED,   /* the server closed between two requests: no failure */
    CLIENT_NO_CONN,   /* failures from here on; the connection is closed */
    CLIENT_NO_TLS,    /* the handshake failed */
    CLIENT_RESET,     /* closed on a new connection, or within a response */
    CLIENT_RACE,      /* closed on a reused connection before the first byte of the response */
    CLIENT_MALFORMED, /* the response is none */
    CLIENT_STATUS,    /* not the status expected */
    CLIENT_LENGTH,    /* not the length expected */
    CLIENT_RESUMED,   /* resumed or not, against the plan */
    CLIENT_RESULTS,
};

struct client {
    /* owned */
    int fd;
    SSL *ssl;
    SSL_SESSION *session; /* the latest ticket, for the next connection */
    /* borrowed */
    const struct plan *plan;
    SSL_CTX *tls;
    enum client_state state;
    int64_t begun_ns;    /* monotonic: when the connect or the request began */
    int64_t due_ns;      /* while resting: when to go on */
    uint64_t sent_bytes; /* of head and body together */
    uint64_t requests;   /* begun on this connection */
    struct reply reply;
};

int64_t now_ns(void); /* monotonic */

/* One context for all clients: TLS 1.3, X25519, AES-128-GCM; keeps tickets when the plan resumes.
 */
SSL_CTX *client_tls_new(const struct plan *plan);

void client_init(struct client *client, const struct plan *plan, SSL_CTX *tls);
void client_close(struct client *client);
void client_done(struct client *client);

/*
 * Begin a request, on a new connection if there is none; that one is added to `epoll_fd`, edge
 * triggered, with `client` as its data.
 */
enum client_result client_begin(struct client *client, int epoll_fd);

/* Go on as far as the socket allows. */
enum client_result client_step(struct client *client);

#endif
