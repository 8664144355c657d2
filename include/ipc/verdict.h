#ifndef SWARMWARD_IPC_VERDICT_H
#define SWARMWARD_IPC_VERDICT_H

#include <stdint.h>

#include "ipc/channel.h"

/* What a member of a rollout answers to PREPARE: READY, or with a reason REFUSED. */
void verdict_send(struct channel *channel, uint64_t generation, const char *refusal);

#endif
