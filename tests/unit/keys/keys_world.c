/* Keys made on the spot, and what a server of TLS would have signed with them. */

#include "keys_world.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/rsa.h>
#include <openssl/x509.h>

#define CONTEXT        "TLS 1.3, server CertificateVerify"
#define CLIENT_CONTEXT "TLS 1.3, client CertificateVerify"

struct keyring *keyring_with(uint8_t id, EVP_PKEY *key)
{
    struct keyring *keyring = keyring_new();
    unsigned char *der = NULL;
    int len = i2d_PrivateKey(key, &der);

    if (len <= 0)
        abort();
    keyring->keys = arena_new(&keyring->arena, 1, sizeof(*keyring->keys));
    keyring->key_count = 1;
    memset(keyring->keys[0].id, id, sizeof(keyring->keys[0].id));
    keyring->keys[0].uses = KEYRING_AS_SERVER;
    keyring->keys[0].der = arena_text(&keyring->arena, text_make((const char *)der, (size_t)len));
    OPENSSL_free(der);
    return keyring;
}

struct sign_request request_for(uint8_t id, enum sign_scheme scheme)
{
    struct sign_request request = {
        .id = 1,
        .scheme = scheme,
        .message_bytes = 64 + sizeof(CONTEXT) + 32,
    };

    memset(request.key, id, sizeof(request.key));
    memset(request.message, ' ', 64);
    memcpy(request.message + 64, CONTEXT, sizeof(CONTEXT));
    memset(request.message + 64 + sizeof(CONTEXT), 0xaa, 32);
    return request;
}

struct sign_request client_request_for(uint8_t id, enum sign_scheme scheme)
{
    struct sign_request request = request_for(id, scheme);

    memcpy(request.message + 64, CLIENT_CONTEXT, sizeof(CLIENT_CONTEXT));
    return request;
}

struct sign_request older_request_for(uint8_t id, enum sign_scheme scheme)
{
    struct sign_request request = { .id = 1, .scheme = scheme, .message_bytes = 64 + 4 + 32 };

    memset(request.key, id, sizeof(request.key));
    memset(request.message, 0x55, request.message_bytes);
    memcpy(request.message + 64, "\x03\x00\x1d\x20", 4);
    return request;
}

static const EVP_MD *hash_of(enum sign_scheme scheme)
{
    switch (scheme) {
    case SIGN_ECDSA_SHA256:
    case SIGN_RSA_PKCS1_SHA256:
    case SIGN_RSA_PSS_SHA256:
        return EVP_sha256();
    case SIGN_ECDSA_SHA384:
    case SIGN_RSA_PKCS1_SHA384:
    case SIGN_RSA_PSS_SHA384:
        return EVP_sha384();
    case SIGN_ECDSA_SHA512:
    case SIGN_RSA_PKCS1_SHA512:
    case SIGN_RSA_PSS_SHA512:
        return EVP_sha512();
    }
    abort();
}

bool is_signature(EVP_PKEY *key, const struct sign_request *request, struct text signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how;
    bool is_pss = request->scheme == SIGN_RSA_PSS_SHA256 ||
                  request->scheme == SIGN_RSA_PSS_SHA384 || request->scheme == SIGN_RSA_PSS_SHA512;
    bool good = EVP_DigestVerifyInit(context, &how, hash_of(request->scheme), NULL, key) == 1 &&
                (!is_pss || (EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
                             EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
                EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.len,
                                 request->message, request->message_bytes) == 1;

    EVP_MD_CTX_free(context);
    return good;
}
