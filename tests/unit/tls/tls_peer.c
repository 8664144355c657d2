/* A fake stream under a session, and OpenSSL's client at its other end. */

#include "tls_peer.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the fake stream -------------------------------------------------------------------------- */

ssize_t stream_layer_receive(struct stream *stream, void *into, size_t bytes)
{
    size_t there = buffer_len(&stream->input);

    if (!there)
        return stream->at_end ? -1 : 0;
    if (bytes > there)
        bytes = there;
    memcpy(into, stream->input.bytes + stream->input.start, bytes);
    buffer_consume(&stream->input, bytes);
    return (ssize_t)bytes;
}

void stream_layer_send(struct stream *stream, const void *bytes, size_t len)
{
    buffer_append(&stream->output, bytes, len);
    stream->sends++;
}

ssize_t stream_layer_peek(struct stream *stream, size_t least, const unsigned char **bytes_out)
{
    size_t there = buffer_len(&stream->input);

    if (there < least)
        return stream->at_end ? -1 : 0;
    *bytes_out = (const unsigned char *)buffer_text(&stream->input).at;
    return (ssize_t)there;
}

void stream_layer_consume(struct stream *stream, size_t bytes)
{
    buffer_consume(&stream->input, bytes);
}

void *stream_layer_reserve(struct stream *stream, size_t bytes)
{
    return buffer_reserve(&stream->output, bytes);
}

void stream_layer_commit(struct stream *stream, size_t bytes)
{
    buffer_grew(&stream->output, bytes);
    stream->sends++;
}

bool stream_layer_at_end(const struct stream *stream)
{
    return stream->at_end && !buffer_len(&stream->input);
}

void stream_hold_handshake(struct stream *stream)
{
    stream->held = true;
}

void stream_continue_handshake(struct stream *stream)
{
    stream->held = false;
}

/* The loop sends what streams gathered; nothing gathers here. (src/net/stream_private.h) */
void stream_flush_gathered(struct stream *stream);
void stream_flush_gathered(struct stream *stream)
{
    (void)stream;
}

/* --- the client ------------------------------------------------------------------------------- */

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "tls_world: %s failed\n", what);
    abort();
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct peer *peer = SSL_get_app_data(ssl);

    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL)
        peer->alert = value & 0xff;
}

SSL_CTX *peer_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    must(context != NULL, "a client");
    SSL_CTX_set_info_callback(context, on_info);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    return context;
}

bool peer_move(struct peer *peer)
{
    char bytes[20000];
    int len = BIO_read(SSL_get_wbio(peer->ssl), bytes, sizeof(bytes));
    bool moved = len > 0 || buffer_len(&peer->stream.output) > 0;
    struct text out = buffer_text(&peer->stream.output);

    if (len > 0)
        buffer_append(&peer->stream.input, bytes, (size_t)len);
    if (out.len)
        must(BIO_write(SSL_get_rbio(peer->ssl), out.at, (int)out.len) == (int)out.len, "writing");
    buffer_clear(&peer->stream.output);
    return moved;
}

void peer_begin(struct peer *peer, struct world *world, SSL_CTX *context, const char *name,
                SSL_SESSION *session)
{
    *peer = (struct peer){ .alert = -1, .status = IO_AGAIN };
    peer->ssl = SSL_new(context);
    must(peer->ssl != NULL, "SSL_new");
    SSL_set_app_data(peer->ssl, peer);
    SSL_set_bio(peer->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(peer->ssl);
    if (name) {
        char copy[256]; /* OpenSSL is not const-correct */

        snprintf(copy, sizeof(copy), "%s", name);
        SSL_set_tlsext_host_name(peer->ssl, copy);
    }
    if (session)
        SSL_set_session(peer->ssl, session);
    peer->layer = tls_session_new(world->server);
    peer->layer->stream = &peer->stream;
}

void peer_connect(struct peer *peer, struct world *world, SSL_CTX *context, const char *name,
                  SSL_SESSION *session)
{
    peer_begin(peer, world, context, name, session);
    do {
        peer->connected = SSL_do_handshake(peer->ssl) == 1;
        if (peer->status == IO_AGAIN)
            peer->status = peer->layer->kind->handshake(peer->layer, &peer->err);
        if (peer->status == IO_AGAIN)
            peer->sends_for_hello = peer->stream.sends;
    } while (peer_move(peer));
}

SSL_SESSION *peer_session(struct peer *peer)
{
    char byte = 'r';
    struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
    SSL_SESSION *session;

    /* the ticket comes with the first response */
    must(peer->layer->kind->write(peer->layer, &piece, 1, &peer->err) == 0, "a response");
    while (peer_move(peer))
        ;
    must(SSL_read(peer->ssl, &byte, 1) == 1, "reading a response");
    session = SSL_get1_session(peer->ssl);
    if (session && SSL_SESSION_is_resumable(session))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

int peer_key_kind(const struct peer *peer)
{
    X509 *shown = SSL_get0_peer_certificate(peer->ssl);

    return shown ? EVP_PKEY_get_base_id(X509_get0_pubkey(shown)) : 0;
}

void peer_done(struct peer *peer)
{
    SSL_set_shutdown(peer->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(peer->ssl);
    peer->layer->kind->free(peer->layer);
    buffer_done(&peer->stream.input);
    buffer_done(&peer->stream.output);
}
