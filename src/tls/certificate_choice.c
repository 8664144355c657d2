/*
 * Which certificate a client gets: the name of its ClientHello leads to a domain of the current
 * snapshot, and its signature algorithms to one of the domain's certificates. OpenSSL calls this
 * during handshakes. No name that is served, no handshake (RFC 6066 section 3).
 */

#include <stdlib.h>

#include <openssl/err.h>

#include "base/hash.h"
#include "tls_private.h"

#define SNI_BYTES_MAX 255

/* RFC 6066: one list with one host name. False: malformed. */
static bool parse_server_name(const unsigned char *bytes, size_t len, struct text *name_out)
{
    size_t list;
    size_t name;

    if (len < 5)
        return false;
    list = (size_t)bytes[0] << 8 | bytes[1];
    name = (size_t)bytes[3] << 8 | bytes[4];
    if (list != len - 2 || bytes[2] != TLSEXT_NAMETYPE_host_name || name != list - 3 || name == 0 ||
        name > SNI_BYTES_MAX)
        return false;
    *name_out = text_make((const char *)bytes + 5, name);
    return true;
}

/* Lower case, without the dot of the root; a NUL inside makes it no name. */
static bool keep_server_name(struct tls_session *session, struct text name)
{
    if (name.at[name.len - 1] == '.')
        name.len--;
    if (!name.len || memchr(name.at, '\0', name.len))
        return false;
    free(session->server_name); /* a second ClientHello, after HelloRetryRequest */
    session->server_name = text_to_heap(name);
    session->facts.server_name = text_make(session->server_name, name.len);
    text_lower(session->server_name, name.len);
    return true;
}

const uint32_t *certificate_choice_find(const struct snapshot *snapshot, struct text name)
{
    const struct snapshot_domain *domain = name.len ? snapshot_find_domain(snapshot, name) : NULL;

    return domain ? domain->certificates : snapshot->fallback_certificates;
}

static bool has_any(const uint32_t certificates[KEY_KIND_COUNT])
{
    for (size_t kind = 0; kind < KEY_KIND_COUNT; kind++)
        if (certificates[kind] != SNAPSHOT_NONE)
            return true;
    return false;
}

/*
 * A ticket is good for the domain that it was made for and for no other: OpenSSL compares this mark
 * before it resumes. 32 bytes at most, so a long name is cut and its hash tells the rest.
 */
static int bind_tickets(SSL *ssl, const struct snapshot *snapshot,
                        const struct snapshot_domain *domain)
{
    struct text name = domain ? domain->name : TEXT_NONE;
    uint64_t hash = hash_text(name) + (domain && domain->wildcard);
    unsigned char mark[SSL_MAX_SID_CTX_LENGTH];
    size_t len = name.len < sizeof(mark) - sizeof(hash) ? name.len : sizeof(mark) - sizeof(hash);

    if (domain && domain->client_auth.mode != CLIENT_AUTH_OFF) {
        client_auth_mark(snapshot, domain, mark);
        return SSL_set_session_id_context(ssl, mark, CLIENT_AUTH_MARK_BYTES);
    }
    memcpy(mark, &hash, sizeof(hash));
    if (len)
        memcpy(mark + sizeof(hash), name.at, len);
    return SSL_set_session_id_context(ssl, mark, (unsigned)(sizeof(hash) + len));
}

static int refuse(struct tls_session *session, int *alert, int reason, const char *word)
{
    session->refusal = word;
    *alert = reason;
    return SSL_CLIENT_HELLO_ERROR;
}

static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    struct tls_server *server = arg;
    struct tls_session *session = server->active;
    const struct snapshot *snapshot = server->current.snapshot;
    const struct snapshot_domain *domain = NULL;
    const unsigned char *bytes;
    struct text name;
    size_t len;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &len)) {
        if (!parse_server_name(bytes, len, &name))
            return refuse(session, alert, SSL_AD_DECODE_ERROR, "bad_record");
        if (!keep_server_name(session, name))
            return refuse(session, alert, SSL_AD_UNRECOGNIZED_NAME, "unrecognized_name");
        domain = snapshot_find_domain(snapshot, session->facts.server_name);
    }
    if (!has_any(domain ? domain->certificates : snapshot->fallback_certificates))
        return refuse(session, alert, SSL_AD_UNRECOGNIZED_NAME, "unrecognized_name");
    if (!client_auth_ask(ssl, session, domain) || bind_tickets(ssl, snapshot, domain) != 1)
        return refuse(session, alert, SSL_AD_INTERNAL_ERROR, "other");
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int use(SSL *ssl, const struct identity *identity)
{
    return SSL_use_cert_and_key(ssl, identity->leaf, identity->key, identity->issuers, 1);
}

/* TLS 1.3 ties the curve of an ECDSA key to a hash; does the client take the one of this key? */
static bool takes_ecdsa(SSL *ssl, const struct identity *identity)
{
    int bits = EVP_PKEY_get_bits(identity->key);
    int wanted = bits == 256 ? NID_sha256 : bits == 384 ? NID_sha384 : NID_sha512;
    int count = SSL_get_shared_sigalgs(ssl, 0, NULL, NULL, NULL, NULL, NULL);

    for (int i = 0; i < count; i++) {
        int kind;
        int hash;

        if (SSL_get_shared_sigalgs(ssl, i, &kind, &hash, NULL, NULL, NULL) && kind == EVP_PKEY_EC &&
            hash == wanted)
            return true;
    }
    return false;
}

static const struct identity *identity_of(struct tls_server *server, uint32_t index)
{
    const struct tls_generation *current = &server->current;

    return identity_cache_get(server->identities, &current->snapshot->certificates[index],
                              current->keyring, server->active_err);
}

/*
 * ECDSA when the client can, as it costs us a tenth of RSA. Under TLS 1.2 it depends on the cipher
 * suites as well, so OpenSSL gets both and decides.
 */
static int use_best(SSL *ssl, struct tls_server *server, const uint32_t *certificates)
{
    const struct identity *identity;

    if (certificates[KEY_ECDSA] != SNAPSHOT_NONE) {
        identity = identity_of(server, certificates[KEY_ECDSA]);
        if (!identity)
            return 0;
        if (certificates[KEY_RSA] == SNAPSHOT_NONE)
            return use(ssl, identity);
        if (SSL_version(ssl) >= TLS1_3_VERSION && takes_ecdsa(ssl, identity))
            return use(ssl, identity);
        if (SSL_version(ssl) < TLS1_3_VERSION && use(ssl, identity) != 1)
            return 0;
    }
    identity = identity_of(server, certificates[KEY_RSA]);
    return identity ? use(ssl, identity) : 0;
}

static int on_certificate(SSL *ssl, void *arg)
{
    struct tls_server *server = arg;
    struct tls_session *session = server->active;
    struct text name = session->facts.server_name;
    const uint32_t *certificates = certificate_choice_find(server->current.snapshot, name);

    /* a reload between two hellos of one handshake may have taken the domain away */
    if (has_any(certificates) && use_best(ssl, server, certificates) == 1)
        return 1;
    session->refusal = "certificate";
    return 0;
}

/* The name was judged by on_client_hello; this makes OpenSSL say that it was looked at. */
// NOLINTNEXTLINE(readability-non-const-parameter): the parameters are OpenSSL's
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    (void)ssl;
    (void)alert;
    (void)arg;
    return SSL_TLSEXT_ERR_OK;
}

void certificate_choice_install(SSL_CTX *context, struct tls_server *server)
{
    SSL_CTX_set_client_hello_cb(context, on_client_hello, server);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_cert_cb(context, on_certificate, server);
}
