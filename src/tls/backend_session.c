/*
 * One TLS connection to a backend as a layer of its stream. Unlike those of clients (tls_session.c)
 * OpenSSL does the records, too: connections to backends live long and are few. What a failed
 * verification means is put in words here.
 */

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "backend_private.h"
#include "base/memory.h"
#include "tls_private.h"

static struct backend_session *session_of(struct stream_layer *layer)
{
    return (struct backend_session *)layer;
}

/* --- why it failed -------------------------------------------------------------------------------
 */

static const char *verification_word(long result)
{
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "backend_expired";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "backend_name_mismatch";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return "backend_unknown_ca";
    default:
        return "backend_bad_certificate";
    }
}

/* What the peer has told us (RFC 8446 section 6.2). */
static const char *alert_word(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case TLS13_AD_CERTIFICATE_REQUIRED:
        return "backend_refused_us";
    case SSL_AD_PROTOCOL_VERSION:
        return "backend_tls_version";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return "backend_no_h2";
    default:
        return "backend_tls_failed";
    }
}

static const char *word_of(unsigned long code)
{
    int reason = ERR_GET_REASON(code);

    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return "backend_tls_failed";
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255)
        return alert_word(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
#ifdef SSL_R_RECORD_LAYER_FAILURE /* OpenSSL 3.2 and later */
    case SSL_R_RECORD_LAYER_FAILURE:
#endif
        return "backend_no_tls";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNKNOWN_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "backend_tls_version";
    default:
        return "backend_tls_failed";
    }
}

/* The first error in the queue is the cause, the later ones are its consequences. */
static enum io_status fail(struct backend_session *session, struct err *err)
{
    unsigned long code = ERR_peek_error();
    long verified = SSL_get_verify_result(session->ssl);

    session->failed = true;
    if (verified != X509_V_OK && !session->established) {
        session->refusal = verification_word(verified);
        err_set(err, "TLS to %s: %s", session->peer->name, X509_verify_cert_error_string(verified));
    } else {
        const char *word = word_of(code);

        /* behind the handshake only one thing counts as its failure */
        if (!session->established || strcmp(word, "backend_refused_us") == 0)
            session->refusal = word;
        err_set(err, "TLS to %s: %s", session->peer->name, refusal_text(code));
    }
    ERR_clear_error();
    return IO_FAILED;
}

static enum io_status judge(struct backend_session *session, int result, struct err *err)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_WANT_ASYNC: /* a signature that another process makes */
        return IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return IO_CLOSED;
    default:
        return fail(session, err);
    }
}

/* --- the layer -----------------------------------------------------------------------------------
 */

static enum io_status refuse(struct backend_session *session, const char *word, struct err *err,
                             const char *why)
{
    session->refusal = word;
    session->failed = true;
    err_set(err, "TLS to %s: %s", session->peer->name, why);
    return IO_FAILED;
}

/* The handshake is done, and the peer verified: is it what was asked for? */
static enum io_status check_agreement(struct backend_session *session, struct err *err)
{
    const unsigned char *protocol;
    unsigned len;

    SSL_get0_alpn_selected(session->ssl, &protocol, &len);
    if (session->wants_h2 && !text_equal(text_make((const char *)protocol, len), TEXT("h2")))
        return refuse(session, "backend_no_h2", err, "it does not agree on HTTP/2 (ALPN h2)");
    if (session->backend->is_mutual && !session->was_asked && !SSL_session_reused(session->ssl))
        return refuse(session, "backend_not_mutual", err,
                      "it did not ask for a certificate, which backend_encryption: mtls demands");
    session->established = true;
    return IO_OK;
}

/* Its callbacks may ask for a signature, which then is this session's. */
static int shake_hands(struct backend_session *session)
{
    struct signer *signer = session->backend->signer;
    int result;

    ERR_clear_error();
    if (signer)
        signer_sit(signer, &session->seat);
    result = SSL_do_handshake(session->ssl);
    if (signer)
        signer_sit(signer, NULL);
    return result;
}

static void on_signed(void *owner)
{
    struct backend_session *session = owner;

    stream_continue_handshake(session->layer.stream);
}

static enum io_status session_handshake(struct stream_layer *layer, struct err *err)
{
    struct backend_session *session = session_of(layer);
    enum io_status status;
    int result;

    if (signer_waits(&session->seat))
        return IO_AGAIN;
    result = shake_hands(session);
    status = result == 1 ? check_agreement(session, err) : judge(session, result, err);
    if (signer_waits(&session->seat))
        stream_hold_handshake(layer->stream);
    else if (session->established)
        SSL_clear_mode(session->ssl, SSL_MODE_ASYNC); /* nothing is signed any more */
    if (status == IO_CLOSED && !session->refusal)
        session->refusal = "backend_tls_failed";
    if (status == IO_FAILED) { /* what its ticket began may be just what failed */
        SSL_SESSION_free(session->peer->session);
        session->peer->session = NULL;
    }
    return status;
}

static enum io_status session_read(struct stream_layer *layer, char *into, size_t bytes,
                                   size_t *got, struct err *err)
{
    struct backend_session *session = session_of(layer);
    enum io_status status = IO_OK;
    size_t total = 0;

    if (session->failed)
        return IO_FAILED;
    ERR_clear_error();
    while (total < bytes && status == IO_OK) {
        size_t more = 0;
        int result = SSL_read_ex(session->ssl, into + total, bytes - total, &more);

        if (result != 1)
            status = judge(session, result, err);
        total += more;
    }
    if (!total)
        return status;
    *got = total; /* an end or an error comes again with the next call */
    return IO_OK;
}

static int put(struct backend_session *session, const void *bytes, size_t len, struct err *err)
{
    size_t written;

    ERR_clear_error();
    if (len == 0 || SSL_write_ex(session->ssl, bytes, len, &written) == 1)
        return 0;
    fail(session, err);
    return -1;
}

/* Small pieces become one record. */
static int put_together(struct backend_session *session, const struct iovec *pieces, int count,
                        struct err *err)
{
    char *staging = session->backend->staging;
    size_t staged = 0;

    for (int i = 0; i < count; i++) {
        memcpy(staging + staged, pieces[i].iov_base, pieces[i].iov_len);
        staged += pieces[i].iov_len;
    }
    return put(session, staging, staged, err);
}

static int session_write(struct stream_layer *layer, const struct iovec *pieces, int count,
                         struct err *err)
{
    struct backend_session *session = session_of(layer);
    size_t total = 0;

    if (session->failed || !session->established)
        return err_set(err, "TLS: written to a connection that is not open");
    for (int i = 0; i < count; i++)
        total += pieces[i].iov_len;
    if (count > 1 && total <= BACKEND_RECORD_BYTES)
        return put_together(session, pieces, count, err);
    for (int i = 0; i < count; i++)
        if (put(session, pieces[i].iov_base, pieces[i].iov_len, err) < 0)
            return -1;
    return 0;
}

static bool session_has_buffered(const struct stream_layer *layer)
{
    const struct backend_session *session = (const struct backend_session *)layer;

    return !session->failed && SSL_pending(session->ssl) > 0;
}

static void session_shutdown(struct stream_layer *layer)
{
    struct backend_session *session = session_of(layer);

    if (session->failed || !session->established)
        return;
    SSL_shutdown(session->ssl);
    ERR_clear_error();
}

/* OpenSSL forgets a job that is paused, with all that it holds, so it must run to its end. */
static void unwind(struct backend_session *session)
{
    signer_give_up(&session->seat);
    session->failed = true;
    shake_hands(session);
    ERR_clear_error();
}

static void session_free(struct stream_layer *layer)
{
    struct backend_session *session = session_of(layer);

    if (session->seat.signing)
        unwind(session);
    /* OpenSSL takes the ticket back from a connection that ends without a goodbye */
    if (session->established)
        SSL_set_shutdown(session->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(session->ssl);
    tls_backend_unref(session->backend);
    free(session);
}

static const struct stream_layer_kind kind = {
    .handshake = session_handshake,
    .read = session_read,
    .write = session_write,
    .has_buffered = session_has_buffered,
    .shutdown = session_shutdown,
    .free = session_free,
};

/* --- OpenSSL's way to the stream -----------------------------------------------------------------
 */

static int bio_read(BIO *bio, char *into, size_t bytes, size_t *got)
{
    struct stream_layer *layer = BIO_get_data(bio);
    ssize_t received = stream_layer_receive(layer->stream, into, bytes);

    BIO_clear_retry_flags(bio);
    *got = received > 0 ? (size_t)received : 0;
    if (received == 0)
        BIO_set_retry_read(bio);
    return received > 0;
}

static int bio_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
    struct stream_layer *layer = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *written = len;
    stream_layer_send(layer->stream, bytes, len);
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    struct stream_layer *layer = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return stream_layer_at_end(layer->stream);
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *backend_bio_method_new(void)
{
    /* no number of its own: there are 127 in all, and each change of the settings makes one */
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "to backends");

    if (!method || !BIO_meth_set_read_ex(method, bio_read) ||
        !BIO_meth_set_write_ex(method, bio_write) || !BIO_meth_set_ctrl(method, bio_control))
        abort();
    return method;
}

static BIO *bio_new(BIO_METHOD *method, struct stream_layer *layer)
{
    BIO *bio = BIO_new(method);

    if (!bio)
        abort();
    BIO_set_data(bio, layer);
    BIO_set_init(bio, 1);
    return bio;
}

/* --- a new one -----------------------------------------------------------------------------------
 */

/* Whom it has to be, and what is said of that in the clear. */
static bool expect(SSL *ssl, const struct tls_peer *peer)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (!peer->is_address && SSL_set_tlsext_host_name(ssl, peer->name) != 1)
        return false;
    if (!peer->backend->checks_name)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return peer->is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, peer->name) == 1
                            : X509_VERIFY_PARAM_set1_host(param, peer->name, 0) == 1;
}

static bool ask_for(SSL *ssl, const char *protocol)
{
    unsigned char list[16];
    size_t len = strlen(protocol);

    list[0] = (unsigned char)len;
    memcpy(list + 1, protocol, len);
    return SSL_set_alpn_protos(ssl, list, (unsigned)len + 1) == 0; /* this one says 0 for success */
}

struct stream_layer *tls_peer_session_new(struct tls_peer *peer, const char *protocol)
{
    struct backend_session *session = memory_new(sizeof(*session));
    BIO *bio = bio_new(peer->backend->bio_method, &session->layer);

    session->layer.kind = &kind;
    session->backend = tls_backend_ref(peer->backend);
    session->peer = peer;
    session->wants_h2 = strcmp(protocol, "h2") == 0;
    session->ssl = SSL_new(peer->backend->context);
    if (!session->ssl || !expect(session->ssl, peer) || !ask_for(session->ssl, protocol))
        abort(); /* out of memory */
    SSL_set_app_data(session->ssl, session);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_connect_state(session->ssl);
    session->seat = (struct signer_seat){ .on_signed = on_signed, .owner = session };
    if (peer->backend->signer)
        SSL_set_mode(session->ssl, SSL_MODE_ASYNC);
    if (peer->session && SSL_SESSION_is_resumable(peer->session))
        SSL_set_session(session->ssl, peer->session);
    return &session->layer;
}

bool tls_peer_waits_for_us(const struct stream_layer *layer)
{
    return signer_waits(&((const struct backend_session *)layer)->seat);
}

const char *tls_peer_refusal(const struct stream_layer *layer)
{
    const struct backend_session *session = (const struct backend_session *)layer;

    return session->refusal ? session->refusal : "";
}
