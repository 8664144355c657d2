/* One ticket key from the secret, the policy and the epoch (RFC 5869). Nothing is kept here. */

#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/buffer.h"
#include "base/memory.h"

static int expand(const uint8_t *secret, struct text info, struct ticket_key *key)
{
    static const char salt[] = "swarmward session tickets 1";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret,
                                          KEYRING_TICKET_SECRET_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt,
                                          sizeof(salt) - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.at,
                                          info.len),
        OSSL_PARAM_construct_end(),
    };
    uint8_t bytes[TICKET_NAME_BYTES + TICKET_CIPHER_BYTES + TICKET_MAC_BYTES];
    int done = context && EVP_KDF_derive(context, bytes, sizeof(bytes), params) == 1;

    if (done) {
        memcpy(key->name, bytes, sizeof(key->name));
        memcpy(key->cipher, bytes + TICKET_NAME_BYTES, sizeof(key->cipher));
        memcpy(key->mac, bytes + TICKET_NAME_BYTES + TICKET_CIPHER_BYTES, sizeof(key->mac));
    }
    memory_wipe(bytes, sizeof(bytes));
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

int ticket_key_derive(const uint8_t secret[KEYRING_TICKET_SECRET_BYTES], struct text policy,
                      uint64_t epoch, struct ticket_key *key_out, struct err *err)
{
    struct buffer info = { 0 };
    struct ticket_key key;
    int done;

    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_append_byte(&info, (char)(epoch >> shift));
    buffer_append_text(&info, policy);
    done = expand(secret, buffer_text(&info), &key);
    buffer_done(&info);
    if (!done)
        return err_set(err, "session tickets: this OpenSSL has no HKDF with SHA-256; set "
                            "tls.session_tickets to off");
    *key_out = key;
    return 0;
}
