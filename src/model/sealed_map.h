#ifndef SWARMWARD_MODEL_SEALED_MAP_H
#define SWARMWARD_MODEL_SEALED_MAP_H

#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

/*
 * Map a memfd that nobody can change any more, to read. -1: it could still change, is empty or
 * larger than `max_bytes`. `fd` is borrowed. munmap() it.
 */
int sealed_map(int fd, const char *what, size_t max_bytes, void **mapping_out, size_t *bytes_out,
               struct err *err);

#endif
