/*
 * From OpenSSL's SSL to records of our own, when TLS 1.3 has shaken hands. The traffic secrets come
 * from the key derivation that is ours (kdf_provider.h). If anything is not as expected, the SSL
 * stays and does the work.
 */

#include <stdlib.h>

#include <openssl/ssl.h>

#include "base/memory.h"
#include "tls_private.h"

/* OpenSSL installs the server's secret after it sent Finished: what it writes from now on counts.
 */
static void on_secret(void *owner, enum kdf_secret which, const uint8_t *secret, size_t len)
{
    struct tls_session *session = ((struct tls_server *)owner)->active;

    if (len > RECORD_SECRET_BYTES)
        return;
    if (!session->records)
        session->records = memory_new(sizeof(*session->records));
    switch (which) {
    case KDF_SERVER_TRAFFIC:
        memcpy(session->records->out.secret, secret, len);
        session->has_server_secret = true;
        break;
    case KDF_CLIENT_TRAFFIC:
        memcpy(session->records->in.secret, secret, len);
        session->has_client_secret = true;
        break;
    }
}

struct kdf_listener takeover_listener(struct tls_server *server)
{
    return (struct kdf_listener){ .on_secret = on_secret, .owner = server };
}

static bool can_take(const struct tls_session *session)
{
    return session->has_server_secret && session->has_client_secret &&
           SSL_version(session->ssl) == TLS1_3_VERSION && !SSL_has_pending(session->ssl);
}

/* OpenSSL goes on: what it wrote must not wait for us. */
static void stay(struct tls_session *session)
{
    if (!session->records)
        return;
    records_send_ticket(session->records, session->layer.stream);
    records_free(session->records);
    session->records = NULL;
    session->has_client_secret = false;
}

void takeover(struct tls_session *session)
{
    const struct record_suite *suite =
        record_suites_find(&session->server->suites, session->facts.cipher);

    if (!suite || !can_take(session) ||
        !records_begin(session->records, suite, session->layer.stream,
                       (uint8_t *)session->server->staging)) {
        stay(session);
        return;
    }
    session->records->received = session->received;
    SSL_free(session->ssl);
    session->ssl = NULL;
}
