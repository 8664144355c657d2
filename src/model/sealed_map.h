#ifndef SWARMWARD_MODEL_SEALED_MAP_H
#define SWARMWARD_MODEL_SEALED_MAP_H

#include <stddef.h>

#include "base/err.h"

/*
 * Map a memfd that nobody can change any more, to read; munmap() it. NULL: it could still change,
 * is empty or larger than `max_bytes`; `err` begins with `what`. `fd` is borrowed.
 */
void *sealed_map(int fd, const char *what, size_t max_bytes, size_t *bytes_out, struct err *err);

#endif
