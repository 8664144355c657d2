#ifndef SWARMWARD_TESTS_HTTP_H2_PEER_H
#define SWARMWARD_TESTS_HTTP_H2_PEER_H

#include <nghttp2/nghttp2.h>

#include "base/buffer.h"
#include "heads.h"
#include "http/h2_session.h"

/* A session under test with a peer that writes whatever frames it is told to. */

struct h2_peer {
    struct h2_session *session;
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    struct buffer frames; /* to be fed */
    struct buffer out;    /* what the session packed, and was not looked at */
    struct buffer said;   /* what it reported, a line each; read by peer_expect() */
    struct h2_stream *last;
    int64_t now_ms;
    bool holds;    /* does not consume what comes */
    bool answers;  /* each refusal and each end with 204 */
    bool resets;   /* each request at once */
    uint32_t code; /* of a reset, to abandon with */
};

struct h2_peer *peer_new(enum h2_role role);
struct h2_peer *peer_new_granting(enum h2_role role, const struct h2_grants *grants);
void peer_free(struct h2_peer *peer);

extern const struct h2_grants usual_grants;
extern const struct h1_limits usual_limits;

/* Frames behind those that wait to be fed. */
void peer_frame(struct h2_peer *peer, uint8_t type, uint8_t flags, uint32_t stream,
                struct text payload);
/* "name: value" lines as HEADERS with END_HEADERS; a name may begin with ":". */
void peer_headers(struct h2_peer *peer, uint8_t flags, uint32_t stream, const char *lines);
/* The block of such a head. */
void peer_block(struct h2_peer *peer, const char *lines, struct buffer *block);
void peer_field(struct h2_peer *peer, struct text name, struct text value, struct buffer *block);
void peer_u32(struct h2_peer *peer, uint8_t type, uint8_t flags, uint32_t stream, uint32_t number);
/* The preface of a client (role H2_SERVER) and SETTINGS. */
void peer_preface(struct h2_peer *peer);
void peer_get(struct h2_peer *peer, uint32_t stream); /* a good request without a body */

/* Feed all that waits, pack what comes of it; what h2_session_receive() said. */
int peer_feed(struct h2_peer *peer);
/* The same, one byte at a time. */
int peer_feed_bytes(struct h2_peer *peer);

/* What was reported since the last time. */
void peer_expect(struct h2_peer *peer, const char *name, const char *said);
/* The frames that were packed since the last time, in short: "HEADERS 1 end; DATA 1 5; RST 1 8". */
void peer_expect_frames(struct h2_peer *peer, const char *name, const char *frames);
/* The code of the last GOAWAY among them. */
uint32_t peer_goaway_code(struct h2_peer *peer);
void peer_drop_frames(struct h2_peer *peer);

#endif
