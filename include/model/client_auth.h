#ifndef SWARMWARD_MODEL_CLIENT_AUTH_H
#define SWARMWARD_MODEL_CLIENT_AUTH_H

#include <stdint.h>

#include "base/text.h"

/* Client certificates of a domain: whether one is asked for, whose are believed, who is told. */

enum client_auth_mode {
    CLIENT_AUTH_OFF,
    CLIENT_AUTH_OPTIONAL, /* none, or a good one */
    CLIENT_AUTH_REQUIRED, /* a good one */
};

enum client_auth_forward {
    CLIENT_AUTH_FORWARD_NONE,
    CLIENT_AUTH_FORWARD_SUBJECT, /* X-Client-DN */
    CLIENT_AUTH_FORWARD_CERT,    /* Client-Cert and Client-Cert-Chain (RFC 9440) */
};

struct client_auth_settings {
    int mode;       /* enum client_auth_mode */
    struct text ca; /* path */
    int forward;    /* enum client_auth_forward */
};

/* In a snapshot: authorities whose client certificates are believed. */
struct snapshot_client_ca {
    struct text certificates; /* DER, one behind the other */
    uint8_t id[32];           /* SHA-256 of that */
};

struct snapshot_client_auth {
    uint8_t mode;    /* enum client_auth_mode */
    uint8_t forward; /* enum client_auth_forward */
    uint32_t ca;     /* index; SNAPSHOT_NONE when the mode is off */
};

#endif
