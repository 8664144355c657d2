#ifndef SWARMWARD_NET_SOCKET_H
#define SWARMWARD_NET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/address.h"

/*
 * A non-blocking listening TCP socket with SO_REUSEADDR, SO_REUSEPORT and TCP_NODELAY (inherited by
 * what it accepts). -1: `err` names the address and what to do.
 */
int socket_listen(const struct address *address, int backlog, struct err *err);
/* The same without SO_REUSEPORT: -1 where another listens, whoever it is. */
int socket_listen_alone(const struct address *address, int backlog, struct err *err);

/* Non-blocking connect with TCP_NODELAY. -1: it failed at once (errno). */
int socket_connect(const struct address *address);

/* The result of a connect that became writable: 0 or an errno. */
int socket_connect_result(int fd);

/* TCP keepalive for tunnels: first probe after 60 s, then 4 every 15 s (CONFIG.md section 4). */
void socket_keepalive(int fd);

/*
 * Has the peer's kernel acknowledged nothing of what was sent, for so long? Then nobody is there
 * any more, however patient one is with what runs there (tcp(7), TCP_INFO).
 */
bool socket_is_unanswered(int fd, int64_t for_ms);

/* close() so that the peer sees a reset rather than a clean end. */
void socket_close_reset(int fd);

/* A listening unix socket with `mode`; a stale file is replaced, a live one refused. */
int socket_listen_unix(const char *path, unsigned mode, struct err *err);
/* Blocking connect to one. */
int socket_connect_unix(const char *path, struct err *err);

#endif
