#ifndef SWARMWARD_CONFIG_DOCUMENT_H
#define SWARMWARD_CONFIG_DOCUMENT_H

#include "model/field_table.h"

/* The sections that are nothing but rows, in the order in which both documents show them. */
struct document_section {
    const struct field_table *table;
    const char *name;  /* where the rows are in the file, "" for the root */
    const char *intro; /* a sentence or two for the reference */
};

extern const struct document_section document_sections[];
extern const size_t document_section_count;

/* The rows as a table in Markdown, and those that are not built yet as rows of one. */
void document_print_table(const struct field_table *table, const char *section, struct buffer *out);
void document_print_later(const struct field_table *table, const char *section, struct buffer *out);

#endif
