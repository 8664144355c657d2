#ifndef SWARMWARD_CONTROL_METRICS_H
#define SWARMWARD_CONTROL_METRICS_H

#include "control.h"

/*
 * Everything that is counted, in the text format of Prometheus (version 0.0.4). The values of
 * labels are words of this program, names of the mapping and of certificates: never a byte of a
 * client, and no more than the mapping has.
 */
void metrics_write(const struct control *control, struct buffer *out);

/* NULL: it is not known what the file says; then they are. */
bool metrics_are_on(const struct mapping_file *file);

/* docs/metrics.md, from the same rows. */
void metrics_write_reference(struct buffer *out);

#endif
