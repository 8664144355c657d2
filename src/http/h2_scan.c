/* Frame headers of HTTP/2 (RFC 9113 section 4.1) out of bytes in any pieces. Judges nothing. */

#include "h2_scan.h"

#include <string.h>

#include <nghttp2/nghttp2.h>

#define HEAD_BYTES 9

static uint32_t payload_bytes(const struct h2_scan *scan)
{
    return (uint32_t)scan->head[0] << 16 | (uint32_t)scan->head[1] << 8 | scan->head[2];
}

static bool is_head(uint8_t type)
{
    return type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION;
}

/* The length of padding is the first byte behind the header: it is waited for. */
static unsigned wanted_bytes(const struct h2_scan *scan)
{
    bool padded = scan->head_bytes >= HEAD_BYTES && scan->head[3] == NGHTTP2_DATA &&
                  scan->head[4] & NGHTTP2_FLAG_PADDED && payload_bytes(scan) > 0;

    return padded ? HEAD_BYTES + 1 : HEAD_BYTES;
}

static bool is_empty(const struct h2_scan *scan, unsigned head_bytes)
{
    uint32_t len = payload_bytes(scan);

    if (scan->head[3] != NGHTTP2_DATA || scan->head[4] & NGHTTP2_FLAG_END_STREAM)
        return false;
    return len == 0 || (head_bytes > HEAD_BYTES && len == 1U + scan->head[HEAD_BYTES]);
}

/* The payload is over. */
static void end_frame(struct h2_scan *scan)
{
    if (is_head(scan->head[3]) && scan->head[4] & NGHTTP2_FLAG_END_HEADERS)
        scan->head_open = false;
}

static void begin_frame(struct h2_scan *scan, struct h2_seen_frame *frame)
{
    unsigned head_bytes = scan->head_bytes;

    *frame = (struct h2_seen_frame){
        .type = scan->head[3],
        .flags = scan->head[4],
        .empty = is_empty(scan, head_bytes),
    };
    scan->left = payload_bytes(scan) - (head_bytes - HEAD_BYTES);
    scan->head_bytes = 0;
    if (frame->type == NGHTTP2_HEADERS) {
        scan->heads++;
        scan->head_open = true;
        scan->continuations = 0;
    } else if (frame->type == NGHTTP2_CONTINUATION) {
        scan->continuations++;
    }
    if (!scan->left)
        end_frame(scan);
}

static void pass(uint32_t *left, struct text *bytes)
{
    size_t len = *left < bytes->len ? *left : bytes->len;

    *left -= (uint32_t)len;
    *bytes = text_from(*bytes, len);
}

bool h2_scan_next(struct h2_scan *scan, struct text *bytes, struct h2_seen_frame *frame_out)
{
    pass(&scan->skip, bytes);
    if (scan->left) {
        pass(&scan->left, bytes);
        if (!scan->left)
            end_frame(scan);
    }
    if (!scan->head_bytes && bytes->len >= HEAD_BYTES) { /* as nearly always */
        memcpy(scan->head, bytes->at, HEAD_BYTES - 1);
        scan->head_bytes = HEAD_BYTES - 1;
        *bytes = text_from(*bytes, HEAD_BYTES - 1);
    }
    while (bytes->len) {
        scan->head[scan->head_bytes++] = (uint8_t)bytes->at[0];
        *bytes = text_from(*bytes, 1);
        if (scan->head_bytes >= HEAD_BYTES && scan->head_bytes == wanted_bytes(scan)) {
            begin_frame(scan, frame_out);
            return true;
        }
    }
    return false;
}
