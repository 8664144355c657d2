/*
 * Client certificates during the handshake: whom to ask and whom to believe follows from the domain
 * of the ClientHello, before OpenSSL looks at a ticket. A ticket is bound to the domain and to the
 * very authorities, so what was shown under one policy is never good under another (the class of
 * CVE-2025-23419). Called by certificate_choice.c and by OpenSSL.
 */

#include "client_auth.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/memory.h"
#include "tls_private.h"

/* Leaf, a few issuers, root. */
#define DEPTH_MOST 8

static int add_authority(struct client_trust *trust, X509 *certificate)
{
    X509_NAME *name;

    if (!certificate || X509_STORE_add_cert(trust->store, certificate) != 1)
        return -1;
    name = X509_NAME_dup(X509_get_subject_name(certificate));
    if (!name || !sk_X509_NAME_push(trust->names, name)) {
        X509_NAME_free(name);
        return -1;
    }
    return 0;
}

/* Each certificate of the file is believed by itself, whether or not its own issuer is there. */
static int build_trust(struct client_trust *trust, struct text certificates)
{
    const unsigned char *at = (const unsigned char *)certificates.at;
    const unsigned char *end = at + certificates.len;
    int status = 0;

    trust->store = X509_STORE_new();
    trust->names = sk_X509_NAME_new_null();
    if (!trust->store || !trust->names)
        abort(); /* out of memory */
    X509_STORE_set_flags(trust->store, X509_V_FLAG_PARTIAL_CHAIN);
    while (at < end && status == 0) {
        X509 *certificate = d2i_X509(NULL, &at, end - at);

        status = add_authority(trust, certificate);
        X509_free(certificate);
    }
    return status;
}

struct client_trust *client_trusts_new(const struct snapshot *snapshot, struct err *err)
{
    struct client_trust *trusts =
        memory_new((snapshot->client_ca_count + (size_t)1) * sizeof(*trusts));

    for (uint32_t i = 0; i < snapshot->client_ca_count; i++) {
        if (build_trust(&trusts[i], snapshot->client_cas[i].certificates) == 0)
            continue;
        err_set(err, "client_auth.ca: OpenSSL does not take the certificates: %s",
                refusal_text(ERR_peek_last_error()));
        ERR_clear_error();
        client_trusts_free(trusts, snapshot->client_ca_count);
        return NULL;
    }
    return trusts;
}

void client_trusts_free(struct client_trust *trusts, uint32_t count)
{
    for (uint32_t i = 0; trusts && i < count; i++) {
        X509_STORE_free(trusts[i].store);
        sk_X509_NAME_pop_free(trusts[i].names, X509_NAME_free);
    }
    free(trusts);
}

bool client_auth_ask(SSL *ssl, struct tls_session *session, const struct snapshot_domain *domain)
{
    const struct tls_generation *current = &session->server->current;
    const struct client_trust *trust;
    STACK_OF(X509_NAME) * names;
    int wanted = SSL_VERIFY_PEER;

    session->client_auth = (struct client_auth){ .mode = CLIENT_AUTH_OFF };
    if (!domain || domain->client_auth.mode == CLIENT_AUTH_OFF) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        return true;
    }
    session->client_auth.mode = domain->client_auth.mode;
    memcpy(session->client_auth.ca_id, current->snapshot->client_cas[domain->client_auth.ca].id,
           SNAPSHOT_ID_BYTES);
    trust = &current->client_trusts[domain->client_auth.ca];
    names = SSL_dup_CA_list(trust->names);
    if (!names || SSL_set1_verify_cert_store(ssl, trust->store) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_set0_CA_list(ssl, names);
    if (domain->client_auth.mode == CLIENT_AUTH_REQUIRED)
        wanted |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_set_verify(ssl, wanted, NULL);
    SSL_set_verify_depth(ssl, DEPTH_MOST);
    return true;
}

/*
 * A real hash: a name that somebody else has chosen must not lead to the same mark. 32 bytes, so it
 * is none of the shorter ones that other domains have, either.
 */
void client_auth_mark(const struct snapshot *snapshot, const struct snapshot_domain *domain,
                      uint8_t mark_out[CLIENT_AUTH_MARK_BYTES])
{
    struct buffer all = { 0 };

    buffer_append_text(&all, TEXT("client_auth 1"));
    buffer_append(&all, snapshot->client_cas[domain->client_auth.ca].id, SNAPSHOT_ID_BYTES);
    buffer_append_byte(&all, (char)domain->client_auth.mode);
    buffer_append_byte(&all, (char)domain->wildcard);
    buffer_append_text(&all, domain->name);
    if (EVP_Digest(all.bytes, buffer_len(&all), mark_out, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* a libcrypto without SHA-256 cannot serve TLS at all */
    buffer_done(&all);
}

/* --- tickets ---------------------------------------------------------------------------------- */

/* OpenSSL keeps the leaf in a ticket; the chain it forgets. */
static int on_ticket_made(SSL *ssl, void *arg)
{
    const struct tls_session *session = ((struct tls_server *)arg)->active;
    struct buffer chain = { 0 };
    int done = 1;

    if (!session || session->client_auth.mode == CLIENT_AUTH_OFF || SSL_session_reused(ssl))
        return 1;
    client_chain_collect(ssl, &chain);
    if (buffer_len(&chain))
        done = SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), buffer_text(&chain).at,
                                               buffer_len(&chain));
    buffer_done(&chain);
    return done;
}

static bool is_still_good(const struct tls_session *session, SSL_SESSION *resumed)
{
    const X509 *shown = SSL_SESSION_get0_peer(resumed);

    if (!shown)
        return session->client_auth.mode != CLIENT_AUTH_REQUIRED;
    return session->client_auth.mode != CLIENT_AUTH_OFF &&
           X509_cmp_current_time(X509_get0_notAfter(shown)) > 0;
}

/* The mark is compared by OpenSSL afterwards; what the mark cannot say is judged here. */
// NOLINTNEXTLINE(readability-function-size): the parameters are OpenSSL's
static SSL_TICKET_RETURN on_ticket_seen(SSL *ssl, SSL_SESSION *resumed, const unsigned char *name,
                                        size_t name_len, SSL_TICKET_STATUS status, void *arg)
{
    const struct tls_session *session = ((struct tls_server *)arg)->active;

    (void)ssl;
    (void)name;
    (void)name_len;
    switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
        if (!session || !is_still_good(session, resumed))
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    default: /* none, or none of ours */
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
}

void client_auth_install(SSL_CTX *context, struct tls_server *server)
{
    SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_seen, server);
}

/* --- established sessions ----------------------------------------------------------------------
 */

const struct tls_client_certificate *tls_session_client(const struct stream_layer *layer)
{
    return ((const struct tls_session *)layer)->client;
}

bool tls_session_asked_as(const struct stream_layer *layer, const struct snapshot *snapshot,
                          const struct snapshot_domain *domain)
{
    const struct client_auth *asked = &((const struct tls_session *)layer)->client_auth;

    if (asked->mode != domain->client_auth.mode)
        return false;
    return asked->mode == CLIENT_AUTH_OFF ||
           memcmp(asked->ca_id, snapshot->client_cas[domain->client_auth.ca].id,
                  SNAPSHOT_ID_BYTES) == 0;
}

const char *client_auth_refusal(long verify_result)
{
    switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "client_certificate_expired";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "client_certificate_untrusted";
    default:
        return "client_certificate_invalid";
    }
}
