/*
 * Arithmetic on the curves of certificates, by libcrypto's groups, which are made once. Compares
 * public with private halves: P-256 takes 10 us, so it is done for each key that is read.
 */

#include "ec_curve.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#define POINT_BYTES_MAX 160

struct ec_curve {
    struct text oid;
    int nid;
    size_t scalar_bytes;
};

enum {
    CURVES = 3
};

static const struct ec_curve curves[CURVES] = {
    { .oid = { "\x2a\x86\x48\xce\x3d\x03\x01\x07", 8 },
      .nid = NID_X9_62_prime256v1,
      .scalar_bytes = 32 },
    { .oid = { "\x2b\x81\x04\x00\x22", 5 }, .nid = NID_secp384r1, .scalar_bytes = 48 },
    { .oid = { "\x2b\x81\x04\x00\x23", 5 }, .nid = NID_secp521r1, .scalar_bytes = 66 },
};

const struct ec_curve *ec_curve_find(struct text oid)
{
    for (size_t i = 0; i < CURVES; i++)
        if (text_equal(curves[i].oid, oid))
            return &curves[i];
    return NULL;
}

/* Making a group costs as much as using it, so each is kept for the life of the process. */
static const EC_GROUP *group_of(const struct ec_curve *curve)
{
    static EC_GROUP *groups[CURVES];
    size_t index = (size_t)(curve - curves);

    if (!groups[index])
        groups[index] = EC_GROUP_new_by_curve_name(curve->nid);
    return groups[index];
}

bool ec_curve_has_point(const struct ec_curve *curve, struct text point)
{
    const EC_GROUP *group = group_of(curve);
    EC_POINT *decoded = group ? EC_POINT_new(group) : NULL;
    /* 04: uncompressed, the only form that TLS and browsers take */
    bool is_point =
        decoded && point.len == 1 + 2 * curve->scalar_bytes && point.at[0] == 4 &&
        EC_POINT_oct2point(group, decoded, (const unsigned char *)point.at, point.len, NULL) == 1;

    EC_POINT_free(decoded);
    return is_point;
}

bool ec_curve_point_is(const struct ec_curve *curve, struct text scalar, struct text point)
{
    unsigned char bytes[POINT_BYTES_MAX];
    const EC_GROUP *group = group_of(curve);
    BIGNUM *number = NULL;
    EC_POINT *made = NULL;
    bool is_same = false;

    if (!group || scalar.len == 0 || scalar.len > curve->scalar_bytes)
        return false;
    number = BN_secure_new();
    made = EC_POINT_new(group);
    if (number && made && BN_bin2bn((const unsigned char *)scalar.at, (int)scalar.len, number) &&
        EC_POINT_mul(group, made, number, NULL, NULL, NULL) == 1)
        is_same = EC_POINT_point2oct(group, made, POINT_CONVERSION_UNCOMPRESSED, bytes,
                                     sizeof(bytes), NULL) == point.len &&
                  memcmp(bytes, point.at, point.len) == 0;
    EC_POINT_free(made);
    BN_clear_free(number);
    return is_same;
}
