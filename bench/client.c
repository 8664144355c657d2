/*
 * One connection of the load generator: connect, handshake, request, response. load.c owns the
 * loop and counts the results; nothing here waits.
 */
#include "client.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>

#define SOURCE_ADDRESSES 200 /* 127.0.0.2 and up, so that no address runs out of ports */
#define BODY_PIECE_BYTES 65536
#define READ_BYTES       ((size_t)256 * 1024)

enum io_result {
    IO_OK,
    IO_AGAIN,
    IO_CLOSED,
};

static char body_piece[BODY_PIECE_BYTES];
static char read_buffer[READ_BYTES];

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
    struct client *client = SSL_get_app_data(ssl);

    SSL_SESSION_free(client->session);
    client->session = session;
    return 1; /* the reference is ours now */
}

/* The certificate is not what is measured: it is taken as it comes, and bench/run has looked at it.
 */
static int on_certificate(X509_STORE_CTX *store, void *unused)
{
    (void)store;
    (void)unused;
    return 1;
}

SSL_CTX *client_tls_new(const struct plan *plan)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    static char groups[] = "X25519"; /* the macros of OpenSSL take no const */
    static const unsigned char alpn[] = "\x08http/1.1";

    if (tls == NULL || SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(tls, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_set1_groups_list(tls, groups) != 1 ||
        SSL_CTX_set_alpn_protos(tls, alpn, sizeof(alpn) - 1) != 0) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    SSL_CTX_set_cert_verify_callback(tls, on_certificate, NULL);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (plan->mode == LOAD_IDLE) {
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    } else if (!plan->reconnects) {
        /* fewer reads a megabyte: the generator must not be what the proxies wait for */
        SSL_CTX_set_read_ahead(tls, 1);
        SSL_CTX_set_default_read_buffer_len(tls, READ_BYTES / 2);
    }
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (plan->mode == LOAD_RESUME) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(tls, on_ticket);
    }
    return tls;
}

void client_init(struct client *client, const struct plan *plan, SSL_CTX *tls)
{
    memset(client, 0, sizeof(*client));
    client->fd = -1;
    client->plan = plan;
    client->tls = tls;
}

void client_close(struct client *client)
{
    if (client->ssl != NULL) {
        SSL_shutdown(client->ssl); /* our close_notify; nobody waits for the other one */
        SSL_free(client->ssl);
        client->ssl = NULL;
    }
    ERR_clear_error();
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->state = CLIENT_CLOSED;
}

void client_done(struct client *client)
{
    client_close(client);
    SSL_SESSION_free(client->session);
    client->session = NULL;
}

static enum client_result fail(struct client *client, enum client_result reason)
{
    client_close(client);
    return reason;
}

static enum io_result tls_result(struct client *client, int status)
{
    int reason = SSL_get_error(client->ssl, status);

    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return IO_AGAIN;
    ERR_clear_error();
    /* a broken connection gets no close_notify */
    SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    return IO_CLOSED;
}

static enum io_result send_bytes(struct client *client, const char *bytes, size_t count)
{
    ssize_t sent;

    if (client->ssl != NULL) {
        sent = SSL_write(client->ssl, bytes, (int)count);
        if (sent <= 0)
            return tls_result(client, (int)sent);
    } else {
        sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN ? IO_AGAIN : IO_CLOSED;
    }
    client->sent_bytes += (uint64_t)sent;
    return IO_OK;
}

static enum io_result receive_bytes(struct client *client, size_t *count_out)
{
    ssize_t got;

    if (client->ssl != NULL) {
        got = SSL_read(client->ssl, read_buffer, (int)READ_BYTES);
        if (got <= 0)
            return tls_result(client, (int)got);
    } else {
        got = recv(client->fd, read_buffer, READ_BYTES, 0);
        if (got < 0 && errno == EAGAIN)
            return IO_AGAIN;
        if (got <= 0)
            return IO_CLOSED;
    }
    *count_out = (size_t)got;
    return IO_OK;
}

static enum client_result open_connection(struct client *client, int epoll_fd)
{
    static uint32_t turn;
    struct sockaddr_in source = { .sin_family = AF_INET };
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client };
    const struct sockaddr *address = (const struct sockaddr *)&client->plan->address;
    int on = 1;

    client->requests = 0;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return fail(client, CLIENT_NO_CONN);
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + turn++ % SOURCE_ADDRESSES);
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (bind(client->fd, (const struct sockaddr *)&source, sizeof(source)) < 0)
        return fail(client, CLIENT_NO_CONN);
    if (connect(client->fd, address, sizeof(client->plan->address)) < 0 && errno != EINPROGRESS)
        return fail(client, CLIENT_NO_CONN);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0)
        return fail(client, CLIENT_NO_CONN);
    client->state = CLIENT_CONNECTING;
    return CLIENT_BUSY;
}

static void start_request(struct client *client)
{
    reply_reset(&client->reply);
    client->sent_bytes = 0;
    client->requests++;
    client->state = CLIENT_SENDING;
}

enum client_result client_begin(struct client *client, int epoll_fd)
{
    enum client_result result;

    client->begun_ns = now_ns();
    if (client->state == CLIENT_CLOSED) {
        result = open_connection(client, epoll_fd);
        if (result != CLIENT_BUSY)
            return result;
    } else {
        start_request(client);
    }
    return client_step(client);
}

/* A copy: OpenSSL spends a session with its first use, and not every server sends another ticket.
 */
static void offer_session(struct client *client)
{
    SSL_SESSION *copy = SSL_SESSION_dup(client->session);

    SSL_set_session(client->ssl, copy);
    SSL_SESSION_free(copy);
}

static enum client_result step_connecting(struct client *client)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);
    int error = 0;
    socklen_t error_length = sizeof(error);

    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &error_length);
    if (error != 0)
        return fail(client, CLIENT_NO_CONN);
    if (getpeername(client->fd, (struct sockaddr *)&peer, &length) < 0)
        return CLIENT_BUSY;
    if (!client->plan->tls) {
        start_request(client);
        return CLIENT_DONE;
    }
    client->ssl = SSL_new(client->tls);
    if (client->ssl == NULL || SSL_set_fd(client->ssl, client->fd) != 1)
        return fail(client, CLIENT_NO_TLS);
    SSL_set_app_data(client->ssl, client);
    SSL_set_tlsext_host_name(client->ssl, client->plan->name);
    if (client->session != NULL)
        offer_session(client);
    client->state = CLIENT_HANDSHAKING;
    return CLIENT_DONE;
}

static enum client_result step_handshaking(struct client *client)
{
    int status = SSL_connect(client->ssl);

    if (status != 1) {
        if (tls_result(client, status) == IO_AGAIN)
            return CLIENT_BUSY;
        return fail(client, CLIENT_NO_TLS);
    }
    if ((SSL_session_reused(client->ssl) != 0) != (client->session != NULL)) {
        SSL_SESSION_free(client->session);
        client->session = NULL;
        return fail(client, CLIENT_RESUMED);
    }
    start_request(client);
    return CLIENT_DONE;
}

static enum client_result closed(struct client *client)
{
    bool race = client->requests > 1 && client->reply.head_bytes == 0;

    return fail(client, race ? CLIENT_RACE : CLIENT_RESET);
}

/* CLIENT_DONE: the request left in full. */
static enum client_result step_sending(struct client *client)
{
    const struct plan *plan = client->plan;
    uint64_t total = plan->head_bytes + (plan->mode == LOAD_UPLOAD ? plan->upload_bytes : 0);

    while (client->sent_bytes < total) {
        const char *from = plan->head + client->sent_bytes;
        uint64_t count = plan->head_bytes - client->sent_bytes;
        enum io_result result;

        if (client->sent_bytes >= plan->head_bytes) {
            from = body_piece;
            count = total - client->sent_bytes;
        }
        if (count > BODY_PIECE_BYTES)
            count = BODY_PIECE_BYTES;
        result = send_bytes(client, from, (size_t)count);
        if (result == IO_AGAIN)
            return CLIENT_BUSY;
        if (result == IO_CLOSED)
            return closed(client);
    }
    client->state = CLIENT_READING;
    return CLIENT_DONE;
}

static enum client_result finish(struct client *client)
{
    const struct plan *plan = client->plan;

    if (client->reply.status != plan->expected_status)
        return fail(client, CLIENT_STATUS);
    if (plan->expected_bytes >= 0 && client->reply.body_bytes != (uint64_t)plan->expected_bytes)
        return fail(client, CLIENT_LENGTH);
    if (plan->reconnects || client->reply.closes)
        client_close(client);
    else
        client->state = CLIENT_RESTING;
    return CLIENT_DONE;
}

static enum client_result step_reading(struct client *client)
{
    for (;;) {
        size_t count;
        enum io_result io = receive_bytes(client, &count);
        enum reply_result result;

        if (io == IO_AGAIN)
            return CLIENT_BUSY;
        if (io == IO_CLOSED)
            return closed(client);
        result = reply_feed(&client->reply, read_buffer, count);
        if (result == REPLY_BAD)
            return fail(client, CLIENT_MALFORMED);
        if (result == REPLY_DONE)
            return finish(client);
    }
}

/* News between two requests: a ticket, or the end of the connection. */
static enum client_result step_resting(struct client *client)
{
    size_t count;

    switch (receive_bytes(client, &count)) {
    case IO_AGAIN:
        return CLIENT_BUSY;
    case IO_CLOSED:
        return fail(client, CLIENT_DROPPED);
    case IO_OK:
        return fail(client, CLIENT_MALFORMED);
    }
    return CLIENT_BUSY;
}

enum client_result client_step(struct client *client)
{
    for (;;) {
        enum client_result result = CLIENT_BUSY;

        switch (client->state) {
        case CLIENT_CLOSED:
            return CLIENT_BUSY;
        case CLIENT_CONNECTING:
            result = step_connecting(client);
            break;
        case CLIENT_HANDSHAKING:
            result = step_handshaking(client);
            break;
        case CLIENT_SENDING:
            result = step_sending(client);
            break;
        case CLIENT_READING:
            return step_reading(client);
        case CLIENT_RESTING:
            return step_resting(client);
        }
        if (result != CLIENT_DONE)
            return result;
    }
}
