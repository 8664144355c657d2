/*
 * Requests for signatures and their answers as bytes, and the one rule of what may be signed. Used
 * by the workers (src/tls), which ask, and by src/keys, which must not believe them.
 */

#include "ipc/signing.h"

#include <assert.h>
#include <string.h>

#include "ipc/wire.h"

#define SPACES       64 /* in front of what TLS 1.3 signs */
#define RANDOM_BYTES ((size_t)32)
#define NAMED_CURVE  3
#define POINT_LEAST  32  /* X25519 */
#define POINT_MOST   133 /* P-521 */

/* Both with their NUL, and of one length. */
static const char server_context[] = "TLS 1.3, server CertificateVerify";
static const char client_context[] = "TLS 1.3, client CertificateVerify";

static bool is_scheme(uint32_t number)
{
    static const uint16_t schemes[] = {
        SIGN_RSA_PKCS1_SHA256, SIGN_ECDSA_SHA256,     SIGN_RSA_PKCS1_SHA384,
        SIGN_ECDSA_SHA384,     SIGN_RSA_PKCS1_SHA512, SIGN_ECDSA_SHA512,
        SIGN_RSA_PSS_SHA256,   SIGN_RSA_PSS_SHA384,   SIGN_RSA_PSS_SHA512,
    };

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (schemes[i] == number)
            return true;
    return false;
}

void sign_request_put(struct buffer *out, const struct sign_request *request)
{
    assert(request->message_bytes >= 1 && request->message_bytes <= SIGN_MESSAGE_BYTES);
    wire_put_u64(out, request->id);
    wire_put_u32(out, request->scheme);
    wire_put_u32(out, (uint32_t)request->message_bytes);
    wire_put_bytes(out, request->key, sizeof(request->key));
    wire_put_bytes(out, request->message, sizeof(request->message));
}

int sign_request_get(struct text *body, struct sign_request *request_out)
{
    struct wire wire = wire_read(*body);
    struct sign_request request;
    uint32_t scheme;

    request.id = wire_get_u64(&wire);
    scheme = wire_get_u32(&wire);
    request.message_bytes = wire_get_u32(&wire);
    wire_get_bytes(&wire, request.key, sizeof(request.key));
    wire_get_bytes(&wire, request.message, sizeof(request.message));
    if (wire.bad || !is_scheme(scheme) || request.message_bytes < 1 ||
        request.message_bytes > sizeof(request.message))
        return -1;
    request.scheme = (enum sign_scheme)scheme;
    *body = wire.left;
    *request_out = request;
    return 0;
}

void sign_answer_put(struct buffer *out, const struct sign_answer *answer)
{
    assert(answer->signature.len <= SIGN_SIGNATURE_BYTES);
    wire_put_u64(out, answer->id);
    wire_put_text(out, answer->signature);
}

int sign_answer_get(struct text *body, struct sign_answer *answer_out)
{
    struct wire wire = wire_read(*body);
    struct sign_answer answer;

    answer.id = wire_get_u64(&wire);
    answer.signature = wire_get_text(&wire, SIGN_SIGNATURE_BYTES);
    if (wire.bad)
        return -1;
    *body = wire.left;
    *answer_out = answer;
    return 0;
}

static bool is_pkcs1(enum sign_scheme scheme)
{
    return scheme == SIGN_RSA_PKCS1_SHA256 || scheme == SIGN_RSA_PKCS1_SHA384 ||
           scheme == SIGN_RSA_PKCS1_SHA512;
}

/* Spaces, the context, and the hash of the handshake so far. Never with PKCS#1. */
static bool is_certificate_verify(const struct sign_request *request, const char *context)
{
    size_t head = SPACES + sizeof(server_context);

    if (request->message_bytes != head + 32 && request->message_bytes != head + 48)
        return false;
    for (size_t i = 0; i < SPACES; i++)
        if (request->message[i] != ' ')
            return false;
    return memcmp(request->message + SPACES, context, sizeof(server_context)) == 0 &&
           !is_pkcs1(request->scheme);
}

/* Both randoms, then the parameters of ECDHE with a named curve. */
static bool is_server_key_exchange(const struct sign_request *request)
{
    const uint8_t *params = request->message + 2 * RANDOM_BYTES;
    size_t point;

    if (request->message_bytes < 2 * RANDOM_BYTES + 4)
        return false;
    point = params[3];
    return params[0] == NAMED_CURVE && point >= POINT_LEAST && point <= POINT_MOST &&
           request->message_bytes == 2 * RANDOM_BYTES + 4 + point;
}

bool sign_request_is_tls_server(const struct sign_request *request)
{
    return is_certificate_verify(request, server_context) || is_server_key_exchange(request);
}

bool sign_request_is_tls_client(const struct sign_request *request)
{
    return is_certificate_verify(request, client_context);
}

static size_t hash_bytes(enum sign_scheme scheme)
{
    switch (scheme) {
    case SIGN_RSA_PKCS1_SHA256:
    case SIGN_ECDSA_SHA256:
    case SIGN_RSA_PSS_SHA256:
        return 32;
    case SIGN_RSA_PKCS1_SHA384:
    case SIGN_ECDSA_SHA384:
    case SIGN_RSA_PSS_SHA384:
        return 48;
    case SIGN_RSA_PKCS1_SHA512:
    case SIGN_ECDSA_SHA512:
    case SIGN_RSA_PSS_SHA512:
        break;
    }
    return 64;
}

bool sign_request_is_digest(const struct sign_request *request)
{
    return request->message_bytes == hash_bytes(request->scheme);
}
