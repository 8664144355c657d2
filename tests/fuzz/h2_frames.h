#ifndef SWARMWARD_TESTS_FUZZ_H2_FRAMES_H
#define SWARMWARD_TESTS_FUZZ_H2_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Frames of HTTP/2 for fuzz targets: a notation that is easily varied, and a reader. */

#define H2_MAGIC "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

/*
 * One frame in letters: its kind, its flags, its stream, and what is in it.
 *
 *     kind    H HEADERS  C CONTINUATION  P PUSH_PROMISE: lines "name:value", as HPACK without
 * tables (a colon may begin the name); what begins with 0x01 is HPACK as it is D DATA; L DATA, the
 * number in it times 16 bytes  R RST_STREAM, W WINDOW_UPDATE: a number S SETTINGS: "id=value,"  I
 * PING  G GOAWAY  ! the type in the first byte flags   a hexadecimal digit, or the byte itself
 *     stream  "0", "1" to "9" the first to ninth of a client, "+" the next one, else twice the byte
 */
void h2_frame_write(struct buffer *out, struct text letters, uint32_t *next_stream);

struct h2_raw_frame {
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
    struct text payload;
};

/* False: there is no whole frame. */
bool h2_frame_read(struct text *input, struct h2_raw_frame *frame_out);

#endif
