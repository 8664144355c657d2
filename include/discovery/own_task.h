#ifndef SWARMWARD_DISCOVERY_OWN_TASK_H
#define SWARMWARD_DISCOVERY_OWN_TASK_H

#define OWN_CONTAINER_BYTES 65

/* The ID of the container that this process runs in, from its mounts (`path`, normally
 * /proc/self/mountinfo): Docker mounts files of /var/lib/docker/containers/ID into it. Empty
 * outside of one. */
void own_container_id(const char *path, char id_out[OWN_CONTAINER_BYTES]);

#endif
