/* What a handshake agreed, in the words of CONFIG.md and IANA, kept for log and routing. */

#include "tls_private.h"

struct group_name {
    const char *openssl;
    const char *usual;
};

/* The names that CONFIG.md, browsers and the IANA registry use. */
static const char *group_name(SSL *ssl)
{
    static const struct group_name names[] = {
        { "x25519", "X25519" },
        { "x448", "X448" },
        { "secp256r1", "prime256v1" },
    };
    int group = (int)SSL_get_negotiated_group(ssl);
    const char *name = group ? SSL_group_to_name(ssl, group) : NULL;

    for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i].openssl) == 0)
            return names[i].usual;
    return name ? name : "";
}

/* OpenSSL's copy goes with the SSL. */
static struct text protocol_of(const unsigned char *bytes, unsigned len)
{
    struct text protocol = text_make((const char *)bytes, len);

    if (text_equal(protocol, TEXT("h2")))
        return TEXT("h2");
    return text_equal(protocol, TEXT("http/1.1")) ? TEXT("http/1.1") : TEXT_NONE;
}

void session_facts_take(struct tls_session *session)
{
    struct tls_session_facts *facts = &session->facts;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
    const unsigned char *protocol;
    unsigned protocol_bytes;

    SSL_get0_alpn_selected(session->ssl, &protocol, &protocol_bytes);
    facts->version = SSL_get_version(session->ssl);
    facts->cipher = cipher ? SSL_CIPHER_standard_name(cipher) : "";
    facts->group = group_name(session->ssl);
    facts->resumed = SSL_session_reused(session->ssl) == 1;
    facts->alpn = protocol_of(protocol, protocol_bytes);
    if (session->client_auth.mode != CLIENT_AUTH_OFF)
        session->client = client_certificate_take(session->ssl, &session->client_arena);
}
