#ifndef SWARMWARD_PKI_PUBLIC_KEY_H
#define SWARMWARD_PKI_PUBLIC_KEY_H

#include "base/err.h"
#include "model/snapshot.h"

/* A SubjectPublicKeyInfo, read without OpenSSL's decoders, and the private key that fits it. */

struct public_key {
    enum key_kind kind;
    struct text info; /* the SubjectPublicKeyInfo, whole */
    /* KEY_ECDSA */
    struct text curve; /* the bytes of its OID */
    struct text point;
    /* KEY_RSA */
    struct text modulus; /* without leading zeros */
    struct text exponent;
};

enum public_key_status {
    PUBLIC_KEY_OK,
    PUBLIC_KEY_OTHER, /* well formed, but of a kind that is not served; `err` says which are */
    PUBLIC_KEY_WEAK,  /* RSA that is too short, or too long to be true */
    PUBLIC_KEY_BAD,
};

/* Views of `info`. Points must lie on their curve; RSA has at least 2048 bits. */
enum public_key_status public_key_read(struct text info, struct public_key *key_out,
                                       struct err *err);

/* Is the content of an AlgorithmIdentifier for this kind of key? ECDSA may name its curve there. */
bool algorithm_is(struct text identifier, enum key_kind kind, struct text *curve_out);

/* -1: `der` (SEC1, PKCS#1 or PKCS#8) is no key, or not the one that belongs to `key`. */
int private_key_check(struct text der, const struct public_key *key, struct err *err);

#endif
