/*
 * A few issuers by their bytes. An issuer takes as much time and memory to parse as a leaf, and
 * each leaf's chain brings its own copy of the same one or two. Used by identity_cache.c.
 */

#include "issuers.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static X509 *find(struct issuers *issuers, struct text chain, size_t *bytes_out)
{
    for (size_t i = 0; i < ISSUERS_KEPT; i++) {
        struct issuer *issuer = &issuers->kept[i];

        /* a certificate's head has its length: no other begins with the same bytes */
        if (!issuer->der || !text_starts(chain, text_make(issuer->der, issuer->bytes)))
            continue;
        X509_up_ref(issuer->certificate);
        *bytes_out = issuer->bytes;
        return issuer->certificate;
    }
    return NULL;
}

static void issuer_done(struct issuer *issuer)
{
    X509_free(issuer->certificate);
    free(issuer->der);
    *issuer = (struct issuer){ 0 };
}

static void keep(struct issuers *issuers, X509 *certificate, struct text der)
{
    struct issuer *issuer = &issuers->kept[issuers->next++ % ISSUERS_KEPT];

    issuer_done(issuer);
    X509_up_ref(certificate);
    *issuer = (struct issuer){ .der = memory_copy(der.at, der.len),
                               .certificate = certificate,
                               .bytes = der.len };
}

X509 *issuers_take(struct issuers *issuers, struct text *chain)
{
    const unsigned char *at = (const unsigned char *)chain->at;
    size_t bytes;
    X509 *certificate = find(issuers, *chain, &bytes);

    if (!certificate) {
        certificate = d2i_X509(NULL, &at, (long)chain->len);
        if (!certificate)
            return NULL;
        bytes = (size_t)(at - (const unsigned char *)chain->at);
        keep(issuers, certificate, text_first(*chain, bytes));
    }
    *chain = text_from(*chain, bytes);
    return certificate;
}

void issuers_done(struct issuers *issuers)
{
    for (size_t i = 0; i < ISSUERS_KEPT; i++)
        issuer_done(&issuers->kept[i]);
}
