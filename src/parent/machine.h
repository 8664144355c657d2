#ifndef SWARMWARD_PARENT_MACHINE_H
#define SWARMWARD_PARENT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"

/* What this machine, or the container we are in, gives us. */

/* Processors that we may use: by affinity, and by the quota of the cgroup; at least 1. */
size_t machine_processors(void);

/* Of the contents of cgroup's cpu.max, "QUOTA PERIOD": whole processors, rounded up; 0: no limit.
 */
size_t machine_quota_processors(struct text cpu_max);

/*
 * The Docker socket and its group: at `path`, or with NULL where it usually is. What is returned is
 * borrowed from `path` or static; NULL: there is no socket.
 */
const char *machine_docker_socket(const char *path, gid_t *group_out);

/* As many descriptors, and as much locked memory, as we may have: children inherit it. */
void machine_raise_limits(void);

#endif
