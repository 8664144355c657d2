/* Client certificates in the snapshot's bytes: the authorities, and what each domain wants. */

#include "snapshot_private.h"

#define CAS_MAX        65536
#define CA_BYTES       ((size_t)64 * 1024) /* of one file; its PEM was no longer */
#define CA_BYTES_LEAST (sizeof(uint32_t) + SNAPSHOT_ID_BYTES)

void client_cas_encode(const struct snapshot *snapshot, struct buffer *out)
{
    wire_put_u32(out, snapshot->client_ca_count);
    for (uint32_t i = 0; i < snapshot->client_ca_count; i++) {
        wire_put_text(out, snapshot->client_cas[i].certificates);
        wire_put_bytes(out, snapshot->client_cas[i].id, SNAPSHOT_ID_BYTES);
    }
}

void client_cas_decode(struct snapshot *snapshot, struct wire *wire)
{
    size_t count = wire_get_count(wire, CAS_MAX, CA_BYTES_LEAST);

    if (!count)
        return; /* most have none, and a block of the arena is large by now */
    snapshot->client_cas = arena_new(&snapshot->arena, count, sizeof(*snapshot->client_cas));
    snapshot->client_ca_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire->bad; i++) {
        struct snapshot_client_ca *ca = &snapshot->client_cas[i];

        ca->certificates = wire_get_text(wire, CA_BYTES);
        wire_get_bytes(wire, ca->id, sizeof(ca->id));
        if (!ca->certificates.len)
            wire->bad = true;
    }
}

void client_auth_encode(const struct snapshot_client_auth *auth, struct buffer *out)
{
    wire_put_u8(out, auth->mode);
    wire_put_u8(out, auth->forward);
    wire_put_u32(out, auth->mode == CLIENT_AUTH_OFF ? SNAPSHOT_NONE : auth->ca);
}

void client_auth_decode(const struct snapshot *snapshot, struct snapshot_client_auth *auth,
                        struct wire *wire)
{
    uint8_t mode = wire_get_u8(wire);
    uint8_t forward = wire_get_u8(wire);
    uint32_t ca = wire_get_u32(wire);

    if (mode > CLIENT_AUTH_REQUIRED || forward > CLIENT_AUTH_FORWARD_CERT ||
        (mode == CLIENT_AUTH_OFF ? ca != SNAPSHOT_NONE : ca >= snapshot->client_ca_count)) {
        wire->bad = true;
        return;
    }
    auth->mode = mode;
    auth->forward = forward;
    auth->ca = ca;
}
