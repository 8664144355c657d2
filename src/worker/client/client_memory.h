#ifndef SWARMWARD_WORKER_CLIENT_MEMORY_H
#define SWARMWARD_WORKER_CLIENT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;

/* What a client's connection holds and may hold, in bytes: limits.connection_memory and its parts.
 */

size_t client_memory(const struct client *client);
bool client_is_over_memory(const struct client *client);
/* HTTP/2: of responses that the client does not take. */
size_t client_kept_most(const struct client *client);
/* HTTP/2: of request bodies together, ahead of who takes them. */
uint32_t client_connection_window(const struct client *client);
/* Of one response, ahead of the client: what a backend of HTTP/2 may send. */
#define CLIENT_WINDOW_LEAST ((uint32_t)2048)
uint32_t client_body_window(const struct client *client);

#endif
