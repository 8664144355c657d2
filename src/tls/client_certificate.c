/*
 * What is kept of a client's certificate when its handshake is over: texts for log and fields, made
 * once a connection. Called by session_facts.c. The values are trusted by backends, so what cannot
 * be said exactly is not said.
 */

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "client_auth.h"

#define SUBJECT_BYTES_MOST ((size_t)1024)
#define SERIAL_BYTES_MOST  64                 /* RFC 5280 allows 20 */
#define CHAIN_BYTES_MOST   ((size_t)6 * 1024) /* of DER: a field of 8 KiB, a ticket of 7 */
#define LEAF_BYTES_MOST    ((size_t)8 * 1024)

static bool is_printable(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~')
            return false;
    return true;
}

/* XN_FLAG_RFC2253 escapes controls and everything beyond ASCII. */
static struct text take_subject(const X509 *certificate, struct arena *arena)
{
    BIO *memory = BIO_new(BIO_s_mem());
    struct text subject = TEXT_NONE;
    char *at;
    long len;

    if (memory &&
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        len = BIO_get_mem_data(memory, &at);
        if (len > 0)
            subject = text_make(at, (size_t)len);
        /* cut, it could be the name of somebody else */
        if (subject.len > SUBJECT_BYTES_MOST || !is_printable(subject))
            subject = TEXT_NONE;
        subject = arena_text(arena, subject);
    }
    BIO_free(memory);
    return subject;
}

static struct text take_serial(X509 *certificate, struct arena *arena)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), NULL);
    char *hex = number ? BN_bn2hex(number) : NULL;
    struct text serial = text_of(hex);

    serial = serial.len <= SERIAL_BYTES_MOST ? arena_text(arena, serial) : TEXT_NONE;
    OPENSSL_free(hex);
    BN_free(number);
    return serial;
}

/* A byte sequence of structured fields (RFC 8941 section 3.3.5). */
static void put_byte_sequence(struct buffer *out, const unsigned char *der, size_t len)
{
    char *room;

    buffer_append_byte(out, ':');
    room = buffer_reserve(out, (len + 2) / 3 * 4 + 1);
    buffer_grew(out, (size_t)EVP_EncodeBlock((unsigned char *)room, der, (int)len));
    buffer_append_byte(out, ':');
}

static struct text take_leaf(const X509 *certificate, struct arena *arena)
{
    struct buffer field = { 0 };
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);
    struct text kept;

    if (len > 0 && (size_t)len <= LEAF_BYTES_MOST)
        put_byte_sequence(&field, der, (size_t)len);
    kept = arena_text(arena, buffer_text(&field));
    OPENSSL_free(der);
    buffer_done(&field);
    return kept;
}

static bool is_root(X509 *certificate)
{
    return X509_get_extension_flags(certificate) & EXFLAG_SI;
}

void client_chain_collect(SSL *ssl, struct buffer *out)
{
    STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);

    for (int i = 1; i < sk_X509_num(chain); i++) { /* of NULL: -1 */
        unsigned char *der = NULL;
        int len = is_root(sk_X509_value(chain, i)) ? 0 : i2d_X509(sk_X509_value(chain, i), &der);

        if (len > 0)
            buffer_append(out, der, (size_t)len);
        OPENSSL_free(der);
    }
    if (buffer_len(out) > CHAIN_BYTES_MOST)
        buffer_done(out);
}

/* DER, one certificate behind the other, as a list. */
static struct text chain_field(struct text chain, struct arena *arena)
{
    const unsigned char *at = (const unsigned char *)chain.at;
    const unsigned char *end = at + chain.len;
    struct buffer field = { 0 };
    struct text kept;

    while (at < end) {
        const unsigned char *begin = at;
        X509 *certificate = d2i_X509(NULL, &at, end - at);

        X509_free(certificate);
        if (!certificate)
            break;
        if (buffer_len(&field))
            buffer_append_text(&field, TEXT(", "));
        put_byte_sequence(&field, begin, (size_t)(at - begin));
    }
    kept = arena_text(arena, buffer_text(&field));
    buffer_done(&field);
    return kept;
}

struct tls_client_certificate *client_certificate_describe(X509 *certificate, struct text chain,
                                                           struct arena *arena)
{
    struct tls_client_certificate *kept = arena_new(arena, 1, sizeof(*kept));

    kept->subject = take_subject(certificate, arena);
    kept->serial = take_serial(certificate, arena);
    kept->field = take_leaf(certificate, arena);
    kept->chain_field = chain_field(chain, arena);
    return kept;
}

/* The chain of a resumed session is in its ticket. */
struct tls_client_certificate *client_certificate_take(SSL *ssl, struct arena *arena)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    struct buffer chain = { 0 };
    void *remembered = NULL;
    size_t len = 0;
    struct tls_client_certificate *kept;

    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK)
        return NULL;
    if (SSL_session_reused(ssl) != 1)
        client_chain_collect(ssl, &chain);
    else if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(ssl), &remembered, &len) == 1)
        buffer_append(&chain, remembered, len);
    kept = client_certificate_describe(certificate, buffer_text(&chain), arena);
    buffer_done(&chain);
    return kept;
}
