/*
 * Does a private key belong to a public one? Answered from the numbers themselves, without making
 * an OpenSSL key of it (420 us in 3.0). Called by control for each pair that is new or changed.
 */

#include <openssl/bn.h>

#include "der.h"
#include "ec_curve.h"
#include "public_key.h"

#define P256_BYTES 32

static int no_key(struct err *err)
{
    return err_set(err, "the private key cannot be read; write it anew as PEM, for example with "
                        "`openssl pkey -in OLD -out NEW`");
}

static int other_key(struct err *err)
{
    return err_set(err, "the private key does not belong to the certificate; give the key that the "
                        "certificate was made for");
}

/*
 * RFC 5915, behind the version. Only P-256 is quick enough to be multiplied always; for the other
 * curves the public half in the file is believed where there is one.
 */
static int check_ecdsa(struct text in, struct text curve_name, const struct public_key *key,
                       struct err *err)
{
    const struct ec_curve *curve = ec_curve_find(key->curve);
    struct text scalar;
    struct text tagged;
    struct text point = TEXT_NONE;
    struct text inner_name = curve_name;

    if (!der_take(&in, DER_OCTET_STRING, &scalar))
        return no_key(err);
    if (der_take(&in, DER_CONTEXT_CONSTRUCTED | 0, &tagged) &&
        !der_take(&tagged, DER_OID, &inner_name))
        return no_key(err);
    if (der_take(&in, DER_CONTEXT_CONSTRUCTED | 1, &tagged) && !der_take_bits(&tagged, &point))
        return no_key(err);
    if (in.len || !inner_name.len || (curve_name.len && !text_equal(curve_name, inner_name)))
        return no_key(err);
    if (!text_equal(inner_name, key->curve) || (point.len && !text_equal(point, key->point)))
        return other_key(err);
    if (point.len && scalar.len > P256_BYTES)
        return 0;
    return ec_curve_point_is(curve, scalar, key->point) ? 0 : other_key(err);
}

static BIGNUM *number_of(struct text bytes)
{
    return BN_bin2bn((const unsigned char *)bytes.at, (int)bytes.len, NULL);
}

/* Two primes that make this modulus: a file that was damaged must not get as far as a worker. */
static bool is_product(struct text p, struct text q, struct text modulus)
{
    BN_CTX *scratch = BN_CTX_secure_new();
    BIGNUM *left = number_of(p);
    BIGNUM *right = number_of(q);
    BIGNUM *whole = number_of(modulus);
    BIGNUM *product = BN_secure_new();
    bool is_same = scratch && left && right && whole && product &&
                   BN_mul(product, left, right, scratch) == 1 && BN_cmp(product, whole) == 0;

    BN_clear_free(product);
    BN_free(whole);
    BN_clear_free(right);
    BN_clear_free(left);
    BN_CTX_free(scratch);
    return is_same;
}

/* RFC 8017 appendix A.1.2, behind the version. */
static int check_rsa(struct text in, const struct public_key *key, struct err *err)
{
    enum {
        MODULUS,
        PUBLIC,
        PRIVATE,
        P,
        Q,
        DP,
        DQ,
        QINV,
        PARTS
    };
    struct text parts[PARTS];

    for (size_t i = 0; i < PARTS; i++)
        if (!der_take_number(&in, &parts[i]))
            return no_key(err);
    if (in.len)
        return no_key(err);
    if (!text_equal(parts[MODULUS], key->modulus) || !text_equal(parts[PUBLIC], key->exponent))
        return other_key(err);
    return is_product(parts[P], parts[Q], key->modulus) ? 0 : no_key(err);
}

/* The version, then SEC1 or PKCS#1 by what follows. */
static int check_plain(struct text der, struct text curve, const struct public_key *key,
                       struct err *err)
{
    struct text content;
    struct text version;

    if (!der_take(&der, DER_SEQUENCE, &content) || der.len ||
        !der_take_number(&content, &version) || version.len != 1)
        return no_key(err);
    if (version.at[0] == 1 && der_is(content, DER_OCTET_STRING))
        return key->kind == KEY_ECDSA ? check_ecdsa(content, curve, key, err) : other_key(err);
    if (version.at[0] == 0 && der_is(content, DER_INTEGER))
        return key->kind == KEY_RSA ? check_rsa(content, key, err) : other_key(err);
    return no_key(err);
}

int private_key_check(struct text der, const struct public_key *key, struct err *err)
{
    struct text in = der;
    struct text content;
    struct text version;
    struct text algorithm;
    struct text oid;
    struct text curve = TEXT_NONE;

    if (!der_take(&in, DER_SEQUENCE, &content) || in.len || !der_take_number(&content, &version))
        return no_key(err);
    if (!der_is(content, DER_SEQUENCE))
        return check_plain(der, TEXT_NONE, key, err);
    /* RFC 5958; attributes and a public key may follow */
    if (!der_take(&content, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
        !der_take(&content, DER_OCTET_STRING, &in))
        return no_key(err);
    if (der_is(algorithm, DER_OID) && !der_take(&algorithm, DER_OID, &curve))
        return no_key(err);
    if (!der_is(in, DER_SEQUENCE))
        return other_key(err); /* Ed25519 and the like */
    return check_plain(in, curve, key, err);
}
