#ifndef SWARMWARD_CONFIG_YAML_TREE_H
#define SWARMWARD_CONFIG_YAML_TREE_H

#include "base/arena.h"
#include "config/settings_file.h"

/*
 * The part of YAML that the mapping file is written in, as a tree: mappings with plain names,
 * sequences and scalars, each with its place. All scalars are text.
 */

enum yaml_kind {
    YAML_SCALAR,
    YAML_NOTHING, /* nothing was written, or null */
    YAML_MAPPING,
    YAML_SEQUENCE,
    YAML_BROKEN, /* was complained about already; to be passed over in silence */
};

struct yaml_node {
    struct text key; /* within a mapping */
    struct source_place key_place;
    struct text text; /* of a scalar */
    struct source_place place;
    struct yaml_node *first; /* of a mapping or a sequence, in the order of the file */
    struct yaml_node *next;
    enum yaml_kind kind;
    uint32_t count;
};

#define YAML_DEPTH 8

/* NULL: `problems` says why. A tree may come back although there were errors. */
const struct yaml_node *yaml_read(struct text yaml, struct arena *arena,
                                  const struct settings *settings, struct problems *problems);

/* The value of a name of a mapping; NULL: not there (or `node` is no mapping, or NULL). */
const struct yaml_node *yaml_find(const struct yaml_node *node, const char *name);

#endif
