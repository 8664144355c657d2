#ifndef SWARMWARD_CONFIG_LABEL_TREE_H
#define SWARMWARD_CONFIG_LABEL_TREE_H

#include "config/labels.h"
#include "reading.h"

/* The beginning of what somebody else named, for messages: bytes that are not visible ASCII become
 * question marks. */
struct text label_printable(struct arena *arena, struct text text);

/* Labels with dots in their names as the tree that a mapping file would be. Errors are said with
 * the name of the label. */
const struct yaml_node *label_tree(struct reading *reading, const struct trail *trail,
                                   const struct label *labels, size_t count);

#endif
