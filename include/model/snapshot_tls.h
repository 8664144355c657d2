#ifndef SWARMWARD_MODEL_SNAPSHOT_TLS_H
#define SWARMWARD_MODEL_SNAPSHOT_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "ipc/wire.h"

/* What a snapshot has for TLS: the public parts of certificates. Their keys are in the keyring. */

#define SNAPSHOT_ID_BYTES 32 /* SHA-256 */

enum key_kind {
    KEY_ECDSA,
    KEY_RSA,
    KEY_KIND_COUNT,
};

struct snapshot_certificate {
    struct text name;                  /* from the file; "" for made ones */
    struct text chain;                 /* DER certificates, leaf first, one behind the other */
    uint8_t id[SNAPSHOT_ID_BYTES];     /* hash of the chain */
    uint8_t key_id[SNAPSHOT_ID_BYTES]; /* hash of the leaf's SubjectPublicKeyInfo: the key's name */
    enum key_kind kind;
    int64_t not_before_s; /* wall clock, Unix time */
    int64_t not_after_s;
};

/* How backends with TLS are verified, and what we show them; empty when no service has TLS. */
struct snapshot_backend_tls {
    struct text ca;          /* DER certificates, one behind the other */
    struct text server_name; /* of all; "" = each has its own, see snapshot_service_host() */
    bool checks_name;        /* and not the chain alone */
    bool is_mutual;          /* a backend must ask for our certificate */
    bool has_client;
    struct snapshot_certificate client; /* its key is in the keyring */
};

/* For the codec. What is out of bounds makes the wire bad; texts are views of its bytes. */
void snapshot_put_certificate(struct buffer *out, const struct snapshot_certificate *certificate);
void snapshot_get_certificate(struct wire *wire, struct snapshot_certificate *certificate);
void snapshot_put_backend_tls(struct buffer *out, const struct snapshot_backend_tls *tls);
bool snapshot_get_backend_tls(struct wire *wire, struct snapshot_backend_tls *tls);

#endif
