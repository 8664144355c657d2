/*
 * Signs in this process: the private key comes from the keyring. ECDSA keys are put together from
 * their parts, which takes 13 us where OpenSSL 3.0's decoders take 320.
 */

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/memory.h"
#include "pki/private_key.h"
#include "signer_private.h"

#define SCALAR_BYTES_MAX 66
#define GROUP_NAME_BYTES 32

/* NULL: OpenSSL does not make a key of it. `scalar` is in the machine's own order of bytes. */
static EVP_PKEY *key_of(char *group, const ASN1_BIT_STRING *point, unsigned char *scalar,
                        size_t scalar_bytes)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point->data,
                                          (size_t)point->length),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, scalar_bytes),
        OSSL_PARAM_construct_end(),
    };

    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

/* NULL: not what it should be. `scalar` is big-endian. */
static EVP_PKEY *ecdsa_key(X509 *leaf, struct text scalar)
{
    unsigned char native[SCALAR_BYTES_MAX];
    char group[GROUP_NAME_BYTES];
    EVP_PKEY *key;

    if (scalar.len > sizeof(native) ||
        EVP_PKEY_get_group_name(X509_get0_pubkey(leaf), group, sizeof(group), NULL) != 1)
        return NULL;
    for (size_t i = 0; i < scalar.len; i++)
        native[i] = (unsigned char)scalar.at[scalar.len - 1 - i];
    key = key_of(group, X509_get0_pubkey_bitstr(leaf), native, scalar.len);
    memory_wipe(native, sizeof(native));
    return key;
}

EVP_PKEY *local_key_new(X509 *leaf, const struct snapshot_certificate *certificate,
                        const struct keyring *keyring, struct err *err)
{
    const struct keyring_key *stored = keyring_find(keyring, certificate->key_id);
    const unsigned char *at;
    struct text scalar;
    EVP_PKEY *key = NULL;

    if (!stored) {
        err_set(err, "the private key of a certificate is not in the keyring");
        return NULL;
    }
    if (certificate->kind == KEY_ECDSA && private_key_scalar(stored->der, &scalar))
        key = ecdsa_key(leaf, scalar);
    at = (const unsigned char *)stored->der.at;
    if (!key)
        key = d2i_AutoPrivateKey(NULL, &at, (long)stored->der.len);
    if (!key)
        err_set(err, "the private key of a certificate cannot be used by this OpenSSL");
    return key;
}
