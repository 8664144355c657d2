#ifndef SWARMWARD_HTTP_FRAMING_H
#define SWARMWARD_HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "http/h1_parser.h"
#include "http/head.h"

/*
 * The one place that decides how long a body is and what follows it, from all fields at once
 * (RFC 9112 section 6.3, stricter). What is ambiguous is refused.
 */

enum body_kind {
    BODY_NONE,
    BODY_COUNTED, /* `length` bytes */
    BODY_CHUNKED,
    BODY_UNTIL_CLOSE, /* responses only */
    BODY_TUNNEL,      /* bytes both ways: after 101, or 2xx to an extended CONNECT */
};

struct framing {
    enum body_kind kind;
    uint64_t length;       /* BODY_COUNTED; also of a HEAD's response, for the forwarded field */
    bool has_length;       /* a Content-Length field is there */
    bool persistent;       /* the sender's connection may carry another message */
    bool expects_continue; /* request: Expect: 100-continue */
    bool wants_upgrade;    /* request: a GET that asks for WebSocket and nothing else */
    bool accepts_trailers; /* request: TE: trailers */
};

/* -1: `*refusal` says why (400, 417, 501). */
int framing_of_request(const struct request_head *head, struct framing *framing_out,
                       struct h1_refusal *refusal);
/*
 * `method` and `upgrade_sent` are of the request that is answered. -1: the backend's answer can not
 * be passed on (502).
 */
int framing_of_response(const struct response_head *head, enum http_method method,
                        bool upgrade_sent, struct framing *framing_out, struct h1_refusal *refusal);

/*
 * The same for HTTP/2, where frames say the end: BODY_CHUNKED is a body of unknown length. `ended`:
 * no body follows. Forbidden fields (RFC 9113 section 8.2.2) are gone before.
 */
int framing_of_h2_request(const struct request_head *head, bool ended, struct framing *framing_out,
                          struct h1_refusal *refusal);
int framing_of_h2_response(const struct response_head *head, enum http_method method, bool ended,
                           struct framing *framing_out, struct h1_refusal *refusal);

#endif
