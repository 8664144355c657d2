/* Columns that line up. Used by the subcommands that print facts for people. */

#include "table.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define GAP 2

void table_row(struct table *table, size_t columns, const char *const *cells)
{
    assert(columns <= TABLE_COLUMNS && (table->rows == 0 || columns == table->columns));
    table->columns = columns;
    table->rows++;
    for (size_t i = 0; i < columns; i++)
        buffer_append(&table->cells, cells[i], strlen(cells[i]) + 1);
}

static const char *next_cell(const char *cell)
{
    return cell + strlen(cell) + 1;
}

static bool is_number(const char *cell)
{
    return cell[0] == '\0' || strspn(cell, "0123456789") == strlen(cell);
}

struct column {
    size_t width;
    bool numbers;
};

static void measure(const struct table *table, struct column *columns)
{
    const char *cell = table->cells.bytes + table->cells.start;

    for (size_t i = 0; i < table->columns; i++)
        columns[i] = (struct column){ .numbers = true };
    for (size_t at = 0; at < table->rows * table->columns; at++, cell = next_cell(cell)) {
        struct column *column = &columns[at % table->columns];

        if (strlen(cell) > column->width)
            column->width = strlen(cell);
        if (at >= table->columns && !is_number(cell))
            column->numbers = false;
    }
}

static void pad(struct buffer *out, size_t count)
{
    while (count--)
        buffer_append_byte(out, ' ');
}

/* No spaces behind the last column. */
static void write_cell(struct buffer *out, const char *cell, struct column column, bool last)
{
    size_t missing = column.width - strlen(cell);

    if (column.numbers)
        pad(out, missing);
    buffer_append(out, cell, strlen(cell));
    if (!last)
        pad(out, (column.numbers ? 0 : missing) + GAP);
}

void table_write(struct table *table, struct buffer *out)
{
    const char *cell = table->cells.bytes + table->cells.start;
    struct column columns[TABLE_COLUMNS];

    if (table->rows > 1) {
        measure(table, columns);
        for (size_t row = 0; row < table->rows; row++) {
            for (size_t i = 0; i < table->columns; i++, cell = next_cell(cell))
                write_cell(out, cell, columns[i], i + 1 == table->columns);
            buffer_append_byte(out, '\n');
        }
        buffer_append_byte(out, '\n');
    }
    buffer_done(&table->cells);
    *table = (struct table){ 0 };
}
