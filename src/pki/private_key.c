/*
 * Does a private key belong to a public one? Answered from the numbers themselves, without making
 * an OpenSSL key of it (320 us in 3.0). Called by control for each pair that is new or changed, and
 * by the signer of a worker.
 */

#include "pki/private_key.h"

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

struct private_key {
    enum key_kind kind;
    struct text curve; /* OID, where the wrapping names one */
    struct text parts; /* behind the version */
};

enum open_status {
    OPEN_OK,
    OPEN_OTHER, /* a key, but neither ECDSA nor RSA */
    OPEN_BAD,
};

/* The version, then SEC1 or PKCS#1 by what follows. */
static enum open_status open_plain(struct text der, struct private_key *key_out)
{
    struct text version;

    if (!der_take(&der, DER_SEQUENCE, &key_out->parts) || der.len ||
        !der_take_number(&key_out->parts, &version) || version.len != 1)
        return OPEN_BAD;
    if (version.at[0] == 1 && der_is(key_out->parts, DER_OCTET_STRING))
        key_out->kind = KEY_ECDSA;
    else if (version.at[0] == 0 && der_is(key_out->parts, DER_INTEGER))
        key_out->kind = KEY_RSA;
    else
        return OPEN_BAD;
    return OPEN_OK;
}

/* Out of its PKCS#8 (RFC 5958), if it is in one; attributes and a public key may follow there. */
static enum open_status open_key(struct text der, struct private_key *key_out)
{
    struct text in = der;
    struct text content;
    struct text version;
    struct text algorithm;
    enum open_status status;

    key_out->curve = TEXT_NONE;
    if (!der_take(&in, DER_SEQUENCE, &content) || in.len || !der_take_number(&content, &version))
        return OPEN_BAD;
    if (!der_is(content, DER_SEQUENCE))
        return open_plain(der, key_out);
    if (version.len != 1 || (uint8_t)version.at[0] > 1 ||
        !der_take(&content, DER_SEQUENCE, &algorithm) || !der_take(&content, DER_OCTET_STRING, &in))
        return OPEN_BAD;
    if (!der_is(in, DER_SEQUENCE))
        return OPEN_OTHER; /* Ed25519 and the like */
    status = open_plain(in, key_out);
    if (status == OPEN_OK && !algorithm_is(algorithm, key_out->kind, &key_out->curve))
        return OPEN_BAD;
    return status;
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

static int check_plain(const struct private_key *found, const struct public_key *key,
                       struct err *err)
{
    if (found->kind != key->kind)
        return other_key(err);
    return key->kind == KEY_ECDSA ? check_ecdsa(found->parts, found->curve, key, err)
                                  : check_rsa(found->parts, key, err);
}

int private_key_check(struct text der, const struct public_key *key, struct err *err)
{
    struct private_key found;

    switch (open_key(der, &found)) {
    case OPEN_OK:
        return check_plain(&found, key, err);
    case OPEN_OTHER:
        return other_key(err);
    case OPEN_BAD:
        break;
    }
    return no_key(err);
}

bool private_key_scalar(struct text der, struct text *scalar_out)
{
    struct private_key found;

    return open_key(der, &found) == OPEN_OK && found.kind == KEY_ECDSA &&
           der_take(&found.parts, DER_OCTET_STRING, scalar_out);
}
