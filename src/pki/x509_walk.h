#ifndef SWARMWARD_PKI_X509_WALK_H
#define SWARMWARD_PKI_X509_WALK_H

#include "base/err.h"
#include "public_key.h"

/* One certificate as views of its DER (RFC 5280 section 4.1). */
struct x509_walk {
    int64_t not_before_s;
    int64_t not_after_s;
    struct text key_info;      /* SubjectPublicKeyInfo, whole */
    struct text alternatives;  /* content of the subjectAltName; empty: none */
    struct text extended_uses; /* content of the extendedKeyUsage; empty: none */
    struct text signature;     /* OID of its issuer's signature */
};

/* Checks all that OpenSSL's own parser would refuse, but for the key. */
int x509_walk(struct text der, struct x509_walk *walk_out, struct err *err);

/* The next DNS name of the alternatives that can be one (LDH, "_", "*." in front). False: no more.
 */
bool x509_next_name(struct text *alternatives, struct text *name_out);

/* Is the signature one of those that are in use today, with SHA-2 or better? */
bool x509_is_well_signed(const struct x509_walk *walk);

/* No extendedKeyUsage, or one with serverAuth or any. */
bool x509_may_serve(const struct x509_walk *walk);

#endif
