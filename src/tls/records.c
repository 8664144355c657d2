/*
 * Life of a connection's records, and what is sent. records_read.c has what comes in. An idle
 * connection costs 3 KiB here where an SSL of OpenSSL 3.0 costs 14, and bytes are en- and decrypted
 * between their places without a copy (docs/decisions has the figures).
 */

#include "records.h"

#include <stdlib.h>

#include <openssl/ssl.h>

#include "base/memory.h"
#include "records_private.h"

#define TICKET_BYTES_MOST ((size_t)4096)

/* RFC 8446 section 5.5: AES-GCM keys are good for 2^24.5 full records. */
#define RECORDS_PER_KEY ((uint64_t)1 << 24)

/* The next byte of several pieces. */
struct cursor {
    const struct iovec *piece;
    size_t at; /* in the piece */
};

bool records_begin(struct records *records, const struct record_suite *suite, struct stream *stream,
                   uint8_t *scratch)
{
    records->scratch = scratch;
    records->suite = suite;
    records->stream = stream;
    return record_half_init(&records->in, suite, false) &&
           record_half_init(&records->out, suite, true);
}

void records_free(struct records *records)
{
    if (!records)
        return;
    record_half_done(&records->in);
    record_half_done(&records->out);
    if (records->kept)
        memory_wipe(records->kept, records->kept_bytes);
    free(records->kept);
    buffer_done(&records->ticket);
    free(records);
}

bool records_keep_ticket(struct records *records, const void *bytes, size_t len)
{
    if (buffer_len(&records->ticket) + len > TICKET_BYTES_MOST)
        return false;
    buffer_append(&records->ticket, bytes, len);
    return true;
}

void records_send_ticket(struct records *records, struct stream *stream)
{
    struct text ticket = buffer_text(&records->ticket);

    if (!ticket.len)
        return;
    stream_layer_send(stream, ticket.at, ticket.len);
    buffer_done(&records->ticket);
}

bool records_have_buffered(const struct records *records)
{
    return records->kept != NULL;
}

/* `len` bytes from the pieces, encrypted to `to`. */
static bool seal_pieces(EVP_CIPHER_CTX *cipher, struct cursor *from, uint8_t *to, size_t len)
{
    while (len) {
        size_t there = from->piece->iov_len - from->at;
        size_t now = there < len ? there : len;
        int sealed;

        if (now &&
            EVP_EncryptUpdate(cipher, to, &sealed,
                              (const uint8_t *)from->piece->iov_base + from->at, (int)now) != 1)
            return false;
        to += now;
        len -= now;
        from->at += now;
        if (from->at == from->piece->iov_len) {
            from->piece++;
            from->at = 0;
        }
    }
    return true;
}

static bool seal(struct record_half *half, uint8_t type, struct cursor *from, size_t len,
                 uint8_t *record)
{
    size_t body = len + 1 + RECORD_TAG_BYTES;
    uint8_t *at = record + RECORD_HEADER_BYTES;
    int sealed;

    record[0] = SSL3_RT_APPLICATION_DATA;
    record[1] = TLS1_2_VERSION_MAJOR;
    record[2] = TLS1_2_VERSION_MINOR;
    record[3] = (uint8_t)(body >> 8);
    record[4] = (uint8_t)body;
    return record_half_begin(half, record) && seal_pieces(half->cipher, from, at, len) &&
           EVP_EncryptUpdate(half->cipher, at + len, &sealed, &type, 1) == 1 &&
           EVP_EncryptFinal_ex(half->cipher, at + len + 1, &sealed) == 1 &&
           EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG_BYTES,
                               at + len + 1) == 1;
}

/* One record, encrypted into the stream's output. */
static int put_record(struct records *records, uint8_t type, struct cursor *from, size_t len)
{
    size_t bytes = RECORD_HEADER_BYTES + len + 1 + RECORD_TAG_BYTES;
    uint8_t *record;

    records_send_ticket(records, records->stream);
    record = stream_layer_reserve(records->stream, bytes);
    if (!record || !seal(&records->out, type, from, len, record))
        return -1;
    stream_layer_commit(records->stream, bytes);
    return 0;
}

int records_put(struct records *records, uint8_t type, const uint8_t *bytes, size_t len)
{
    struct iovec piece = { .iov_len = len };
    struct cursor from = { .piece = &piece };

    memcpy(&piece.iov_base, &bytes, sizeof(bytes)); /* iovec is not const-correct */
    return put_record(records, type, &from, len);
}

int records_put_key_update(struct records *records)
{
    static const uint8_t message[] = { SSL3_MT_KEY_UPDATE, 0, 0, 1, SSL_KEY_UPDATE_NOT_REQUESTED };

    if (records_put(records, SSL3_RT_HANDSHAKE, message, sizeof(message)) < 0)
        return -1;
    return record_half_update(&records->out, records->suite, true) ? 0 : -1;
}

int records_write(struct records *records, const struct iovec *pieces, int count, struct err *err)
{
    struct cursor from = { .piece = pieces };
    size_t left = 0;

    if (records->failed || records->said_goodbye)
        return err_set(err, "TLS: written to a connection that is not open");
    for (int i = 0; i < count; i++)
        left += pieces[i].iov_len;
    while (left) {
        size_t len = left < RECORD_PLAIN_BYTES ? left : RECORD_PLAIN_BYTES;

        if ((records->out.sequence >= RECORDS_PER_KEY && records_put_key_update(records) < 0) ||
            put_record(records, SSL3_RT_APPLICATION_DATA, &from, len) < 0) {
            records->failed = true;
            return err_set(err, "TLS: a record could not be encrypted");
        }
        left -= len;
    }
    return 0;
}

void records_put_alert(struct records *records, uint8_t level, uint8_t description)
{
    const uint8_t alert[] = { level, description };

    if (!records->said_goodbye)
        records_put(records, SSL3_RT_ALERT, alert, sizeof(alert));
    records->said_goodbye = true;
}

void records_shutdown(struct records *records)
{
    if (!records->failed)
        records_put_alert(records, SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY);
}
