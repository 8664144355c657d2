/*
 * Keys without their private half, as a provider of our own (provider-keymgmt(7),
 * provider-signature(7)): what they are asked to sign is put to the signer, and the handshake
 * pauses. The public half is a key of the default provider, which answers everything else. Loaded
 * behind the default provider and asked for by name, so that it serves nobody else.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>

#include "base/memory.h"
#include "signer_private.h"

/* OpenSSL asks providers in the order of their names: this one sorts behind "default". */
#define PROVIDER_NAME  "swarmward_keys"
#define PROPERTIES     "provider=" PROVIDER_NAME
#define SIGNATURE_NAME "SWARMWARD-KEYS"
/* A struct parts, for on_import(): only remote_key_new() knows this name. */
#define PARTS_PARAM "swarmward-parts"

struct parts {
    EVP_PKEY *shown; /* the public half */
    struct signer *signer;
    const uint8_t *id;
};

struct remote_key {
    EVP_PKEY *shown;       /* owned; NULL: empty */
    struct signer *signer; /* borrowed; NULL: it cannot sign */
    uint8_t id[SIGN_KEY_BYTES];
    bool is_rsa;
};

/* One signature. */
struct context {
    const struct remote_key *key; /* borrowed: whoever signs holds the key */
    unsigned hash_bits;
    bool is_pss;
};

/* --- keys ------------------------------------------------------------------------------------- */

static void *new_rsa(void *provider_context)
{
    struct remote_key *key = memory_new(sizeof(*key));

    (void)provider_context;
    key->is_rsa = true;
    return key;
}

static void *new_ecdsa(void *provider_context)
{
    (void)provider_context;
    return memory_new(sizeof(struct remote_key));
}

static void free_key(void *data)
{
    struct remote_key *key = data;

    if (!key)
        return;
    EVP_PKEY_free(key->shown);
    free(key);
}

static int has(const void *data, int selection)
{
    const struct remote_key *key = data;

    if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY && !key->signer)
        return 0;
    return key->shown != NULL;
}

static int match(const void *data, const void *other_data, int selection)
{
    const struct remote_key *key = data;
    const struct remote_key *other = other_data;

    (void)selection;
    return key->shown && other->shown && EVP_PKEY_eq(key->shown, other->shown) == 1;
}

/* The public half of a certificate comes here to be compared with a key of ours. */
static EVP_PKEY *public_of(const struct remote_key *key, const OSSL_PARAM *params)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, key->is_rsa ? "RSA" : "EC", NULL);
    EVP_PKEY *shown = NULL;
    union {
        const OSSL_PARAM *in;
        OSSL_PARAM *out;
    } same = { .in = params }; /* read only, whatever its type says */

    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &shown, EVP_PKEY_PUBLIC_KEY, same.out) != 1)
        shown = NULL;
    EVP_PKEY_CTX_free(context);
    return shown;
}

static int on_import(void *data, int selection, const OSSL_PARAM *params)
{
    struct remote_key *key = data;
    const OSSL_PARAM *handle = OSSL_PARAM_locate_const(params, PARTS_PARAM);
    struct parts parts;

    (void)selection;
    if (key->shown)
        return 0;
    if (!handle) {
        key->shown = public_of(key, params);
        return key->shown != NULL;
    }
    if (handle->data_size != sizeof(parts))
        return 0;
    memcpy(&parts, handle->data, sizeof(parts));
    if (EVP_PKEY_up_ref(parts.shown) != 1)
        return 0;
    key->shown = parts.shown;
    key->signer = parts.signer;
    memcpy(key->id, parts.id, sizeof(key->id));
    return 1;
}

static int on_export(void *data, int selection, OSSL_CALLBACK *give, void *argument)
{
    const struct remote_key *key = data;
    OSSL_PARAM *params = NULL;
    int status;

    (void)selection; /* there is no private half to ask for */
    if (!key->shown || EVP_PKEY_todata(key->shown, EVP_PKEY_PUBLIC_KEY, &params) != 1)
        return 0;
    status = give(params, argument);
    OSSL_PARAM_free(params);
    return status;
}

static const OSSL_PARAM *import_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_octet_string(PARTS_PARAM, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)selection;
    return types;
}

static int get_params(void *data, OSSL_PARAM params[])
{
    const struct remote_key *key = data;

    return key->shown ? EVP_PKEY_get_params(key->shown, params) : 0;
}

static const OSSL_PARAM *gettable_params(void *provider_context)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_END,
    };

    (void)provider_context;
    return types;
}

static const char *operation_name(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? SIGNATURE_NAME : NULL;
}

/* --- signatures ------------------------------------------------------------------------------- */

static void *new_context(void *provider_context, const char *properties)
{
    (void)provider_context;
    (void)properties;
    return memory_new(sizeof(struct context));
}

static void free_context(void *context)
{
    free(context);
}

/* OpenSSL gives numbers in some places and their names in others. */
static bool is_value(const OSSL_PARAM *param, int number, const char *name)
{
    int value;

    if (param->data_type == OSSL_PARAM_UTF8_STRING)
        return param->data_size == strlen(name) && memcmp(param->data, name, strlen(name)) == 0;
    return OSSL_PARAM_get_int(param, &value) == 1 && value == number;
}

static int set_params(void *data, const OSSL_PARAM params[])
{
    struct context *context = data;
    const OSSL_PARAM *padding = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    const OSSL_PARAM *salt = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);

    if (padding) {
        context->is_pss = is_value(padding, RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS);
        if (!context->is_pss &&
            !is_value(padding, RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15))
            return 0;
    }
    /* the only one that TLS has: as long as the hash */
    return !salt || is_value(salt, RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST);
}

static const OSSL_PARAM *settable_params(void *context, void *provider_context)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL),
        OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL),
        OSSL_PARAM_END,
    };

    (void)context;
    (void)provider_context;
    return types;
}

static unsigned hash_bits_of(const char *name)
{
    static const struct {
        const char *name;
        unsigned bits;
    } hashes[] = {
        { "SHA2-256", 256 }, { "SHA256", 256 },   { "SHA2-384", 384 },
        { "SHA384", 384 },   { "SHA2-512", 512 }, { "SHA512", 512 },
    };

    for (size_t i = 0; name && i < sizeof(hashes) / sizeof(hashes[0]); i++)
        if (strcmp(name, hashes[i].name) == 0)
            return hashes[i].bits;
    return 0;
}

static int begin(void *data, const char *hash, void *key, const OSSL_PARAM params[])
{
    struct context *context = data;

    context->key = key;
    context->hash_bits = hash_bits_of(hash);
    context->is_pss = false;
    return context->hash_bits != 0 && context->key->signer && (!params || set_params(data, params));
}

/* 0: TLS has none for it. */
static enum sign_scheme scheme_of(const struct context *context)
{
    static const enum sign_scheme schemes[3][3] = {
        { SIGN_ECDSA_SHA256, SIGN_ECDSA_SHA384, SIGN_ECDSA_SHA512 },
        { SIGN_RSA_PKCS1_SHA256, SIGN_RSA_PKCS1_SHA384, SIGN_RSA_PKCS1_SHA512 },
        { SIGN_RSA_PSS_SHA256, SIGN_RSA_PSS_SHA384, SIGN_RSA_PSS_SHA512 },
    };
    size_t hash = context->hash_bits == 256 ? 0 : context->hash_bits == 384 ? 1 : 2;
    size_t row = 0;

    if (context->key->is_rsa)
        row = context->is_pss ? 2 : 1;
    return schemes[row][hash];
}

/* Longer than all that a server signs: the whole handshake, as a client of TLS 1.2 signs it. */
static bool put_digest(const struct context *context, const unsigned char *message, size_t bytes,
                       struct sign_request *request)
{
    const EVP_MD *hash = context->hash_bits == 256   ? EVP_sha256()
                         : context->hash_bits == 384 ? EVP_sha384()
                                                     : EVP_sha512();

    request->message_bytes = context->hash_bits / 8;
    return EVP_Digest(message, bytes, request->message, NULL, hash, NULL) == 1;
}

// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
static int sign(void *data, unsigned char *signature, size_t *signature_bytes, size_t room,
                const unsigned char *message, size_t message_bytes)
{
    const struct context *context = data;
    struct sign_request request = { .message_bytes = message_bytes };

    if (!signature) {
        *signature_bytes = (size_t)EVP_PKEY_get_size(context->key->shown);
        return 1;
    }
    if (!message_bytes)
        return 0;
    request.scheme = scheme_of(context);
    memcpy(request.key, context->key->id, sizeof(request.key));
    if (message_bytes <= sizeof(request.message))
        memcpy(request.message, message, message_bytes);
    else if (!put_digest(context, message, message_bytes, &request))
        return 0;
    *signature_bytes = signer_sign(context->key->signer, &request, signature, room);
    return *signature_bytes != 0;
}

/* --- the provider ----------------------------------------------------------------------------- */

#define FUNCTION(id, function)                                                                     \
    {                                                                                              \
        (id), (void (*)(void))(function)                                                           \
    }
#define KEY_FUNCTIONS(new_key)                                                                     \
    {                                                                                              \
        FUNCTION(OSSL_FUNC_KEYMGMT_NEW, new_key), FUNCTION(OSSL_FUNC_KEYMGMT_FREE, free_key),      \
            FUNCTION(OSSL_FUNC_KEYMGMT_HAS, has), FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, match),        \
            FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, on_import),                                         \
            FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, import_types),                                \
            FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, on_export),                                         \
            FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, import_types),                                \
            FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params),                                    \
            FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable_params),                          \
            FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_name), { 0, NULL },         \
    }

static const OSSL_DISPATCH rsa_functions[] = KEY_FUNCTIONS(new_rsa);
static const OSSL_DISPATCH ecdsa_functions[] = KEY_FUNCTIONS(new_ecdsa);

static const OSSL_DISPATCH signature_functions[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, new_context),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, free_context),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, begin),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),
    FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params),
    FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable_params),
    { 0, NULL },
};

static const OSSL_ALGORITHM key_kinds[] = {
    { "RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_functions, NULL },
    { "EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTIES, ecdsa_functions, NULL },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM signatures[] = {
    { SIGNATURE_NAME, PROPERTIES, signature_functions, NULL },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    if (operation == OSSL_OP_KEYMGMT)
        return key_kinds;
    return operation == OSSL_OP_SIGNATURE ? signatures : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
    FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    { 0, NULL },
};

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **context)
{
    static char nothing;

    (void)handle;
    (void)in;
    *out = provider_functions;
    *context = &nothing; /* NULL would mean failure */
    return 1;
}

void remote_key_load(void)
{
    static OSSL_PROVIDER *loaded; /* OpenSSL's registry of providers is the process's, too */

    if (!loaded && OSSL_PROVIDER_add_builtin(NULL, PROVIDER_NAME, init) == 1)
        loaded = OSSL_PROVIDER_load(NULL, PROVIDER_NAME);
    if (!loaded)
        abort(); /* out of memory */
}

EVP_PKEY *remote_key_new(X509 *leaf, const struct snapshot_certificate *certificate,
                         struct signer *signer, struct err *err)
{
    struct parts parts = {
        .shown = X509_get0_pubkey(leaf),
        .signer = signer,
        .id = certificate->key_id,
    };
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(PARTS_PARAM, &parts, sizeof(parts)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context =
        EVP_PKEY_CTX_new_from_name(NULL, certificate->kind == KEY_RSA ? "RSA" : "EC", PROPERTIES);
    EVP_PKEY *key = NULL;

    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        err_set(err, "the key of a certificate cannot be used by this OpenSSL");
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    return key;
}
