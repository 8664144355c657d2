#ifndef SWARMWARD_HTTP_FORWARDING_H
#define SWARMWARD_HTTP_FORWARDING_H

#include "base/buffer.h"
#include "http/framing.h"
#include "http/head.h"

/*
 * What changes in a head on its way through: hop-by-hop fields go (RFC 9110 section 7.6.1, and
 * those that Connection names), forwarding and identity fields of the client go, ours come.
 */

enum underscore_rule {
    UNDERSCORE_FIELDS_DROP,
    UNDERSCORE_FIELDS_REJECT,
    UNDERSCORE_FIELDS_KEEP,
};

struct forwarding {
    struct text client_address; /* host only */
    bool client_is_ipv6;
    struct text request_id;
    bool https;
    bool x_forwarded; /* write X-Forwarded-For, -Proto, -Host */
    bool rfc7239;     /* write Forwarded */
    bool pass_traceparent;
    bool chunked; /* body to the backend: Transfer-Encoding: chunked */
    bool counted; /* body to the backend: Content-Length */
    uint64_t length;
    bool upgrade; /* keep Upgrade and say Connection: Upgrade; HTTP/2: an extended CONNECT */
    bool accepts_trailers;      /* say TE: trailers */
    struct text client_subject; /* X-Client-DN; these three: "" = none */
    struct text client_cert;    /* Client-Cert and, with it, Client-Cert-Chain (RFC 9440) */
    struct text client_cert_chain;
    struct text drop_cookie; /* our own sticky cookie, not the backend's business; "" = none */
};

/*
 * Mark what must not go on as dropped. -1: an underscore name under UNDERSCORE_FIELDS_REJECT.
 * Changes only `dropped` marks.
 */
int forwarding_clean_request(struct request_head *head, enum underscore_rule underscore,
                             bool pass_traceparent, struct h1_refusal *refusal);
void forwarding_clean_response(struct response_head *head);

/* The complete request head for a backend (HTTP/1.1, origin-form), appended. */
void h1_write_request(struct buffer *out, const struct request_head *head,
                      const struct forwarding *forwarding);

/* How a response leaves towards the client. */
struct response_forwarding {
    int minor_version; /* of the client: never chunked to 1.0 */
    bool chunked;
    bool counted;
    uint64_t length;
    bool close;              /* Connection: close */
    bool keep_alive_for_1_0; /* Connection: keep-alive to an HTTP/1.0 client */
    bool upgrade;            /* 101: keep Upgrade, say Connection: Upgrade */
    struct text hsts;        /* value of Strict-Transport-Security, "" = none */
    struct text set_cookie;  /* value of one more Set-Cookie, "" = none */
};

void h1_write_response(struct buffer *out, const struct response_head *head,
                       const struct response_forwarding *forwarding);
/* An interim response (100, 103): status line, fields that may pass (they are cleaned here), empty
 * line. */
void h1_write_interim(struct buffer *out, const struct response_head *head);
/* The zero chunk, the trailers that may pass, the empty line. */
void h1_write_last_chunk(struct buffer *out, const struct field_list *trailers);

/* The reason phrase of a status; "Unknown" for one that we never send. */
const char *http_reason(int status);

#endif
