/*
 * Any bytes as certificates, the first a client's and the others its issuers: what is passed on to
 * backends is printable, bounded, no line of its own, and base64 of the very bytes.
 */

#include <openssl/x509.h>

#include "client_auth.h"
#include "http_check.h"

#define BYTES_MAX 16384

static void check_printable(struct text text, size_t most)
{
    CHECK(text.len <= most);
    for (size_t i = 0; i < text.len; i++)
        CHECK(text.at[i] >= ' ' && text.at[i] <= '~');
}

/* ":base64:", and what it says. */
static void check_byte_sequence(struct text item, struct buffer *der_out)
{
    struct text inner = text_make(item.at + 1, item.len - 2);
    char *room = buffer_reserve(der_out, inner.len + 4);
    int len;

    CHECK(item.len >= 6 && item.at[0] == ':' && item.at[item.len - 1] == ':');
    CHECK(inner.len % 4 == 0 && text_find(inner, ':') == inner.len);
    len = EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)inner.at, (int)inner.len);
    CHECK(len > 0);
    for (size_t i = inner.len; i > 0 && inner.at[i - 1] == '='; i--)
        len--;
    buffer_grew(der_out, (size_t)len);
}

static void check_leaf(struct text field, X509 *certificate)
{
    struct buffer said = { 0 };
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);

    if (field.len) {
        check_byte_sequence(field, &said);
        CHECK(text_equal(buffer_text(&said), text_make((const char *)der, (size_t)len)));
    } else {
        CHECK(len <= 0 || len > 8192);
    }
    OPENSSL_free(der);
    buffer_done(&said);
}

static void check_chain(struct text field, struct text chain)
{
    struct buffer said = { 0 };
    struct text item;

    while (field.len) {
        text_split(field, ',', &item, &field);
        check_byte_sequence(text_trim(item), &said);
    }
    CHECK(text_starts(chain, buffer_text(&said)));
    buffer_done(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const unsigned char *at = bytes;
    struct arena arena = { 0 };
    X509 *certificate;

    if (len > BYTES_MAX)
        return 0;
    certificate = d2i_X509(NULL, &at, (long)len);
    if (certificate) {
        struct text chain = text_make((const char *)at, (size_t)(bytes + len - at));
        const struct tls_client_certificate *said =
            client_certificate_describe(certificate, chain, &arena);

        check_printable(said->subject, 1024);
        check_printable(said->serial, 64);
        check_printable(said->field, SIZE_MAX);
        check_printable(said->chain_field, SIZE_MAX);
        check_leaf(said->field, certificate);
        check_chain(said->chain_field, chain);
    }
    X509_free(certificate);
    arena_done(&arena);
    return 0;
}
