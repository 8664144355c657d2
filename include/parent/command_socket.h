#ifndef SWARMWARD_PARENT_COMMAND_SOCKET_H
#define SWARMWARD_PARENT_COMMAND_SOCKET_H

#include <stddef.h>

#include "base/err.h"

/*
 * The unix socket on which a running swarmward takes commands. The parent binds it, so that it
 * outlives control; control answers there.
 */

/*
 * Where it is when --socket says nothing: /run/swarmward/control.sock for root, else
 * $XDG_RUNTIME_DIR/swarmward/control.sock, else /tmp/swarmward-UID/control.sock.
 */
int command_socket_default(char *path, size_t bytes, struct err *err);

/*
 * A listening socket that only this user may reach. Makes the directory when it is not there;
 * refuses one in which another user may put a socket of his own.
 */
int command_socket_listen(const char *path, struct err *err);

#endif
