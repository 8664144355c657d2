#ifndef SWARMWARD_PARENT_SIGNERS_H
#define SWARMWARD_PARENT_SIGNERS_H

#include <stdbool.h>

struct child;
struct parent;

/* The channels between the workers and swarmward-keys. */

/* False: the workers have the keys themselves. */
bool signers_are_wanted(const struct parent *parent);

/* A process began that asks, or that answers: give it its channels. */
void signers_connect(struct child *child);

#endif
