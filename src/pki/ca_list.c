/*
 * CA certificates from PEM to DER, each parsed once by OpenSSL: one that a worker could not parse
 * would only be missed there. Few and seldom. Verifies nothing: that is the handshakes'.
 */

#include "ca_list.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/memory.h"
#include "pem.h"

/* NULL: it is none, or something is behind it. */
static X509 *parse(struct text der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);

    if (!certificate || at == (const unsigned char *)der.at + der.len)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static int check(X509 *certificate, const struct ca_list_rules *rules, size_t place,
                 struct err *err)
{
    if (!certificate)
        return err_set(err, "certificate %zu is damaged", place);
    if (rules->must_sign && X509_check_ca(certificate) != 1)
        return err_set(err,
                       "certificate %zu is no CA certificate (basicConstraints has no CA:TRUE); "
                       "name the file of whoever issues the certificates",
                       place);
    return 0;
}

static bool is_in_date(const X509 *certificate, time_t now)
{
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
}

static int add(struct ca_list *list, const struct ca_list_rules *rules,
               const struct pem_block *block, struct err *err)
{
    struct arena arena = { 0 };
    X509 *certificate = NULL;
    struct text der;
    int status = -1;

    if (!text_equal(block->label, TEXT("CERTIFICATE")))
        return err_set(err, "there is a %.*s in it; keep the certificates of CAs only",
                       TEXT_ARGS(text_first(block->label, 40)));
    if (list->count == rules->most)
        return err_set(err, "there are more than %zu certificates", rules->most);
    if (pem_decode(block, &arena, &der, err) == 0) {
        certificate = parse(der);
        status = check(certificate, rules, list->count + 1, err);
    }
    if (status == 0) {
        buffer_append_text(&list->der, der);
        list->count++;
        list->any_in_date |= is_in_date(certificate, (time_t)rules->now_s);
    }
    X509_free(certificate);
    arena_done(&arena);
    return status;
}

static int add_all(struct ca_list *list, const struct ca_list_rules *rules, struct text pem,
                   struct err *err)
{
    struct pem_block block;
    enum pem_status status;

    while ((status = pem_next(&pem, &block, err)) == PEM_BLOCK)
        if (add(list, rules, &block, err) < 0)
            return -1;
    if (status == PEM_BAD)
        return -1;
    if (!list->count)
        return err_set(err, "there is no certificate in it; it must be PEM, with a line "
                            "-----BEGIN CERTIFICATE-----");
    return 0;
}

int ca_list_read(const char *path, const struct ca_list_rules *rules, struct ca_list *list_out,
                 struct err *err)
{
    struct ca_list list = { .count = 0 };
    char *text = NULL;
    size_t len = 0;
    int status;

    if (file_read(path, rules->bytes, &text, &len, err) < 0)
        return -1;
    status = add_all(&list, rules, text_make(text, len), err);
    memory_wipe(text, len); /* it may be a key, by mistake */
    free(text);
    if (status < 0) {
        buffer_done(&list.der);
        return err_prefix(err, "%s", path);
    }
    *list_out = list;
    return 0;
}
