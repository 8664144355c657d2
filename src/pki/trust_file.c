/*
 * CA certificates that backends are verified with. Called by control at each load: workers open no
 * file. Verifies nothing.
 */

#include "pki/trust_file.h"

#include <unistd.h>

#include <openssl/x509.h>

#include "ca_list.h"

/* Debian's file of all CAs has some 220 KiB, of 140 certificates. */
#define TRUST_FILE_BYTES        ((size_t)1024 * 1024)
#define TRUST_CERTIFICATES_MOST 4096

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

int trust_read(const char *path, struct arena *arena, struct text *chain_out, struct err *err)
{
    const struct ca_list_rules rules = {
        .bytes = TRUST_FILE_BYTES,
        .most = TRUST_CERTIFICATES_MOST,
    };
    struct ca_list list;

    if (ca_list_read(path && path[0] ? path : system_file(), &rules, &list, err) < 0)
        return -1;
    *chain_out = arena_text(arena, buffer_text(&list.der));
    buffer_done(&list.der);
    return 0;
}
