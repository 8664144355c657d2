#ifndef SWARMWARD_CLI_TABLE_H
#define SWARMWARD_CLI_TABLE_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Aligned columns for people. Zero-initialised is empty; the first row is the heading. Numbers are
 * right-aligned: a column whose cells are all digits.
 */

#define TABLE_COLUMNS 8

struct table {
    /* owned: cells terminated with NUL, row by row */
    struct buffer cells;
    size_t columns;
    size_t rows;
};

/* One row; as many cells as the heading had. */
void table_row(struct table *table, size_t columns, const char *const *cells);
/* Nothing when there is only a heading. Empties the table. */
void table_write(struct table *table, struct buffer *out);

#define TABLE_ROW(table, ...)                                                                      \
    table_row((table), sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(const char *),             \
              (const char *[]){ __VA_ARGS__ })

#endif
