#ifndef SWARMWARD_HTTP_BODY_H
#define SWARMWARD_HTTP_BODY_H

#include "base/buffer.h"
#include "http/framing.h"
#include "http/h1_parser.h"

/*
 * Reads one body off an HTTP/1.1 connection, in whatever pieces it comes: strips the chunking,
 * counts, and knows the end. The bytes handed out are views of the input: nothing is copied.
 */

struct body_reader {
    enum body_kind kind;
    int state;         /* private: enum in body.c */
    uint64_t left;     /* of the counted body or the current chunk */
    uint64_t received; /* payload bytes so far */
    size_t line_bytes; /* of the chunk line so far, bounded */
    size_t overhead;   /* bytes of chunk lines since the last payload, bounded */
    struct h1_scan scan;
    struct buffer trailer_bytes; /* owned: trailers so far, bounded by the limits */
    struct field_list trailers;  /* valid at the end of a chunked body */
    struct arena *arena;         /* borrowed: where trailer lines go */
    const struct h1_limits *limits;
};

/* `arena` and `limits` are borrowed until body_reader_done(). */
void body_reader_init(struct body_reader *reader, const struct framing *framing,
                      const struct h1_limits *limits, struct arena *arena);
void body_reader_done(struct body_reader *reader);

/*
 * Eat from `*input` (it moves forward): `*piece_out` is the next payload, perhaps empty.
 * PARSE_MORE: call again (at once while *input is not empty). PARSE_DONE: the body ended with this
 * piece; what is left in *input is the next message. PARSE_BAD: malformed, `*refusal` says how (its
 * status is meant for a client: 400 or 431).
 */
enum parse_result body_reader_next(struct body_reader *reader, struct text *input,
                                   struct text *piece_out, struct h1_refusal *refusal);

/* The connection ended: is the body complete? (Only BODY_UNTIL_CLOSE and finished ones are.) */
bool body_reader_end_is_clean(const struct body_reader *reader);
bool body_reader_is_finished(const struct body_reader *reader);

/* "1f40\r\n" into `line`; returns its length. Behind the payload comes CRLF. */
#define CHUNK_LINE_BYTES 18
size_t chunk_line(uint64_t bytes, char line[CHUNK_LINE_BYTES]);

#endif
