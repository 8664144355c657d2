/* Tables for people: columns line up, numbers stand to the right, nothing trails. */

#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void columns_line_up_and_numbers_stand_to_the_right(void **state)
{
    struct table table = { 0 };
    struct buffer out = { 0 };

    (void)state;
    TABLE_ROW(&table, "NAME", "COUNT", "STATE");
    TABLE_ROW(&table, "a", "7", "up");
    TABLE_ROW(&table, "longer", "12345678", "ejected");
    table_write(&table, &out);
    assert_true(text_equal(buffer_text(&out), TEXT("NAME       COUNT  STATE\n"
                                                   "a              7  up\n"
                                                   "longer  12345678  ejected\n"
                                                   "\n")));
    assert_int_equal(table.rows, 0);
    buffer_done(&out);
}

static void a_heading_alone_is_not_printed(void **state)
{
    struct table table = { 0 };
    struct buffer out = { 0 };

    (void)state;
    TABLE_ROW(&table, "NAME", "COUNT");
    table_write(&table, &out);
    assert_int_equal(buffer_len(&out), 0);
    buffer_done(&out);
}

static void an_empty_cell_keeps_its_place(void **state)
{
    struct table table = { 0 };
    struct buffer out = { 0 };

    (void)state;
    TABLE_ROW(&table, "A", "B", "C");
    TABLE_ROW(&table, "", "1", "");
    TABLE_ROW(&table, "xx", "", "z");
    table_write(&table, &out);
    assert_true(text_equal(buffer_text(&out), TEXT("A   B  C\n"
                                                   "    1  \n"
                                                   "xx     z\n"
                                                   "\n")));
    buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_line_up_and_numbers_stand_to_the_right),
        cmocka_unit_test(a_heading_alone_is_not_printed),
        cmocka_unit_test(an_empty_cell_keeps_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
