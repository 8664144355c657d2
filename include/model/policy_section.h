#ifndef SWARMWARD_MODEL_POLICY_SECTION_H
#define SWARMWARD_MODEL_POLICY_SECTION_H

#include <stdint.h>

#include "base/text.h"
#include "model/field_table.h"

/* The section "policy": what an auditor asks. */

enum backend_encryption {
    BACKEND_ENCRYPTION_OVERLAY, /* an encrypted overlay network, or this machine itself */
    BACKEND_ENCRYPTION_NONE,    /* needs `exception` */
    BACKEND_ENCRYPTION_TLS,     /* a protocol with TLS, over whatever network */
    BACKEND_ENCRYPTION_MTLS,    /* the same, and the backend asks for our certificate */
};

enum backend_verify {
    BACKEND_VERIFY_FULL, /* the chain and the name */
    BACKEND_VERIFY_CA,   /* the chain */
};

/* How backends are verified, and who we are to them. */
struct backend_tls_settings {
    struct text ca;          /* path; "" = the CAs of this system */
    int verify;              /* enum backend_verify */
    struct text server_name; /* "" = the service's name, of fixed servers their address */
    struct text cert_path;   /* our certificate; "" = none */
    struct text key_path;
};

enum default_owner {
    DEFAULT_OWNER_DENY,
    DEFAULT_OWNER_ALLOW,
};

struct policy_settings {
    int backend_encryption; /* enum backend_encryption */
    struct text exception;  /* why `none` is right here; goes into the evidence */
    struct backend_tls_settings backend_tls;
    int default_owner; /* enum default_owner: of domains that no row of `owners` has */
};

extern const struct field_table policy_fields; /* struct policy_settings: "policy" */

#endif
