/*
 * Which key exchange groups there are, asked of libcrypto alone, so that `check` can say what a
 * worker would refuse. The names are those that OpenSSL takes in a list of TLS groups.
 */

#include "pki/tls_group.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

struct group_row {
    const char *name;
    const char *algorithm; /* of the key; NULL: an elliptic curve of that name */
};

static const struct group_row rows[] = {
    { "X25519", "X25519" },
    { "X448", "X448" },
    { "prime256v1", NULL },
    { "secp256r1", NULL },
    { "P-256", NULL },
    { "secp384r1", NULL },
    { "P-384", NULL },
    { "secp521r1", NULL },
    { "P-521", NULL },
    { "X25519MLKEM768", "X25519MLKEM768" },
    { "SecP256r1MLKEM768", "SecP256r1MLKEM768" },
    { "SecP384r1MLKEM1024", "SecP384r1MLKEM1024" },
};

static bool has_algorithm(const char *name)
{
    EVP_KEYMGMT *algorithm = EVP_KEYMGMT_fetch(NULL, name, NULL);

    EVP_KEYMGMT_free(algorithm);
    return algorithm != NULL;
}

static bool has_curve(const char *name)
{
    int nid = EC_curve_nist2nid(name);
    EC_GROUP *curve;

    if (nid == NID_undef)
        nid =
            text_equal(text_of(name), TEXT("secp256r1")) ? NID_X9_62_prime256v1 : OBJ_sn2nid(name);
    curve = nid == NID_undef ? NULL : EC_GROUP_new_by_curve_name(nid);
    EC_GROUP_free(curve);
    return curve != NULL;
}

bool tls_group_is_there(struct text name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (text_equal_nocase(name, text_of(rows[i].name)))
            return rows[i].algorithm ? has_algorithm(rows[i].algorithm) : has_curve(rows[i].name);
    return false;
}
