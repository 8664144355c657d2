#ifndef SWARMWARD_TLS_CLIENT_CERTIFICATE_H
#define SWARMWARD_TLS_CLIENT_CERTIFICATE_H

#include <stdbool.h>

#include "model/snapshot.h"
#include "net/stream.h"

/* The certificate that a client has shown and that was verified, as it is logged and passed on. */
struct tls_client_certificate {
    struct text subject;     /* RFC 4514, in printable ASCII; may be empty */
    struct text serial;      /* hexadecimal */
    struct text field;       /* Client-Cert (RFC 9440): ":base64:" */
    struct text chain_field; /* Client-Cert-Chain: who issued it, without the root; "": nobody
                                else, or more than fits into a ticket */
};

/* Of an established session, as long as it lives. NULL: none was shown. */
const struct tls_client_certificate *tls_session_client(const struct stream_layer *layer);

/*
 * Was this session's client asked just what `domain` of `snapshot` wants, and was the answer judged
 * by the same authorities? Otherwise its requests must come over another connection (421).
 */
bool tls_session_asked_as(const struct stream_layer *layer, const struct snapshot *snapshot,
                          const struct snapshot_domain *domain);

#endif
