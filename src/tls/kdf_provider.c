/*
 * "TLS13-KDF" as a provider of our own (provider-kdf(7), RFC 8446 section 7.1). Loaded before the
 * default provider, so that libssl finds it first. Two operations: HKDF-Expand-Label, and the step
 * from one stage of the key schedule to the next. libssl gives all parameters with each call, so
 * nothing is kept between calls.
 */

#include "kdf_provider.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include "base/memory.h"
#include "hkdf.h"

/* OpenSSL asks providers in the order of their names: this one sorts before "default". */
#define PROVIDER_NAME "a_swarmward"

#define DIGESTS     2
#define LABEL_BYTES 64

struct digest_names {
    const char *name;
    const char *alias;
};

static const struct digest_names digest_names[DIGESTS] = {
    { "SHA2-256", "SHA256" },
    { "SHA2-384", "SHA384" },
};

/* OpenSSL's registry of providers is the process's, and so is this. */
static struct {
    OSSL_PROVIDER *own;
    OSSL_PROVIDER *standard;
    struct hkdf hkdfs[DIGESTS];
    const struct kdf_listener *listener;
} provider;

/* What libssl asks for: views of its parameters. */
struct request {
    const struct hkdf *hkdf;
    int mode;
    struct text key;
    struct text salt;
    struct text prefix;
    struct text label;
    struct text data;
};

static const struct hkdf *find_hkdf(const char *name)
{
    for (size_t i = 0; i < DIGESTS; i++)
        if (strcmp(name, digest_names[i].name) == 0 || strcmp(name, digest_names[i].alias) == 0)
            return provider.hkdfs[i].digest ? &provider.hkdfs[i] : NULL;
    return NULL;
}

static void read_parameter(struct request *request, const OSSL_PARAM *parameter)
{
    struct text value = text_make(parameter->data, parameter->data_size);

    if (strcmp(parameter->key, OSSL_KDF_PARAM_MODE) == 0)
        OSSL_PARAM_get_int(parameter, &request->mode);
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_DIGEST) == 0)
        request->hkdf = find_hkdf(parameter->data);
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_KEY) == 0)
        request->key = value;
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_SALT) == 0)
        request->salt = value;
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_PREFIX) == 0)
        request->prefix = value;
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_LABEL) == 0)
        request->label = value;
    else if (strcmp(parameter->key, OSSL_KDF_PARAM_DATA) == 0)
        request->data = value;
}

static bool expand(const struct request *request, struct text secret, struct text context,
                   uint8_t *out, size_t len)
{
    char label[LABEL_BYTES];
    size_t label_len = request->prefix.len + request->label.len;
    struct hkdf_purpose purpose = { .label = text_make(label, label_len), .context = context };

    if (secret.len != request->hkdf->bytes || label_len > sizeof(label) || !request->label.len ||
        !request->prefix.len)
        return false;
    memcpy(label, request->prefix.at, request->prefix.len);
    memcpy(label + request->prefix.len, request->label.at, request->label.len);
    return hkdf_expand_label(request->hkdf, (const uint8_t *)secret.at, &purpose, out, len);
}

/* From the secret of one stage and the new input to the secret of the next. */
static bool next_stage(const struct request *request, uint8_t *out, size_t len)
{
    static const char zeros[HKDF_DIGEST_BYTES];
    const struct hkdf *hkdf = request->hkdf;
    uint8_t empty_hash[HKDF_DIGEST_BYTES];
    uint8_t derived[HKDF_DIGEST_BYTES];
    struct text input = request->key.at ? request->key : text_make(zeros, hkdf->bytes);
    struct text salt = TEXT_NONE;
    bool done = len == hkdf->bytes;

    if (done && request->salt.at) {
        done = hkdf_digest(hkdf, TEXT_NONE, empty_hash) &&
               expand(request, request->salt, text_make((const char *)empty_hash, hkdf->bytes),
                      derived, hkdf->bytes);
        salt = text_make((const char *)derived, hkdf->bytes);
    }
    done = done && hkdf_extract(hkdf, salt, input, out);
    memory_wipe(derived, sizeof(derived));
    return done;
}

static void tell(struct text label, const uint8_t *secret, size_t len)
{
    const struct kdf_listener *listener = provider.listener;

    if (!listener)
        return;
    if (text_equal(label, TEXT("s ap traffic")))
        listener->on_secret(listener->owner, KDF_SERVER_TRAFFIC, secret, len);
    else if (text_equal(label, TEXT("c ap traffic")))
        listener->on_secret(listener->owner, KDF_CLIENT_TRAFFIC, secret, len);
}

static int derive(void *context, unsigned char *out, size_t len, const OSSL_PARAM parameters[])
{
    struct request request = { .mode = -1 };

    (void)context;
    for (const OSSL_PARAM *at = parameters; at && at->key; at++)
        read_parameter(&request, at);
    if (!request.hkdf)
        return 0;
    switch (request.mode) {
    case EVP_KDF_HKDF_MODE_EXPAND_ONLY:
        if (!expand(&request, request.key, request.data, out, len))
            return 0;
        tell(request.label, out, len);
        return 1;
    case EVP_KDF_HKDF_MODE_EXTRACT_ONLY:
        return next_stage(&request, out, len);
    default:
        return 0;
    }
}

/* There is nothing to keep, but NULL would mean failure. */
static void *new_context(void *provider_context)
{
    return provider_context;
}

static void free_context(void *context)
{
    (void)context;
}

#define FUNCTION(id, function)                                                                     \
    {                                                                                              \
        (id), (void (*)(void))(function)                                                           \
    }

static const OSSL_DISPATCH kdf_functions[] = {
    FUNCTION(OSSL_FUNC_KDF_NEWCTX, new_context),
    FUNCTION(OSSL_FUNC_KDF_FREECTX, free_context),
    FUNCTION(OSSL_FUNC_KDF_RESET, free_context),
    FUNCTION(OSSL_FUNC_KDF_DERIVE, derive),
    { 0, NULL },
};

static const OSSL_ALGORITHM kdfs[] = {
    { OSSL_KDF_NAME_TLS1_3_KDF, "provider=" PROVIDER_NAME, kdf_functions, NULL },
    { NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache)
{
    (void)context;
    *no_cache = 0;
    return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static const OSSL_DISPATCH provider_functions[] = {
    FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
    { 0, NULL },
};

static int init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                void **context)
{
    (void)handle;
    (void)in;
    *out = provider_functions;
    *context = &provider;
    return 1;
}

void kdf_provider_load(void)
{
    if (provider.standard)
        return;
    if (OSSL_PROVIDER_add_builtin(NULL, PROVIDER_NAME, init) == 1)
        provider.own = OSSL_PROVIDER_load(NULL, PROVIDER_NAME);
    /* with a provider that is asked for, the default one no longer comes by itself */
    provider.standard = OSSL_PROVIDER_load(NULL, "default");
    if (!provider.standard)
        abort(); /* a libcrypto without its algorithms */
    for (size_t i = 0; i < DIGESTS; i++)
        hkdf_init(&provider.hkdfs[i], digest_names[i].name);
}

void kdf_provider_listen(const struct kdf_listener *listener)
{
    provider.listener = listener;
}
