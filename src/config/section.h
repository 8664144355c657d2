#ifndef SWARMWARD_CONFIG_SECTION_H
#define SWARMWARD_CONFIG_SECTION_H

#include "reading.h"

/*
 * A mapping of the file -> members, by field tables: nested mappings are the dots in the names.
 * Every name must be in one of the tables or in `others`.
 */

struct binding {
    /* borrowed */
    const struct field_table *table;
    void *target;   /* may be NULL when the table has FIELD_LATER rows only */
    uint64_t given; /* out: bit i: row i was written */
};

struct section {
    const struct trail *trail; /* borrowed; NULL: the root */
    struct binding *bindings;  /* borrowed */
    size_t binding_count;
    /* NULL, or the names that the caller reads itself, NULL-terminated */
    const char *const *others;
    /* NULL, or a table whose names belong somewhere else, and the sentence that says where */
    const struct field_table *elsewhere;
    const char *elsewhere_hint;
};

/* The defaults are set already. Rows without a default must be given, but for those of opt_in. */
void section_read(struct reading *reading, const struct section *section,
                  const struct yaml_node *mapping);

/* What a domain says of the way, on its way into `struct domain_settings`. */
struct delivery_reading {
    struct delivery_settings delivery; /* the defaults, and what was written over them */
    struct binding binding;            /* of delivery_fields */
    struct binding edits;              /* of edit_fields */
};

/* Into `domain->delivery`, when anything was written. */
void read_domain_delivery(struct reading *reading, const struct trail *trail,
                          const struct delivery_reading *read, struct domain_settings *domain);

/* Was this row written? */
bool binding_has(const struct binding *binding, const char *name);

#endif
