/*
 * Certificates of a snapshot as bytes and back: those of domains, and what TLS to backends needs.
 * Called by snapshot_codec.c. Parses no DER.
 */

#include "model/snapshot_tls.h"

#define NAME_BYTES   1024
#define SERVER_BYTES 253
#define CHAIN_BYTES  ((size_t)256 * 1024)
#define TRUST_BYTES  ((size_t)1024 * 1024)

void snapshot_put_certificate(struct buffer *out, const struct snapshot_certificate *certificate)
{
    wire_put_text(out, certificate->name);
    wire_put_text(out, certificate->chain);
    wire_put_bytes(out, certificate->id, sizeof(certificate->id));
    wire_put_bytes(out, certificate->key_id, sizeof(certificate->key_id));
    wire_put_u8(out, (uint8_t)certificate->kind);
    wire_put_i64(out, certificate->not_before_s);
    wire_put_i64(out, certificate->not_after_s);
}

void snapshot_get_certificate(struct wire *wire, struct snapshot_certificate *certificate)
{
    uint8_t kind;

    certificate->name = wire_get_text(wire, NAME_BYTES);
    certificate->chain = wire_get_text(wire, CHAIN_BYTES);
    wire_get_bytes(wire, certificate->id, sizeof(certificate->id));
    wire_get_bytes(wire, certificate->key_id, sizeof(certificate->key_id));
    kind = wire_get_u8(wire);
    certificate->kind = kind == KEY_RSA ? KEY_RSA : KEY_ECDSA;
    certificate->not_before_s = wire_get_i64(wire);
    certificate->not_after_s = wire_get_i64(wire);
    if (!certificate->chain.len || kind >= KEY_KIND_COUNT)
        wire->bad = true;
}

void snapshot_put_backend_tls(struct buffer *out, const struct snapshot_backend_tls *tls)
{
    wire_put_text(out, tls->ca);
    wire_put_text(out, tls->server_name);
    wire_put_bool(out, tls->checks_name);
    wire_put_bool(out, tls->is_mutual);
    wire_put_bool(out, tls->has_client);
    if (tls->has_client)
        snapshot_put_certificate(out, &tls->client);
}

bool snapshot_get_backend_tls(struct wire *wire, struct snapshot_backend_tls *tls)
{
    tls->ca = wire_get_text(wire, TRUST_BYTES);
    tls->server_name = wire_get_text(wire, SERVER_BYTES);
    tls->checks_name = wire_get_bool(wire);
    tls->is_mutual = wire_get_bool(wire);
    tls->has_client = wire_get_bool(wire);
    if (tls->has_client)
        snapshot_get_certificate(wire, &tls->client);
    return !wire->bad;
}
