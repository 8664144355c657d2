#ifndef SWARMWARD_PKI_CLIENT_CA_H
#define SWARMWARD_PKI_CLIENT_CA_H

#include "base/arena.h"
#include "base/err.h"
#include "model/snapshot.h"

/* The authorities whose client certificates are believed: a PEM file of CA certificates. */

#define CLIENT_CA_CERTIFICATES_MAX 64

struct client_ca {
    struct text certificates;      /* DER, one behind the other; in the arena */
    uint8_t id[SNAPSHOT_ID_BYTES]; /* hash of that */
};

/*
 * -1: `err` names the file and says what to do: no PEM, nothing in it, a private key, a certificate
 * that is no CA's, none that is in date at `now_s`.
 */
int client_ca_read(const char *path, int64_t now_s, struct arena *arena, struct client_ca *ca_out,
                   struct err *err);

#endif
