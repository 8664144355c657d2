#ifndef SWARMWARD_TLS_KDF_PROVIDER_H
#define SWARMWARD_TLS_KDF_PROVIDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * An OpenSSL provider, in this process only, with one algorithm: the key derivation of TLS 1.3. It
 * does the same as OpenSSL's in a third of the time, and it is how we learn the traffic secrets
 * that records.h goes on with.
 */

enum kdf_secret {
    KDF_SERVER_TRAFFIC, /* "s ap traffic" */
    KDF_CLIENT_TRAFFIC, /* "c ap traffic" */
};

/* Who is told of traffic secrets while OpenSSL works for one connection. */
struct kdf_listener {
    void (*on_secret)(void *owner, enum kdf_secret which, const uint8_t *secret, size_t len);
    void *owner;
};

/*
 * Before anything else is asked of OpenSSL, once a process. When it cannot be, OpenSSL's own
 * derivation is used and nobody is told of secrets.
 */
void kdf_provider_load(void);

/* Borrowed until the next call; NULL: nobody. */
void kdf_provider_listen(const struct kdf_listener *listener);

#endif
