#ifndef SWARMWARD_TLS_CRYPTO_MEMORY_H
#define SWARMWARD_TLS_CRYPTO_MEMORY_H

#include <stddef.h>

/*
 * OpenSSL's heap: freed blocks are kept by size, up to a bound, and used again. A handshake takes
 * and gives some hundred blocks of the same sizes, and each record two of 17 KiB. For one thread.
 */

/* Before anything else is asked of OpenSSL, else it keeps its own. */
void crypto_memory_install(void);

/* As malloc(), realloc() and free(); a block that is given back twice ends the process. */
void *crypto_memory_take(size_t bytes);
void *crypto_memory_resize(void *memory, size_t bytes);
void crypto_memory_give(void *memory);

#endif
