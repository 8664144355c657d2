/*
 * One TLS connection as a layer of its stream: handshake, read and write as the stream wants them.
 * OpenSSL never sees the socket. A session keeps its settings for life and takes the snapshot that
 * counts when it shakes hands; it holds no snapshot.
 */

#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "base/memory.h"
#include "tls_private.h"

static struct tls_session *session_of(struct stream_layer *layer)
{
    return (struct tls_session *)layer;
}

static const struct tls_session *session_of_const(const struct stream_layer *layer)
{
    return (const struct tls_session *)layer;
}

/* Around each call of OpenSSL: its callbacks find the session, its error queue begins empty. */
static void enter(struct tls_session *session, struct err *err)
{
    ERR_clear_error();
    session->server->active = session;
    kdf_provider_listen(&session->server->listener);
    session->server->active_err = err;
    if (session->server->signer)
        signer_sit(session->server->signer, &session->seat);
}

static void leave(struct tls_session *session)
{
    kdf_provider_listen(NULL);
    if (session->server->signer)
        signer_sit(session->server->signer, NULL);
    session->server->active = NULL;
    session->server->active_err = NULL;
}

static enum io_status fail(struct tls_session *session, struct err *err)
{
    unsigned long code = ERR_peek_last_error();
    const char *word = session->flooded ? "flood" : refusal_word(code);

    if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && session->ssl)
        word = client_auth_refusal(SSL_get_verify_result(session->ssl));
    if (!session->refusal)
        session->refusal = word;
    if (session->flooded)
        err_set(err, "TLS: too many handshake messages behind the handshake");
    else if (!err->text[0])
        err_set(err, "TLS: %s", refusal_text(code));
    session->failed = true;
    ERR_clear_error();
    return IO_FAILED;
}

/* What an unsuccessful call of OpenSSL means. */
static enum io_status judge(struct tls_session *session, int result, struct err *err)
{
    switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_WANT_ASYNC: /* a signature that another process makes */
    case SSL_ERROR_WANT_X509_LOOKUP:
        return session->flooded ? fail(session, err) : IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return IO_CLOSED;
    case SSL_ERROR_SYSCALL: /* the end of the bytes, without a word */
        session->failed = true;
        return session->flooded ? fail(session, err) : IO_CLOSED;
    default:
        return fail(session, err);
    }
}

static enum io_status session_handshake(struct stream_layer *layer, struct err *err)
{
    struct tls_session *session = session_of(layer);
    enum io_status status = IO_OK;
    int result;

    if (signer_waits(&session->seat))
        return IO_AGAIN;
    enter(session, err);
    result = SSL_do_handshake(session->ssl);
    if (result == 1)
        session->established = true;
    else
        status = judge(session, result, err);
    leave(session);
    if (signer_waits(&session->seat))
        stream_hold_handshake(layer->stream);
    else if (session->has_server_secret || session->established)
        SSL_clear_mode(session->ssl, SSL_MODE_ASYNC); /* nothing is signed any more */
    if (status == IO_FAILED && session->records)
        records_send_ticket(session->records, layer->stream); /* an alert, at that point */
    if (session->established) {
        session_facts_take(session);
        takeover(session);
    }
    if (status == IO_CLOSED) {
        session->failed = true;
        if (!session->refusal)
            session->refusal = "closed";
    }
    return status;
}

/* Fills `into` from as many records as there are: one call for what one receive brought. */
static enum io_status session_read(struct stream_layer *layer, char *into, size_t bytes,
                                   size_t *got, struct err *err)
{
    struct tls_session *session = session_of(layer);
    enum io_status status = IO_OK;
    size_t total = 0;

    if (!session->ssl)
        return records_read(session->records, into, bytes, got, err);
    if (session->failed)
        return IO_CLOSED;
    enter(session, err);
    while (total < bytes) {
        size_t more = 0;
        int result = SSL_read_ex(session->ssl, into + total, bytes - total, &more);

        if (result != 1) {
            status = judge(session, result, err);
            break;
        }
        total += more;
    }
    leave(session);
    if (!total)
        return status;
    *got = total; /* an end or an error comes again with the next call */
    return status == IO_FAILED ? IO_FAILED : IO_OK;
}

static int put(struct tls_session *session, const void *bytes, size_t len)
{
    size_t written;

    return len == 0 || SSL_write_ex(session->ssl, bytes, len, &written) == 1 ? 0 : -1;
}

/* Copies up to a full record, which then leaves. What was taken, or -1. */
static ssize_t stage(struct tls_session *session, size_t *staged, const char *at, size_t len)
{
    char *staging = session->server->staging;
    size_t room = RECORD_BYTES - *staged;

    if (len > room)
        len = room;
    if (len)
        memcpy(staging + *staged, at, len);
    *staged += len;
    if (*staged < RECORD_BYTES)
        return (ssize_t)len;
    *staged = 0;
    return put(session, staging, RECORD_BYTES) < 0 ? -1 : (ssize_t)len;
}

/* Fills the record that was begun, encrypts whole ones from their place, begins one with the rest.
 */
static int put_piece(struct tls_session *session, size_t *staged, struct text piece, bool is_last)
{
    size_t direct;

    if (*staged) {
        ssize_t taken = stage(session, staged, piece.at, piece.len);

        if (taken < 0)
            return -1;
        piece = text_from(piece, (size_t)taken);
    }
    if (!piece.len)
        return 0;
    direct = is_last ? piece.len : piece.len - piece.len % RECORD_BYTES;
    if (put(session, piece.at, direct) < 0)
        return -1;
    piece = text_from(piece, direct);
    return stage(session, staged, piece.at, piece.len) < 0 ? -1 : 0;
}

/* Small pieces become one record. */
static int put_all(struct tls_session *session, const struct iovec *pieces, int count)
{
    size_t staged = 0;

    for (int i = 0; i < count; i++) {
        struct text piece = text_make(pieces[i].iov_base, pieces[i].iov_len);

        if (put_piece(session, &staged, piece, i == count - 1) < 0)
            return -1;
    }
    return put(session, session->server->staging, staged);
}

static int session_write(struct stream_layer *layer, const struct iovec *pieces, int count,
                         struct err *err)
{
    struct tls_session *session = session_of(layer);
    int status;

    if (!session->ssl)
        return records_write(session->records, pieces, count, err);
    if (session->failed || !session->established)
        return err_set(err, "TLS: written to a connection that is not open");
    enter(session, err);
    status = put_all(session, pieces, count);
    if (status < 0) {
        err->text[0] = '\0';
        fail(session, err);
    }
    leave(session);
    return status;
}

static bool session_has_buffered(const struct stream_layer *layer)
{
    const struct tls_session *session = session_of_const(layer);

    return session->ssl ? SSL_pending(session->ssl) > 0 : records_have_buffered(session->records);
}

static void session_shutdown(struct stream_layer *layer)
{
    struct tls_session *session = session_of(layer);

    if (!session->ssl) {
        records_shutdown(session->records);
        return;
    }
    if (session->failed || !session->established)
        return;
    enter(session, NULL);
    SSL_shutdown(session->ssl);
    leave(session);
    ERR_clear_error();
}

/* OpenSSL forgets a job that is paused, with all that it holds, so it must run to its end. */
static void unwind(struct tls_session *session)
{
    signer_give_up(&session->seat);
    session->failed = true;
    enter(session, NULL);
    SSL_do_handshake(session->ssl);
    leave(session);
    ERR_clear_error();
}

static void on_signed(void *owner)
{
    struct tls_session *session = owner;

    stream_continue_handshake(session->layer.stream);
}

static void session_free(struct stream_layer *layer)
{
    struct tls_session *session = session_of(layer);

    if (session->seat.signing)
        unwind(session);
    SSL_free(session->ssl);
    records_free(session->records);
    tls_setup_unref(session->setup);
    session->server->session_count--;
    free(session->server_name);
    arena_done(&session->client_arena);
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

struct stream_layer *tls_session_new(struct tls_server *server)
{
    struct tls_session *session = memory_new(sizeof(*session));
    BIO *bio = session_bio_new(server->bio_method, session);

    assert(server->current.setup);
    session->layer.kind = &kind;
    session->facts = (struct tls_session_facts){ .version = "", .cipher = "", .group = "" };
    session->server = server;
    session->setup = tls_setup_ref(server->current.setup);
    session->ssl = SSL_new(session->setup->context);
    if (!session->ssl)
        abort(); /* out of memory */
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_accept_state(session->ssl);
    session->seat = (struct signer_seat){ .on_signed = on_signed, .owner = session };
    if (server->signer)
        SSL_set_mode(session->ssl, SSL_MODE_ASYNC);
    server->session_count++;
    return &session->layer;
}

void tls_session_facts(const struct stream_layer *layer, struct tls_session_facts *facts_out)
{
    *facts_out = session_of_const(layer)->facts;
}

const char *tls_session_refusal(const struct stream_layer *layer)
{
    const struct tls_session *session = session_of_const(layer);

    if (session->records && session->records->refusal)
        return session->records->refusal;
    return session->refusal ? session->refusal : "";
}

bool tls_session_serves(const struct stream_layer *layer, const struct snapshot *snapshot,
                        struct text host)
{
    const struct tls_session *session = session_of_const(layer);
    struct text name = session->facts.server_name;
    const uint32_t *ours;
    const uint32_t *wanted;

    if (text_equal(name, host))
        return true;
    ours = certificate_choice_find(snapshot, name);
    wanted = certificate_choice_find(snapshot, host);
    return memcmp(ours, wanted, KEY_KIND_COUNT * sizeof(*ours)) == 0;
}
