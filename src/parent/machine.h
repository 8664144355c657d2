#ifndef SWARMWARD_PARENT_MACHINE_H
#define SWARMWARD_PARENT_MACHINE_H

#include <stddef.h>

#include "base/text.h"

/* What this machine, or the container we are in, gives us. */

/* Processors that we may use: by affinity, and by the quota of the cgroup; at least 1. */
size_t machine_processors(void);

/* Of the contents of cgroup's cpu.max, "QUOTA PERIOD": whole processors, rounded up; 0: no limit.
 */
size_t machine_quota_processors(struct text cpu_max);

/* As many descriptors as we are allowed. */
void machine_raise_descriptors(void);

#endif
