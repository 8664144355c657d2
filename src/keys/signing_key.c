/*
 * The only place where a private key is used. Called by desk.c with what a worker asks for, which
 * may be anything. A key keeps OpenSSL's context of the scheme that was last asked for: to make one
 * costs as much as half a signature.
 */

#include "signing_key.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/memory.h"
#include "model/keyring.h"

struct signing_key {
    /* owned */
    EVP_PKEY *key;
    EVP_PKEY_CTX *context; /* ready to sign with `scheme`; NULL: none */
    EVP_MD *hash;          /* of `scheme` */
    enum sign_scheme scheme;
    int references;
    unsigned uses; /* enum keyring_use */
    bool is_rsa;
};

struct scheme {
    const char *hash;
    enum sign_scheme scheme;
    int padding; /* 0: ECDSA */
};

static const struct scheme schemes[] = {
    { "SHA256", SIGN_ECDSA_SHA256, 0 },
    { "SHA384", SIGN_ECDSA_SHA384, 0 },
    { "SHA512", SIGN_ECDSA_SHA512, 0 },
    { "SHA256", SIGN_RSA_PSS_SHA256, RSA_PKCS1_PSS_PADDING },
    { "SHA384", SIGN_RSA_PSS_SHA384, RSA_PKCS1_PSS_PADDING },
    { "SHA512", SIGN_RSA_PSS_SHA512, RSA_PKCS1_PSS_PADDING },
    { "SHA256", SIGN_RSA_PKCS1_SHA256, RSA_PKCS1_PADDING },
    { "SHA384", SIGN_RSA_PKCS1_SHA384, RSA_PKCS1_PADDING },
    { "SHA512", SIGN_RSA_PKCS1_SHA512, RSA_PKCS1_PADDING },
};

struct signing_key *signing_key_new(struct text der, unsigned uses)
{
    const unsigned char *at = (const unsigned char *)der.at;
    EVP_PKEY *parsed = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
    struct signing_key *key;

    ERR_clear_error();
    if (!parsed || EVP_PKEY_get_size(parsed) > SIGN_SIGNATURE_BYTES ||
        (!EVP_PKEY_is_a(parsed, "RSA") && !EVP_PKEY_is_a(parsed, "EC"))) {
        EVP_PKEY_free(parsed);
        return NULL;
    }
    key = memory_new(sizeof(*key));
    key->key = parsed;
    key->is_rsa = EVP_PKEY_is_a(parsed, "RSA");
    key->references = 1;
    key->uses = uses;
    return key;
}

unsigned signing_key_uses(const struct signing_key *key)
{
    return key->uses;
}

struct signing_key *signing_key_ref(struct signing_key *key)
{
    key->references++;
    return key;
}

static void forget_scheme(struct signing_key *key)
{
    EVP_PKEY_CTX_free(key->context);
    EVP_MD_free(key->hash);
    key->context = NULL;
    key->hash = NULL;
}

void signing_key_unref(struct signing_key *key)
{
    if (!key || --key->references)
        return;
    forget_scheme(key);
    EVP_PKEY_free(key->key);
    free(key);
}

bool signing_key_is_slow(const struct signing_key *key)
{
    return key->is_rsa;
}

static const struct scheme *find_scheme(enum sign_scheme wanted)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (schemes[i].scheme == wanted)
            return &schemes[i];
    return NULL;
}

static bool set_padding(EVP_PKEY_CTX *context, int padding)
{
    if (!padding)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 &&
           (padding != RSA_PKCS1_PSS_PADDING ||
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

static bool use_scheme(struct signing_key *key, enum sign_scheme wanted)
{
    const struct scheme *scheme = find_scheme(wanted);

    if (key->context && key->scheme == wanted)
        return true;
    forget_scheme(key);
    if (!scheme || (scheme->padding != 0) != key->is_rsa)
        return false;
    key->hash = EVP_MD_fetch(NULL, scheme->hash, NULL);
    key->context = EVP_PKEY_CTX_new_from_pkey(NULL, key->key, NULL);
    key->scheme = wanted;
    if (key->hash && key->context && EVP_PKEY_sign_init(key->context) == 1 &&
        set_padding(key->context, scheme->padding) &&
        EVP_PKEY_CTX_set_signature_md(key->context, key->hash) == 1)
        return true;
    forget_scheme(key);
    return false;
}

/* The digest of what it is for; false: it is for no such thing. */
static bool digest_of(const struct signing_key *key, const struct sign_request *request,
                      unsigned as, unsigned char *digest, unsigned *digest_bytes)
{
    unsigned uses = key->uses & as;

    if (key->uses == KEYRING_AS_CLIENT && uses && sign_request_is_digest(request)) {
        memcpy(digest, request->message, request->message_bytes);
        *digest_bytes = (unsigned)request->message_bytes;
        return true;
    }
    if (!(uses & KEYRING_AS_SERVER && sign_request_is_tls_server(request)) &&
        !(uses & KEYRING_AS_CLIENT && sign_request_is_tls_client(request)))
        return false;
    return EVP_Digest(request->message, request->message_bytes, digest, digest_bytes, key->hash,
                      NULL) == 1;
}

size_t signing_key_sign(struct signing_key *key, const struct sign_request *request, unsigned as,
                        uint8_t *signature_out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_bytes;
    size_t bytes = SIGN_SIGNATURE_BYTES;

    if (use_scheme(key, request->scheme) && digest_of(key, request, as, digest, &digest_bytes) &&
        EVP_PKEY_sign(key->context, signature_out, &bytes, digest, digest_bytes) == 1)
        return bytes;
    ERR_clear_error();
    return 0;
}
