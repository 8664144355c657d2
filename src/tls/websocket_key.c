/* The handshake of WebSocket, as far as it needs a digest. Called for an upgrade over HTTP/2. */

#include "tls/websocket_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/random.h"

#define NONCE_BYTES 16
#define SHA1_BYTES  20

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455 section 1.3 */

void websocket_key_accept(const char key[WEBSOCKET_KEY_BYTES],
                          char accept_out[WEBSOCKET_ACCEPT_BYTES])
{
    unsigned char text[WEBSOCKET_KEY_BYTES - 1 + sizeof(guid) - 1];
    unsigned char digest[SHA1_BYTES];

    memcpy(text, key, WEBSOCKET_KEY_BYTES - 1);
    memcpy(text + WEBSOCKET_KEY_BYTES - 1, guid, sizeof(guid) - 1);
    if (EVP_Digest(text, sizeof(text), digest, NULL, EVP_sha1(), NULL) != 1)
        abort(); /* out of memory */
    EVP_EncodeBlock((unsigned char *)accept_out, digest, SHA1_BYTES);
}

void websocket_key_make(char key_out[WEBSOCKET_KEY_BYTES], char accept_out[WEBSOCKET_ACCEPT_BYTES])
{
    unsigned char nonce[NONCE_BYTES];

    random_bytes(nonce, sizeof(nonce));
    EVP_EncodeBlock((unsigned char *)key_out, nonce, NONCE_BYTES);
    websocket_key_accept(key_out, accept_out);
}
