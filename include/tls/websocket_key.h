#ifndef SWARMWARD_TLS_WEBSOCKET_KEY_H
#define SWARMWARD_TLS_WEBSOCKET_KEY_H

/*
 * Sec-WebSocket-Key and -Accept (RFC 6455 section 4) of an upgrade that we ask for. Here because
 * OpenSSL has the digest; it protects nothing, it shows that a backend meant to answer.
 */

#define WEBSOCKET_KEY_BYTES    25 /* terminated */
#define WEBSOCKET_ACCEPT_BYTES 29 /* terminated */

/* A fresh key, and what must come back. */
void websocket_key_make(char key_out[WEBSOCKET_KEY_BYTES], char accept_out[WEBSOCKET_ACCEPT_BYTES]);
/* What must come back for this key. */
void websocket_key_accept(const char key[WEBSOCKET_KEY_BYTES],
                          char accept_out[WEBSOCKET_ACCEPT_BYTES]);

#endif
