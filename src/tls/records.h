#ifndef SWARMWARD_TLS_RECORDS_H
#define SWARMWARD_TLS_RECORDS_H

#include <sys/uio.h>

#include "base/buffer.h"
#include "net/stream.h"
#include "record_keys.h"

/*
 * TLS 1.3 behind the handshake (RFC 8446 sections 4.6.3, 5 and 6): records of data, KeyUpdate and
 * alerts, between a stream and its owner. Takes over from OpenSSL's SSL when that has shaken hands.
 */

#define RECORD_PLAIN_BYTES ((size_t)16 * 1024)
#define RECORD_SCRATCH_BYTES                                                                       \
    (RECORD_PLAIN_BYTES + 256) /* a record in the clear, with its padding */

struct records {
    /* owned */
    uint8_t *kept;        /* decrypted and not read; NULL mostly */
    struct buffer ticket; /* OpenSSL's last words: leave with the first of ours */
    /* borrowed */
    uint8_t *scratch; /* RECORD_SCRATCH_BYTES, for one call */
    const struct record_suite *suite;
    struct stream *stream;
    const char *refusal; /* a stable word; NULL: nothing was refused */
    uint32_t kept_at;
    uint32_t kept_bytes;
    uint32_t fruitless; /* records that brought no data */
    uint64_t received;  /* bytes */
    uint8_t part[5];    /* of a KeyUpdate that came in pieces */
    uint8_t part_bytes;
    bool is_over; /* the peer said goodbye */
    bool failed;
    bool said_goodbye;
    struct record_half in;
    struct record_half out;
};

/*
 * Both secrets are in place, `out.sequence` counts what OpenSSL has sent; `scratch` is the loop's.
 * False: cannot be.
 */
bool records_begin(struct records *records, const struct record_suite *suite, struct stream *stream,
                   uint8_t *scratch);
void records_free(struct records *records); /* wipes; NULL is fine */

/*
 * A record that OpenSSL wrote, the session ticket, waits here for the first response: that saves a
 * send() a connection. False: it must leave at once.
 */
bool records_keep_ticket(struct records *records, const void *bytes, size_t len);
/* Let go of it. */
void records_send_ticket(struct records *records, struct stream *stream);

/* As struct stream_layer_kind. */
enum io_status records_read(struct records *records, char *into, size_t bytes, size_t *got,
                            struct err *err);
int records_write(struct records *records, const struct iovec *pieces, int count, struct err *err);
bool records_have_buffered(const struct records *records);
void records_shutdown(struct records *records);

#endif
