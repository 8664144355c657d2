/* The documents that are made from the field tables are what is committed, and they are true. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/labels.h"
#include "refusals.h"

static char *committed(const char *name)
{
    char path[4096];
    char *bytes = NULL;
    size_t len = 0;
    struct err err;

    snprintf(path, sizeof(path), "%s/%s", getenv("SOURCE_ROOT"), name);
    if (file_read(path, 1 << 20, &bytes, &len, &err) < 0)
        fail_msg("%s", err.text);
    return bytes;
}

static void assert_fresh(const char *name, void (*write)(struct buffer *out))
{
    struct buffer out = { 0 };
    char *file = committed(name);

    write(&out);
    if (!text_equal(buffer_text(&out), text_of(file)))
        fail_msg("%s is stale; run: make docs", name);
    buffer_done(&out);
    free(file);
}

static void the_reference_is_not_stale(void **state)
{
    (void)state;
    assert_fresh("docs/configuration.md", settings_write_reference);
}

static void the_example_is_not_stale(void **state)
{
    (void)state;
    assert_fresh("conf/swarmward.yaml", settings_write_example);
}

static void the_page_of_labels_is_not_stale(void **state)
{
    (void)state;
    assert_fresh("docs/labels.md", labels_write_reference);
}

static void assert_default(const struct field_table *table, const void *settings)
{
    struct arena arena = { 0 };
    void *fresh = arena_new(&arena, 1, table->struct_bytes);

    fields_set_defaults(table, fresh, &arena);
    for (size_t i = 0; i < table->count; i++) {
        struct buffer here = { 0 };
        struct buffer there = { 0 };

        field_print(&table->fields[i], settings, &here);
        field_print(&table->fields[i], fresh, &there);
        assert_true(text_equal(buffer_text(&here), buffer_text(&there)));
        buffer_done(&here);
        buffer_done(&there);
    }
    arena_done(&arena);
}

static void the_example_is_accepted_and_changes_no_default(void **state)
{
    char *file = committed("conf/swarmward.yaml");
    struct settings *settings = assert_accepted(file);

    (void)state;
    assert_default(&listener_fields, &settings->listeners);
    assert_default(&tls_fields, &settings->tls);
    assert_default(&policy_fields, &settings->policy);
    assert_default(&service_fields, &settings->service_defaults);
    assert_default(&route_fields, &settings->route_defaults);
    assert_default(&header_fields, &settings->headers);
    assert_default(&limit_fields, &settings->limits);
    assert_default(&log_fields, &settings->log);
    assert_default(&shutdown_fields, &settings->shutdown);
    assert_false(settings->ticket_secret_given);
    settings_free(settings);
    free(file);
}

static void uncomment(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++)
        if (!(*from == '#' && from[1] != ' ' && from[1] != '\n'))
            *to++ = *from;
    *to = '\0';
}

static void what_the_example_hides_may_be_uncommented(void **state)
{
    char *file = committed("conf/swarmward.yaml");
    struct problems problems = { 0 };
    struct settings *settings;

    (void)state;
    uncomment(file);
    settings = settings_parse("f.yaml", text_of(file), &problems);
    assert_int_equal(problems.error_count, 0);
    assert_non_null(settings);
    assert_true(settings->ticket_secret_given);
    assert_int_equal(settings->certificate_count, 1);
    settings_free(settings);
    problems_done(&problems);
    free(file);
}

static void the_smallest_file_is_accepted(void **state)
{
    char *file = committed("conf/minimal.yaml");
    struct settings *settings = assert_accepted(file);

    (void)state;
    settings_free(settings);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_is_not_stale),
        cmocka_unit_test(the_example_is_not_stale),
        cmocka_unit_test(the_page_of_labels_is_not_stale),
        cmocka_unit_test(the_example_is_accepted_and_changes_no_default),
        cmocka_unit_test(what_the_example_hides_may_be_uncommented),
        cmocka_unit_test(the_smallest_file_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
