#ifndef SWARMWARD_TLS_ISSUERS_H
#define SWARMWARD_TLS_ISSUERS_H

#include <openssl/x509.h>

#include "base/text.h"

/* Issuers' certificates, parsed once for the thousands of leaves that one CA has signed. */

#define ISSUERS_KEPT 8

struct issuer {
    /* owned */
    char *der; /* NULL: free */
    X509 *certificate;
    size_t bytes;
};

struct issuers {
    struct issuer kept[ISSUERS_KEPT]; /* the newest at `next - 1` */
    size_t next;
};

/* The first certificate of `chain`, which moves on behind it; X509_free() it. NULL: damaged. */
X509 *issuers_take(struct issuers *issuers, struct text *chain);
void issuers_done(struct issuers *issuers);

#endif
