/* One ticket key from the secret, the policy and the epoch (RFC 5869). Nothing is kept here. */

#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/buffer.h"
#include "base/memory.h"

#define KEY_BYTES (TICKET_NAME_BYTES + TICKET_CIPHER_BYTES + TICKET_MAC_BYTES)

/* libcrypto's parameters are not const. */
static int expand(uint8_t *secret, struct buffer *info, uint8_t bytes[KEY_BYTES])
{
    char salt[] = "swarmward session tickets 1";
    char digest[] = "SHA256";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, KEYRING_TICKET_SECRET_BYTES),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt) - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info->bytes, buffer_len(info)),
        OSSL_PARAM_construct_end(),
    };
    int done = context && EVP_KDF_derive(context, bytes, KEY_BYTES, params) == 1;

    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

int ticket_key_derive(const uint8_t secret[KEYRING_TICKET_SECRET_BYTES], struct text policy,
                      uint64_t epoch, struct ticket_key *key_out, struct err *err)
{
    uint8_t copy[KEYRING_TICKET_SECRET_BYTES];
    uint8_t bytes[KEY_BYTES];
    struct buffer info = { 0 };
    int done;

    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_append_byte(&info, (char)(epoch >> shift));
    buffer_append_text(&info, policy);
    memcpy(copy, secret, sizeof(copy));
    done = expand(copy, &info, bytes);
    buffer_done(&info);
    memory_wipe(copy, sizeof(copy));
    if (!done)
        return err_set(err, "session tickets: this OpenSSL has no HKDF with SHA-256; set "
                            "tls.session_tickets to off");
    memcpy(key_out->name, bytes, TICKET_NAME_BYTES);
    memcpy(key_out->cipher, bytes + TICKET_NAME_BYTES, TICKET_CIPHER_BYTES);
    memcpy(key_out->mac, bytes + TICKET_NAME_BYTES + TICKET_CIPHER_BYTES, TICKET_MAC_BYTES);
    memory_wipe(bytes, sizeof(bytes));
    return 0;
}
