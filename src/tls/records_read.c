/*
 * Records that come in: data goes to the reader, KeyUpdate and alerts are dealt with here, all else
 * is refused with the alert that RFC 8446 asks for. Everything is bounded: a record is decrypted
 * only when it is there in full and its length is legal, and a peer that sends records without data
 * is cut off.
 */

#include <stdlib.h>

#include <openssl/ssl.h>

#include "base/memory.h"
#include "records_private.h"

#define BODY_LEAST      (1 + RECORD_TAG_BYTES)
#define BODY_MOST       (RECORD_PLAIN_BYTES + 256) /* RFC 8446 section 5.2 */
#define FRUITLESS_FREE  32                         /* and one more for each MiB that came */
#define HANDSHAKE_BYTES sizeof(((struct records *)NULL)->part)

/* Where the reader wants its bytes. */
struct target {
    char *at;
    size_t room;
    size_t filled;
};

/* A record that was decrypted. */
struct opened {
    uint8_t type;
    const uint8_t *bytes;
    size_t len;
};

static enum io_status refuse(struct records *records, uint8_t alert, const char *word,
                             const char *reason, struct err *err)
{
    records->failed = true;
    records->refusal = word;
    records_put_alert(records, SSL3_AL_FATAL, alert);
    err_set(err, "TLS: %s", reason);
    return IO_FAILED;
}

static enum io_status flood(struct records *records, struct err *err)
{
    return refuse(records, SSL_AD_UNEXPECTED_MESSAGE, "flood", "too many records without data",
                  err);
}

/* A record that brings nothing costs us more than the peer. False: enough of them. */
static bool bears_fruitless(struct records *records)
{
    return ++records->fruitless <= FRUITLESS_FREE + (records->received >> 20);
}

/*
 * Decrypts into `to` (room for the body without its tag) and finds the type behind the padding.
 * False: it was not made with our keys.
 */
static bool open_record(struct record_half *half, const uint8_t *record, size_t body, uint8_t *to,
                        struct opened *opened_out)
{
    size_t len = body - RECORD_TAG_BYTES;
    uint8_t tag[RECORD_TAG_BYTES];
    int done;

    memcpy(tag, record + RECORD_HEADER_BYTES + len, sizeof(tag));
    if (!record_half_begin(half, record) ||
        EVP_DecryptUpdate(half->cipher, to, &done, record + RECORD_HEADER_BYTES, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) != 1 ||
        EVP_DecryptFinal_ex(half->cipher, to + len, &done) != 1)
        return false;
    while (len > 1 && to[len - 1] == 0)
        len--;
    *opened_out = (struct opened){ .type = to[len - 1], .bytes = to, .len = len - 1 };
    return true;
}

/* Plain bytes are in the target or in `scratch`: then what does not fit is kept. */
static void deliver(struct records *records, struct target *target, const uint8_t *plain,
                    size_t len)
{
    size_t fits = target->room - target->filled;

    if ((const char *)plain == target->at + target->filled) {
        target->filled += len;
        return;
    }
    if (fits > len)
        fits = len;
    memcpy(target->at + target->filled, plain, fits);
    target->filled += fits;
    if (fits == len)
        return;
    records->kept = memory_copy(plain + fits, len - fits);
    records->kept_at = 0;
    records->kept_bytes = (uint32_t)(len - fits);
}

static void take_kept(struct records *records, struct target *target)
{
    size_t len = records->kept_bytes - records->kept_at;

    if (len > target->room)
        len = target->room;
    memcpy(target->at, records->kept + records->kept_at, len);
    records->kept_at += (uint32_t)len;
    target->filled = len;
    if (records->kept_at < records->kept_bytes)
        return;
    free(records->kept);
    records->kept = NULL;
}

static enum io_status on_alert(struct records *records, const uint8_t *body, size_t len,
                               struct err *err)
{
    if (len != 2)
        return refuse(records, SSL_AD_DECODE_ERROR, "bad_record", "an alert of a wrong length",
                      err);
    if (body[1] == SSL_AD_CLOSE_NOTIFY) {
        records->is_over = true;
        return IO_CLOSED;
    }
    if (body[1] == SSL_AD_USER_CANCELLED)
        return bears_fruitless(records) ? IO_OK : flood(records, err);
    records->failed = true;
    records->refusal = "peer_alert";
    err_set(err, "TLS: the peer sent the alert \"%s\"", SSL_alert_desc_string_long(body[1]));
    return IO_FAILED;
}

static enum io_status update_keys(struct records *records, uint8_t request, struct err *err)
{
    if (request != SSL_KEY_UPDATE_NOT_REQUESTED && request != SSL_KEY_UPDATE_REQUESTED)
        return refuse(records, SSL_AD_ILLEGAL_PARAMETER, "bad_record", "a bad KeyUpdate", err);
    if (!record_half_update(&records->in, records->suite, false) ||
        (request == SSL_KEY_UPDATE_REQUESTED && !records->said_goodbye &&
         records_put_key_update(records) < 0))
        return refuse(records, SSL_AD_INTERNAL_ERROR, "other", "keys could not be changed", err);
    return bears_fruitless(records) ? IO_OK : flood(records, err);
}

/* Only KeyUpdate may come, perhaps in pieces, and it ends with its record (section 5.1). */
static enum io_status on_handshake(struct records *records, const uint8_t *body, size_t len,
                                   struct err *err)
{
    static const uint8_t expected[] = { SSL3_MT_KEY_UPDATE, 0, 0, 1 };

    if (len == 0 || len > HANDSHAKE_BYTES - records->part_bytes)
        return refuse(records, SSL_AD_UNEXPECTED_MESSAGE, "bad_record",
                      "an unexpected handshake message", err);
    memcpy(records->part + records->part_bytes, body, len);
    records->part_bytes += (uint8_t)len;
    len = records->part_bytes < sizeof(expected) ? records->part_bytes : sizeof(expected);
    if (memcmp(records->part, expected, len) != 0)
        return refuse(records, SSL_AD_UNEXPECTED_MESSAGE, "bad_record",
                      "an unexpected handshake message", err);
    if (records->part_bytes < HANDSHAKE_BYTES)
        return bears_fruitless(records) ? IO_OK : flood(records, err);
    records->part_bytes = 0;
    return update_keys(records, records->part[HANDSHAKE_BYTES - 1], err);
}

static enum io_status dispatch(struct records *records, struct target *target,
                               const struct opened *opened, struct err *err)
{
    const uint8_t *plain = opened->bytes;
    size_t len = opened->len;
    uint8_t type = opened->type;

    if (len > RECORD_PLAIN_BYTES)
        return refuse(records, SSL_AD_RECORD_OVERFLOW, "bad_record", "a record that is too long",
                      err);
    if (type == SSL3_RT_HANDSHAKE)
        return on_handshake(records, plain, len, err);
    if (records->part_bytes || (type != SSL3_RT_APPLICATION_DATA && type != SSL3_RT_ALERT))
        return refuse(records, SSL_AD_UNEXPECTED_MESSAGE, "bad_record", "an unexpected record",
                      err);
    if (type == SSL3_RT_ALERT)
        return on_alert(records, plain, len, err);
    if (len == 0)
        return bears_fruitless(records) ? IO_OK : flood(records, err);
    deliver(records, target, plain, len);
    return IO_OK;
}

/* IO_OK: a body of `*body_out` bytes may follow. */
static enum io_status check_header(struct records *records, const uint8_t *header, size_t *body_out,
                                   struct err *err)
{
    size_t body = (size_t)header[3] << 8 | header[4];

    if (header[0] != SSL3_RT_APPLICATION_DATA || header[1] != TLS1_2_VERSION_MAJOR)
        return refuse(records, SSL_AD_UNEXPECTED_MESSAGE, "bad_record", "an unexpected record",
                      err);
    if (body < BODY_LEAST)
        return refuse(records, SSL_AD_DECODE_ERROR, "bad_record", "a record that is too short",
                      err);
    if (body > BODY_MOST)
        return refuse(records, SSL_AD_RECORD_OVERFLOW, "bad_record", "a record that is too long",
                      err);
    *body_out = body;
    return IO_OK;
}

/* The next record, if it is there in full and fits or is the first. */
static enum io_status read_record(struct records *records, struct target *target, struct err *err)
{
    const uint8_t *record;
    uint8_t *to = (uint8_t *)target->at + target->filled;
    struct opened opened;
    enum io_status status;
    ssize_t there = stream_layer_peek(records->stream, RECORD_HEADER_BYTES, &record);
    size_t body;

    if (there <= 0)
        return there < 0 ? IO_CLOSED : IO_AGAIN;
    status = check_header(records, record, &body, err);
    if (status != IO_OK)
        return status;
    if (target->room - target->filled < body - RECORD_TAG_BYTES) {
        if (target->filled)
            return IO_AGAIN; /* with the next read */
        to = records->scratch;
    }
    there = stream_layer_peek(records->stream, RECORD_HEADER_BYTES + body, &record);
    if (there <= 0)
        return there < 0 ? IO_CLOSED : IO_AGAIN;
    if (!open_record(&records->in, record, body, to, &opened))
        return refuse(records, SSL_AD_BAD_RECORD_MAC, "bad_record", "a record that is damaged",
                      err);
    records->received += RECORD_HEADER_BYTES + body;
    stream_layer_consume(records->stream, RECORD_HEADER_BYTES + body);
    return dispatch(records, target, &opened, err);
}

// NOLINTNEXTLINE(readability-non-const-parameter): written to, by way of `target`
enum io_status records_read(struct records *records, char *into, size_t bytes, size_t *got,
                            struct err *err)
{
    struct target target = { .at = into, .room = bytes };
    enum io_status status = IO_OK;

    if (records->kept)
        take_kept(records, &target);
    else if (records->is_over || records->failed)
        return IO_CLOSED;
    while (status == IO_OK && target.filled < target.room && !records->kept && !records->is_over)
        status = read_record(records, &target, err);
    if (status == IO_FAILED || !target.filled)
        return status;
    *got = target.filled; /* an end comes again with the next call */
    return IO_OK;
}
