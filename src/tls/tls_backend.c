/*
 * Settings of TLS to backends as an SSL_CTX, and what is known of each endpoint. Made when a
 * snapshot is prepared; connections are backend_session.c's.
 */

#include "tls/tls_backend.h"

#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "backend_private.h"
#include "base/memory.h"
#include "identity_cache.h"
#include "tls_private.h"

/* A ticket stands for a verification of before: it counts this long at most. */
#define SESSION_SECONDS 3600

void tls_backend_begin(void)
{
    unsigned char seed[16];

    /* The machine's openssl.cnf must not change what the mapping file says. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
        RAND_bytes(seed, sizeof(seed)) != 1)
        abort();
    remote_key_load();
}

static int add_authorities(SSL_CTX *context, struct text ca, struct err *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    const unsigned char *at = (const unsigned char *)ca.at;
    const unsigned char *end = at + ca.len;

    while (at < end) {
        X509 *authority = d2i_X509(NULL, &at, (long)(end - at));
        bool added = authority && X509_STORE_add_cert(store, authority) == 1;

        X509_free(authority);
        if (!added)
            return err_set(err, "policy.backend_tls.ca: OpenSSL does not take a certificate of it");
    }
    return 0;
}

/* The one identity of this process as a client; the context holds it from then on. */
static int add_client(SSL_CTX *context, const struct snapshot_certificate *client,
                      const struct tls_client_keys *keys, struct err *err)
{
    struct identity_cache *cache = identity_cache_new(1, keys->signer);
    const struct identity *identity = identity_cache_get(cache, client, keys->keyring, err);
    int status = -1;

    if (identity &&
        SSL_CTX_use_cert_and_key(context, identity->leaf, identity->key, identity->issuers, 1) == 1)
        status = 0;
    else if (identity)
        err_set(err, "OpenSSL: %s", refusal_text(ERR_peek_last_error()));
    if (status < 0)
        err_prefix(err, "policy.backend_tls.cert");
    identity_cache_free(cache);
    return status;
}

/* The peer asks for a certificate. */
static int on_asked(SSL *ssl, void *arg)
{
    struct backend_session *session = SSL_get_app_data(ssl);

    (void)arg;
    session->was_asked = true;
    return 1;
}

/* A ticket came: the newest one is kept. Takes the reference. */
static int on_session(SSL *ssl, SSL_SESSION *resumable)
{
    struct backend_session *session = SSL_get_app_data(ssl);
    struct tls_peer *peer = session->peer;

    SSL_SESSION_free(peer->session);
    peer->session = resumable;
    return 1;
}

/* An end without a goodbye is an error here: a body that goes until the end may have been cut. */
static int set_behaviour(SSL_CTX *context, struct err *err)
{
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_timeout(context, SESSION_SECONDS);
    SSL_CTX_sess_set_new_cb(context, on_session);
    SSL_CTX_set_cert_cb(context, on_asked, NULL);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    /* a CA that was named is trusted, whether or not another one has signed it */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1)
        return 0;
    return err_set(err, "TLS to backends: OpenSSL: %s", refusal_text(ERR_peek_last_error()));
}

static struct tls_backend *backend_new(const struct snapshot_backend_tls *described,
                                       bool only_looks)
{
    struct tls_backend *backend = memory_new(sizeof(*backend));

    backend->references = 1;
    backend->context = SSL_CTX_new(TLS_client_method());
    if (!backend->context)
        abort(); /* out of memory */
    backend->bio_method = backend_bio_method_new();
    backend->staging = memory_new(BACKEND_RECORD_BYTES);
    backend->ca = text_make(text_to_heap(described->ca), described->ca.len);
    backend->server_name = text_to_heap(described->server_name);
    backend->checks_name = described->checks_name;
    backend->is_mutual = described->is_mutual && !only_looks;
    backend->has_client = described->has_client && !only_looks;
    memcpy(backend->client_id, described->client.id, sizeof(backend->client_id));
    return backend;
}

struct tls_backend *tls_backend_new(const struct snapshot *snapshot,
                                    const struct tls_client_keys *keys, struct err *err)
{
    const struct snapshot_backend_tls *described = &snapshot->backend_tls;
    struct tls_backend *backend = backend_new(described, !keys->signer && !keys->keyring);

    backend->signer = backend->has_client ? keys->signer : NULL;
    ERR_clear_error();
    if (set_behaviour(backend->context, err) == 0 &&
        add_authorities(backend->context, described->ca, err) == 0 &&
        (!backend->has_client || add_client(backend->context, &described->client, keys, err) == 0))
        return backend;
    ERR_clear_error();
    tls_backend_unref(backend);
    return NULL;
}

struct tls_backend *tls_backend_ref(struct tls_backend *backend)
{
    assert(backend->references > 0);
    backend->references++;
    return backend;
}

void tls_backend_unref(struct tls_backend *backend)
{
    char *ca;

    if (!backend || --backend->references)
        return;
    SSL_CTX_free(backend->context);
    BIO_meth_free(backend->bio_method);
    memcpy(&ca, &backend->ca.at, sizeof(ca)); /* a text is not const-correct for its owner */
    free(ca);
    free(backend->server_name);
    free(backend->staging);
    free(backend);
}

bool tls_backend_fits(const struct tls_backend *backend, const struct snapshot *snapshot)
{
    const struct snapshot_backend_tls *described = &snapshot->backend_tls;

    return text_equal(text_of(backend->server_name), described->server_name) &&
           backend->checks_name == described->checks_name &&
           backend->is_mutual == described->is_mutual &&
           backend->has_client == described->has_client &&
           memcmp(backend->client_id, described->client.id, sizeof(backend->client_id)) == 0 &&
           text_equal(backend->ca, described->ca);
}

struct tls_peer *tls_peer_new(struct tls_backend *backend, struct text host,
                              const struct address *address)
{
    struct tls_peer *peer = memory_new(sizeof(*peer));
    struct text name = text_of(backend->server_name);
    char text[ADDRESS_TEXT_BYTES];

    if (!name.len)
        name = host.len ? host : text_make(text, address_print_host(address, text));
    peer->backend = tls_backend_ref(backend);
    peer->name = text_to_heap(name);
    peer->is_address = address_is_literal(name);
    return peer;
}

void tls_peer_free(struct tls_peer *peer)
{
    if (!peer)
        return;
    SSL_SESSION_free(peer->session);
    tls_backend_unref(peer->backend);
    free(peer->name);
    free(peer);
}
