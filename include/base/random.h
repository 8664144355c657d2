#ifndef SWARMWARD_BASE_RANDOM_H
#define SWARMWARD_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* From the kernel; for keys and seeds. Aborts when the kernel has none. */
void random_bytes(void *out, size_t bytes);

/* Quick, seeded once a process from the kernel; for choices and jitter, never for secrets. */
uint64_t random_u64(void);
uint64_t random_below(uint64_t bound); /* 0 <= result < bound; bound > 0 */

#endif
