#ifndef SWARMWARD_HTTP_H1_PARSER_H
#define SWARMWARD_HTTP_H1_PARSER_H

#include "http/head.h"

/*
 * Strict HTTP/1.1 heads (RFC 9112), from contiguous bytes that may still be incomplete. Nothing is
 * repaired: bare LF, folding, NUL, white space before the colon, an empty name are PARSE_BAD.
 */

enum parse_result {
    PARSE_DONE,
    PARSE_MORE,
    PARSE_BAD,
};

struct h1_limits {
    size_t head_bytes;   /* the whole head with its first line */
    size_t fields;       /* at most FIELD_LINES_MAX */
    size_t target_bytes; /* requests only */
};

/* Why a head was refused: the status to answer, and a short reason for log and metric. */
struct h1_refusal {
    int status;         /* 400, 414, 417, 431, 501, 505; 502 for what a backend sent */
    const char *reason; /* static: "bad_field_name", "header_too_large", ... */
};

/* How far a head that is still incomplete was looked at. Zero before the first byte, and again
 * after PARSE_DONE. */
struct h1_scan {
    size_t scanned;
    bool line_seen; /* private: the first line is complete */
};

/*
 * PARSE_DONE: `*consumed` bytes are the head; views of `head` point into `bytes`, its lines live in
 * `lines` (FIELD_LINES_MAX of them). PARSE_MORE: call again with more behind the same bytes and the
 * same `scan`. PARSE_BAD: `*refusal` says why. Empty lines before a request are skipped
 * (section 2.2), at most one. A first byte that begins no request is refused at once.
 */
enum parse_result h1_parse_request(struct text bytes, const struct h1_limits *limits,
                                   struct h1_scan *scan, struct field_line *lines,
                                   struct request_head *head, size_t *consumed,
                                   struct h1_refusal *refusal);
enum parse_result h1_parse_response(struct text bytes, const struct h1_limits *limits,
                                    struct h1_scan *scan, struct field_line *lines,
                                    struct response_head *head, size_t *consumed,
                                    struct h1_refusal *refusal);
/* Trailer fields up to and with the empty line that ends them. */
enum parse_result h1_parse_trailers(struct text bytes, const struct h1_limits *limits,
                                    struct h1_scan *scan, struct field_line *lines,
                                    struct field_list *fields, size_t *consumed,
                                    struct h1_refusal *refusal);

#endif
