#ifndef SWARMWARD_HTTP_H2_SCAN_H
#define SWARMWARD_HTTP_H2_SCAN_H

#include <stdbool.h>

#include "base/text.h"

/*
 * The frames of a peer as they lie on the wire, headers only: nghttp2 does not tell of those that
 * it passes over (unknown types, anything for a stream that is gone), and a flood may be of them.
 */

struct h2_scan {
    uint8_t head[10]; /* of the frame that is being read, and the length of its padding */
    unsigned head_bytes;
    uint32_t left;          /* of its payload */
    uint32_t skip;          /* of the preface */
    bool head_open;         /* between the first byte of a HEADERS frame and the end of its block */
    uint64_t heads;         /* that have begun */
    unsigned continuations; /* of the last of them */
};

/* What a frame is, once its header is complete. */
struct h2_seen_frame {
    uint8_t type;
    uint8_t flags;
    bool empty; /* DATA of nothing, or of padding */
};

/*
 * Eat from `*bytes` up to the next frame whose header is complete (with it); false: there is none
 * in what is left.
 */
bool h2_scan_next(struct h2_scan *scan, struct text *bytes, struct h2_seen_frame *frame_out);

#endif
