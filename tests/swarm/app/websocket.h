#ifndef SWARM_APP_WEBSOCKET_H
#define SWARM_APP_WEBSOCKET_H

#include <stddef.h>

/* The server's side of a WebSocket (RFC 6455), as much as an echo needs. */

/* What Sec-WebSocket-Accept must say to this Sec-WebSocket-Key. */
void websocket_accept(const char *key, size_t key_bytes, char text_out[32]);

/* Says `greeting`, then sends every message back, until the peer or the connection ends. */
void websocket_echo(int fd, const char *greeting);

#endif
