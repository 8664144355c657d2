/*
 * Public keys: their kind, their parts, and that they are sound. A certificate that passes control
 * must not fail in a worker, so a point is put on its curve here, once.
 */

#include "public_key.h"

#include "der.h"
#include "ec_curve.h"

#define RSA_BYTES_LEAST 256
#define RSA_BYTES_MOST  2048

static const char kinds[] = "use ECDSA (P-256, P-384) or RSA with 2048 bits or more";

enum algorithm {
    ALGORITHM_ECDSA,
    ALGORITHM_RSA,
    ALGORITHM_OTHER,
};

/* RFC 5480 and RFC 3279: an AlgorithmIdentifier's content; parameters are left over. */
static enum algorithm take_algorithm(struct text *in)
{
    struct text oid;

    if (!der_take(in, DER_OID, &oid))
        return ALGORITHM_OTHER;
    if (text_equal(oid, TEXT("\x2a\x86\x48\xce\x3d\x02\x01")))
        return ALGORITHM_ECDSA;
    if (text_equal(oid, TEXT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
        return ALGORITHM_RSA;
    return ALGORITHM_OTHER;
}

static enum public_key_status read_ecdsa(struct text parameters, struct public_key *key,
                                         struct err *err)
{
    const struct ec_curve *curve;

    if (!der_take(&parameters, DER_OID, &key->curve) || parameters.len) {
        err_set(err, "its elliptic curve is not named; %s", kinds);
        return PUBLIC_KEY_OTHER;
    }
    curve = ec_curve_find(key->curve);
    if (!curve) {
        err_set(err, "its elliptic curve is not served; %s", kinds);
        return PUBLIC_KEY_OTHER;
    }
    if (!ec_curve_has_point(curve, key->point)) {
        err_set(err, "its public key is not a point of its curve");
        return PUBLIC_KEY_BAD;
    }
    key->kind = KEY_ECDSA;
    return PUBLIC_KEY_OK;
}

static enum public_key_status read_rsa(struct text parameters, struct text bits,
                                       struct public_key *key, struct err *err)
{
    struct text parts;

    if (!text_equal(parameters, TEXT("\x05\x00")) || !der_take(&bits, DER_SEQUENCE, &parts) ||
        bits.len || !der_take_number(&parts, &key->modulus) ||
        !der_take_number(&parts, &key->exponent) || parts.len) {
        err_set(err, "its RSA public key cannot be read");
        return PUBLIC_KEY_BAD;
    }
    if (key->modulus.len < RSA_BYTES_LEAST || key->modulus.len > RSA_BYTES_MOST ||
        (key->modulus.len == RSA_BYTES_LEAST && (uint8_t)key->modulus.at[0] < 0x80)) {
        err_set(err, "its RSA key has %zu bits; %s", key->modulus.len * 8, kinds);
        return PUBLIC_KEY_WEAK;
    }
    key->kind = KEY_RSA;
    return PUBLIC_KEY_OK;
}

bool algorithm_is(struct text identifier, enum key_kind kind, struct text *curve_out)
{
    switch (take_algorithm(&identifier)) {
    case ALGORITHM_ECDSA:
        return kind == KEY_ECDSA &&
               (!identifier.len || (der_take(&identifier, DER_OID, curve_out) && !identifier.len));
    case ALGORITHM_RSA:
        return kind == KEY_RSA && text_equal(identifier, TEXT("\x05\x00")); /* NULL */
    case ALGORITHM_OTHER:
        break;
    }
    return false;
}

enum public_key_status public_key_read(struct text info, struct public_key *key_out,
                                       struct err *err)
{
    struct text in = info;
    struct text content;
    struct text parameters;

    key_out->info = info;
    if (!der_take(&in, DER_SEQUENCE, &content) || in.len ||
        !der_take(&content, DER_SEQUENCE, &parameters) ||
        !der_take_bits(&content, &key_out->point) || content.len) {
        err_set(err, "its public key cannot be read");
        return PUBLIC_KEY_BAD;
    }
    switch (take_algorithm(&parameters)) {
    case ALGORITHM_ECDSA:
        return read_ecdsa(parameters, key_out, err);
    case ALGORITHM_RSA:
        return read_rsa(parameters, key_out->point, key_out, err);
    case ALGORITHM_OTHER:
        break;
    }
    err_set(err, "its kind of key is not served; %s", kinds);
    return PUBLIC_KEY_OTHER;
}
