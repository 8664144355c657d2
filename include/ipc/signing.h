#ifndef SWARMWARD_IPC_SIGNING_H
#define SWARMWARD_IPC_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

/*
 * What a worker asks swarmward-keys for, and what it gets. The body of a MESSAGE_SIGN is one or
 * more requests of SIGN_REQUEST_BYTES each, that of a MESSAGE_SIGNED one or more answers. A request
 * carries what TLS has signed, not a digest of it, so that the process with the keys sees for what
 * its signature is. One thing is too long for that: as a client of TLS 1.2 one signs the whole
 * handshake, of which the request has the digest.
 */

#define SIGN_KEY_BYTES       32   /* snapshot_certificate.key_id */
#define SIGN_MESSAGE_BYTES   256  /* TLS 1.3: 146 at most; TLS 1.2: 201, as a client a digest */
#define SIGN_SIGNATURE_BYTES 1024 /* RSA with 8192 bits */
#define SIGN_REQUEST_BYTES   (8 + 4 + 4 + SIGN_KEY_BYTES + SIGN_MESSAGE_BYTES)
#define SIGN_BATCH           64  /* requests or answers in one message */
#define SIGN_WINDOW          256 /* requests of one worker that are not answered, at most */

/* SignatureScheme of RFC 8446 section 4.2.3. In TLS 1.2 the ECDSA ones name no curve. */
enum sign_scheme {
    SIGN_RSA_PKCS1_SHA256 = 0x0401,
    SIGN_ECDSA_SHA256 = 0x0403,
    SIGN_RSA_PKCS1_SHA384 = 0x0501,
    SIGN_ECDSA_SHA384 = 0x0503,
    SIGN_RSA_PKCS1_SHA512 = 0x0601,
    SIGN_ECDSA_SHA512 = 0x0603,
    SIGN_RSA_PSS_SHA256 = 0x0804,
    SIGN_RSA_PSS_SHA384 = 0x0805,
    SIGN_RSA_PSS_SHA512 = 0x0806,
};

struct sign_request {
    uint64_t id; /* the worker's own; given back in the answer */
    enum sign_scheme scheme;
    uint8_t key[SIGN_KEY_BYTES];
    size_t message_bytes; /* 1 to SIGN_MESSAGE_BYTES */
    uint8_t message[SIGN_MESSAGE_BYTES];
};

struct sign_answer {
    uint64_t id;
    struct text signature; /* empty: refused; a view of the body */
};

void sign_request_put(struct buffer *out, const struct sign_request *request);
/* Takes one off the front of `body`. -1: it is none. */
int sign_request_get(struct text *body, struct sign_request *request_out);

void sign_answer_put(struct buffer *out, const struct sign_answer *answer);
int sign_answer_get(struct text *body, struct sign_answer *answer_out);

/* Does what is signed begin as nothing but a server of TLS signs, and is it all of it? RFC 8446
 * section 4.4.3, RFC 8422 section 5.4. */
bool sign_request_is_tls_server(const struct sign_request *request);
/* The same of a client: TLS 1.3, where it says so. */
bool sign_request_is_tls_client(const struct sign_request *request);
/* A digest as long as the scheme's hash, to be signed as it is: of whatever. */
bool sign_request_is_digest(const struct sign_request *request);

#endif
