/* The page of metrics is not stale, and values that are not ours are escaped. */

#include "metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "metrics_private.h"

static void the_page_is_not_stale(void **state)
{
    struct buffer out = { 0 };
    char path[4096];
    char *file = NULL;
    size_t len = 0;

    (void)state;
    snprintf(path, sizeof(path), "%s/docs/metrics.md", getenv("SOURCE_ROOT"));
    assert_int_equal(file_read(path, 1 << 20, &file, &len, NULL), 0);
    metrics_write_reference(&out);
    if (!text_equal(buffer_text(&out), text_make(file, len)))
        fail_msg("docs/metrics.md is stale; run: make docs");
    buffer_done(&out);
    free(file);
}

static void label_values_are_escaped(void **state)
{
    static const struct metric metric = { "x", "gauge", "X.", .offset = 0 };
    struct buffer out = { 0 };

    (void)state;
    metric_put_named(&metric, "name", TEXT("a\"b\\c\nd\x80"), 1.5, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.bytes, "swarmward_x{name=\"a\\\"b\\\\c?d?\"} 1.500000\n");
    buffer_done(&out);
}

static void every_metric_is_described_once_and_stands_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < metric_count; i++) {
        bool first = i == 0 || !text_equal(text_of(metrics[i].name), text_of(metrics[i - 1].name));

        assert_int_equal(first, metrics[i].help[0] != '\0');
        for (size_t j = 0; first && j < i; j++)
            assert_false(text_equal(text_of(metrics[i].name), text_of(metrics[j].name)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_not_stale),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(every_metric_is_described_once_and_stands_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
