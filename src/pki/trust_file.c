/*
 * CA certificates that backends are verified with, from PEM to DER. Called by control at each load:
 * workers open no file. Verifies nothing.
 */

#include "pki/trust_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/file.h"
#include "certificate_parse.h"
#include "pem.h"

/* Debian's file of all CAs has some 220 KiB. */
#define TRUST_FILE_BYTES ((size_t)1024 * 1024)

/* Where systems keep their CAs in one file; OpenSSL's own place is asked for last. */
static const char *system_file(void)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Red Hat */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return X509_get_default_cert_file();
}

/* OpenSSL must be able to use each: a CA that a worker cannot parse would only be missed there. */
static int check(struct text der, struct err *err)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    bool whole = certificate && at == (const unsigned char *)der.at + der.len;

    X509_free(certificate);
    return whole ? 0 : err_set(err, "a certificate in it is damaged");
}

static int decode(struct text pem, struct arena *arena, struct text *chain_out, struct err *err)
{
    char *chain = arena_alloc(arena, pem.len); /* DER is shorter than its base64 */
    size_t len = 0;
    struct pem_block block;
    enum pem_status status;

    while ((status = pem_next(&pem, &block, err)) == PEM_BLOCK) {
        struct text der;

        if (!text_equal(block.label, TEXT("CERTIFICATE")))
            return err_set(err, "it has a block %.*s; keep the certificates of CAs only",
                           TEXT_ARGS(text_first(block.label, 40)));
        if (pem_decode(&block, arena, &der, err) < 0 || check(der, err) < 0)
            return -1;
        memcpy(chain + len, der.at, der.len);
        len += der.len;
    }
    if (status == PEM_BAD)
        return -1;
    if (!len)
        return err_set(err, "no certificate in it; it must be PEM, with a line "
                            "-----BEGIN CERTIFICATE-----");
    *chain_out = text_make(chain, len);
    return 0;
}

int trust_read(const char *path, struct arena *arena, struct text *chain_out, struct err *err)
{
    const char *from = path && path[0] ? path : system_file();
    char *text = NULL;
    size_t len = 0;
    int status;

    if (file_read(from, TRUST_FILE_BYTES, &text, &len, err) < 0)
        return -1;
    status = decode(text_make(text, len), arena, chain_out, err);
    free(text);
    return status < 0 ? err_prefix(err, "%s", from) : 0;
}
