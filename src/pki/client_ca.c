/*
 * CA certificates for verifying clients. Called by control when it loads the mapping file; few and
 * seldom, so OpenSSL may parse them whole. Nothing is verified here: that is the worker's
 * handshake.
 */

#include "pki/client_ca.h"

#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buffer.h"
#include "certificate_parse.h"
#include "pem.h"
#include "pem_file.h"

struct collected {
    struct buffer der;
    size_t count;
    bool any_in_date;
};

static int check(X509 *certificate, size_t place, struct err *err)
{
    if (!certificate)
        return err_set(err, "certificate %zu cannot be parsed", place);
    if (X509_check_ca(certificate) != 1)
        return err_set(err,
                       "certificate %zu is no CA certificate (basicConstraints has no CA:TRUE); "
                       "name the file of whoever issues the client certificates",
                       place);
    return 0;
}

static bool is_in_date(const X509 *certificate, time_t now)
{
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
}

static int add(struct collected *collected, const struct pem_block *block, int64_t now_s,
               struct err *err)
{
    struct arena arena = { 0 };
    const unsigned char *at = NULL;
    X509 *certificate = NULL;
    struct text der;
    int status = -1;

    if (!text_equal(block->label, TEXT("CERTIFICATE")))
        return err_set(err, "there is a %.*s in it; only CA certificates belong here",
                       TEXT_ARGS(text_first(block->label, 40)));
    if (collected->count == CLIENT_CA_CERTIFICATES_MAX)
        return err_set(err, "there are more than %d certificates", CLIENT_CA_CERTIFICATES_MAX);
    if (pem_decode(block, &arena, &der, err) == 0) {
        at = (const unsigned char *)der.at;
        certificate = d2i_X509(NULL, &at, (long)der.len);
        if (certificate && at != (const unsigned char *)der.at + der.len) {
            X509_free(certificate);
            certificate = NULL; /* something is behind it */
        }
        status = check(certificate, collected->count + 1, err);
    }
    if (status == 0) {
        buffer_append_text(&collected->der, der);
        collected->count++;
        collected->any_in_date |= is_in_date(certificate, (time_t)now_s);
    }
    X509_free(certificate);
    arena_done(&arena);
    return status;
}

static int collect(struct collected *collected, struct text pem, int64_t now_s, struct err *err)
{
    struct pem_block block;

    for (;;) {
        switch (pem_next(&pem, &block, err)) {
        case PEM_BLOCK:
            if (add(collected, &block, now_s, err) < 0)
                return -1;
            break;
        case PEM_BAD:
            return -1;
        case PEM_END:
            if (!collected->count)
                return err_set(err, "there is no -----BEGIN CERTIFICATE----- in it");
            if (!collected->any_in_date)
                return err_set(err, "its CA certificates are expired, or not valid yet");
            return 0;
        }
    }
}

int client_ca_read(const char *path, int64_t now_s, struct arena *arena, struct client_ca *ca_out,
                   struct err *err)
{
    struct collected collected = { 0 };
    struct pem_file file;
    int status;

    if (pem_file_read(&file, path, err) < 0)
        return -1;
    status = collect(&collected, text_make(file.bytes, file.len), now_s, err);
    pem_file_done(&file);
    if (status == 0) {
        ca_out->certificates = arena_text(arena, buffer_text(&collected.der));
        certificate_digest(ca_out->certificates, ca_out->id);
    }
    buffer_done(&collected.der);
    return status == 0 ? 0 : err_prefix(err, "%s", path);
}
