#ifndef SWARMWARD_CONTROL_POLICY_BUILDER_H
#define SWARMWARD_CONTROL_POLICY_BUILDER_H

#include "domain_files.h"
#include "mapping.h"

/*
 * The policies of domains, into a snapshot whose domains are built of `mapping` and indexed. It
 * then borrows from both sources.
 */
void policy_build(struct snapshot *snapshot, const struct mapping *mapping,
                  const struct domain_files *files);

#endif
