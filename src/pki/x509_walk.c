/*
 * The facts of one certificate, found by walking its DER. Names, algorithms and extensions are also
 * given to OpenSSL's parsers (2 us), so that what passes here parses in a worker as well.
 */

#include "x509_walk.h"

#include <openssl/x509.h>

#include "der.h"

static int damaged(struct err *err)
{
    return err_set(err, "it is damaged: not the DER of an X.509 certificate");
}

/* RFC 5280 names, held to what OpenSSL takes (a string that is no UTF-8 is refused there). */
static bool take_name(struct text *in)
{
    struct der value;
    const unsigned char *at;
    X509_NAME *name;

    if (!der_is(*in, DER_SEQUENCE) || !der_next(in, &value))
        return false;
    at = (const unsigned char *)value.whole.at;
    name = d2i_X509_NAME(NULL, &at, (long)value.whole.len);
    X509_NAME_free(name);
    return name != NULL;
}

static bool take_algorithm(struct text *in, struct text *oid_out)
{
    struct der value;
    struct text content;
    const unsigned char *at;
    X509_ALGOR *algorithm;

    if (!der_is(*in, DER_SEQUENCE) || !der_next(in, &value))
        return false;
    at = (const unsigned char *)value.whole.at;
    algorithm = d2i_X509_ALGOR(NULL, &at, (long)value.whole.len);
    X509_ALGOR_free(algorithm);
    content = value.content;
    return algorithm != NULL && der_take(&content, DER_OID, oid_out);
}

static bool are_extensions(struct text whole)
{
    const unsigned char *at = (const unsigned char *)whole.at;
    X509_EXTENSIONS *extensions = d2i_X509_EXTENSIONS(NULL, &at, (long)whole.len);

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return extensions != NULL;
}

/* The SEQUENCE inside an extension's OCTET STRING. */
static bool unwrap(struct text value, struct text *content_out)
{
    return der_take(&value, DER_SEQUENCE, content_out) && value.len == 0 && content_out->len > 0;
}

static bool read_extension(struct text extension, struct x509_walk *walk)
{
    struct text oid;
    struct text critical;
    struct text value;

    if (!der_take(&extension, DER_OID, &oid))
        return false;
    if (der_is(extension, DER_BOOLEAN) && !der_take(&extension, DER_BOOLEAN, &critical))
        return false;
    if (!der_take(&extension, DER_OCTET_STRING, &value) || extension.len)
        return false;
    if (text_equal(oid, text_make("\x55\x1d\x11", 3))) /* 2.5.29.17 */
        return !walk->alternatives.len && unwrap(value, &walk->alternatives);
    if (text_equal(oid, text_make("\x55\x1d\x25", 3))) /* 2.5.29.37 */
        return !walk->extended_uses.len && unwrap(value, &walk->extended_uses);
    return true;
}

static bool read_extensions(struct text in, struct x509_walk *walk)
{
    struct text list;
    struct text extension;

    if (!are_extensions(in) || !der_take(&in, DER_SEQUENCE, &list) || in.len)
        return false;
    while (list.len)
        if (!der_take(&list, DER_SEQUENCE, &extension) || !read_extension(extension, walk))
            return false;
    return true;
}

/* What follows the key: two unique identifiers that nobody uses, and the extensions. */
static bool read_tail(struct text in, struct x509_walk *walk)
{
    struct text content;

    if (der_is(in, DER_CONTEXT | 1) && !der_take(&in, DER_CONTEXT | 1, &content))
        return false;
    if (der_is(in, DER_CONTEXT | 2) && !der_take(&in, DER_CONTEXT | 2, &content))
        return false;
    if (!in.len)
        return true;
    return der_take(&in, DER_CONTEXT_CONSTRUCTED | 3, &content) && in.len == 0 &&
           read_extensions(content, walk);
}

static bool read_body(struct text in, struct x509_walk *walk)
{
    struct text content;
    struct text number;
    struct der key;

    if (der_take(&in, DER_CONTEXT_CONSTRUCTED | 0, &content) &&
        (!der_take_number(&content, &number) || content.len))
        return false;
    if (!der_take(&in, DER_INTEGER, &number) || !number.len) /* serials below zero exist */
        return false;
    if (!take_algorithm(&in, &walk->signature) || !take_name(&in) ||
        !der_take(&in, DER_SEQUENCE, &content))
        return false;
    if (!der_take_time(&content, &walk->not_before_s) ||
        !der_take_time(&content, &walk->not_after_s) || content.len)
        return false;
    if (!take_name(&in) || !der_is(in, DER_SEQUENCE) || !der_next(&in, &key))
        return false;
    walk->key_info = key.whole;
    return read_tail(in, walk);
}

int x509_walk(struct text der, struct x509_walk *walk_out, struct err *err)
{
    struct text content;
    struct text body;
    struct text signature;
    struct text algorithm;
    struct x509_walk walk = { 0 };

    if (!der_take(&der, DER_SEQUENCE, &content))
        return damaged(err);
    if (der.len)
        return err_set(err, "there are %zu bytes behind it", der.len);
    if (!der_take(&content, DER_SEQUENCE, &body) || !take_algorithm(&content, &algorithm) ||
        !der_take_bits(&content, &signature) || content.len || !read_body(body, &walk))
        return damaged(err);
    *walk_out = walk;
    return 0;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static bool is_dns_name(struct text name)
{
    if (name.len > 253)
        return false;
    if (text_starts(name, TEXT("*.")))
        name = text_from(name, 2);
    if (!name.len || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_byte(name.at[i]))
            return false;
    return true;
}

bool x509_next_name(struct text *alternatives, struct text *name_out)
{
    struct der value;

    while (der_next(alternatives, &value)) {
        if (value.tag != (DER_CONTEXT | 2) || !is_dns_name(value.content))
            continue;
        *name_out = value.content;
        return true;
    }
    return false;
}

bool x509_is_well_signed(const struct x509_walk *walk)
{
    static const struct text good[] = {
        { "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8 },     /* ECDSA with SHA-256 */
        { "\x2a\x86\x48\xce\x3d\x04\x03\x03", 8 },     /* and SHA-384 */
        { "\x2a\x86\x48\xce\x3d\x04\x03\x04", 8 },     /* and SHA-512 */
        { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9 }, /* RSA with SHA-256 */
        { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9 }, /* and SHA-384 */
        { "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9 }, /* and SHA-512 */
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (text_equal(walk->signature, good[i]))
            return true;
    return false;
}

bool x509_may_serve(const struct x509_walk *walk)
{
    struct text uses = walk->extended_uses;
    struct text oid;

    if (!uses.len)
        return true;
    while (der_take(&uses, DER_OID, &oid)) {
        if (text_equal(oid, text_make("\x2b\x06\x01\x05\x05\x07\x03\x01", 8)) || /* serverAuth */
            text_equal(oid, text_make("\x55\x1d\x25\x00", 4)))                   /* any */
            return true;
    }
    return false;
}
