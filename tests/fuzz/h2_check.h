#ifndef SWARMWARD_TESTS_FUZZ_H2_CHECK_H
#define SWARMWARD_TESTS_FUZZ_H2_CHECK_H

#include "base/text.h"

/*
 * What we have said of HTTP/2, read by nghttp2's HPACK and by hand (RFC 9113): whole frames in an
 * order that streams allow, messages that are none of the malformed, lengths that hold. Aborts
 * where that is not so.
 */

#define H2_CHECK_STREAMS 1024

/* Sums of what a peer that sent `bytes` (behind its preface) asked for and granted. */
struct h2_peer_said {
    size_t requests;                    /* streams that it began */
    uint32_t last;                      /* the highest of them */
    uint64_t connection;                /* most bytes of DATA that its windows let pass */
    uint64_t window;                    /* the highest a stream may begin with */
    uint64_t updates[H2_CHECK_STREAMS]; /* of windows, by the number of the stream */
};
void h2_peer_said(struct text bytes, struct h2_peer_said *said_out);

/* To a client. `over`: every stream must have come to its end, or the connection has. */
void h2_check_responses(struct text bytes, const struct h2_peer_said *said, bool over);
/* To a backend. */
void h2_check_requests(struct text bytes);

#endif
