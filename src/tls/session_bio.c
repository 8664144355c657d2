/*
 * OpenSSL's way to the stream of a session: bytes come from the loop's shared receive buffer and
 * leave through its gather buffer. Never fails to take bytes, so OpenSSL never has to be asked
 * twice.
 */

#include <openssl/bio.h>

#include "tls_private.h"

static int bio_read(BIO *bio, char *into, size_t bytes, size_t *got)
{
    struct tls_session *session = BIO_get_data(bio);
    ssize_t received;

    BIO_clear_retry_flags(bio);
    *got = 0;
    if (session->flooded)
        return 0;
    received = stream_layer_receive(session->layer.stream, into, bytes);
    if (received > 0) {
        session->received += (uint64_t)received;
        *got = (size_t)received;
        return 1;
    }
    if (received == 0)
        BIO_set_retry_read(bio);
    return received == 0 ? -1 : 0;
}

static int bio_write(BIO *bio, const char *bytes, size_t len, size_t *written)
{
    struct tls_session *session = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *written = len;
    if (session->has_client_secret && records_keep_ticket(session->records, bytes, len))
        return 1;
    stream_layer_send(session->layer.stream, bytes, len);
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    struct tls_session *session = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return stream_layer_at_end(session->layer.stream);
    default:
        return 0;
    }
}

BIO_METHOD *session_bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "swarmward");

    if (!method || !BIO_meth_set_read_ex(method, bio_read) ||
        !BIO_meth_set_write_ex(method, bio_write) || !BIO_meth_set_ctrl(method, bio_control))
        abort();
    return method;
}

BIO *session_bio_new(BIO_METHOD *method, struct tls_session *session)
{
    BIO *bio = BIO_new(method);

    if (!bio)
        abort();
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    return bio;
}
