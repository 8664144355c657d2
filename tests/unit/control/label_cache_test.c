/* Labels are read once a change and once a file; the last good ones outlive bad ones. */

#include "label_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "swarm_world.h"

static struct swarm *with_port(const char *port)
{
    return swarm_made(
        (struct made_service[]){ { .name = "web", .labels = LABELS("a.test", port) }, { 0 } });
}

static void what_did_not_change_is_not_read_again(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct swarm *swarm = with_port("80");
    struct label_reading first = label_cache_get(cache, file, &swarm->services[0]);
    struct label_reading second = label_cache_get(cache, file, &swarm->services[0]);

    (void)state;
    assert_non_null(first.now);
    assert_ptr_equal(first.now, second.now);
    assert_null(first.good);
    label_cache_free(cache);
    swarm_unref(swarm);
    settings_free(file);
}

static void bad_labels_have_a_problem_and_the_good_ones_of_before(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct swarm *good = with_port("80");
    struct swarm *bad = with_port("eighty");
    struct label_reading reading;

    (void)state;
    label_cache_get(cache, file, &good->services[0]);
    label_cache_mark(cache, &good->services[0]);
    label_cache_keep(cache, file, true);
    reading = label_cache_get(cache, file, &bad->services[0]);
    assert_null(reading.now);
    assert_true(reading.problem.len > 0);
    assert_non_null(reading.good);
    assert_int_equal(reading.good->routes[0].port, 80);
    label_cache_free(cache);
    swarm_unref(good);
    swarm_unref(bad);
    settings_free(file);
}

static void labels_of_a_snapshot_that_did_not_run_are_not_good(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct swarm *good = with_port("80");
    struct swarm *bad = with_port("eighty");

    (void)state;
    label_cache_get(cache, file, &good->services[0]);
    label_cache_mark(cache, &good->services[0]);
    label_cache_drop(cache);
    assert_null(label_cache_get(cache, file, &bad->services[0]).good);
    label_cache_free(cache);
    swarm_unref(good);
    swarm_unref(bad);
    settings_free(file);
}

static void another_file_reads_them_again_and_a_service_that_is_gone_is_forgotten(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct settings *other = settings_new();
    struct swarm *good = with_port("80");
    struct swarm *bad = with_port("eighty");

    (void)state;
    label_cache_get(cache, file, &good->services[0]);
    label_cache_mark(cache, &good->services[0]);
    label_cache_keep(cache, file, true);
    settings_free(file);
    assert_non_null(label_cache_get(cache, other, &good->services[0]).now);
    label_cache_keep(cache, other, true);
    label_cache_keep(cache, other, true); /* nobody asked for it in between */
    assert_null(label_cache_get(cache, other, &bad->services[0]).good);
    label_cache_free(cache);
    swarm_unref(good);
    swarm_unref(bad);
    settings_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_did_not_change_is_not_read_again),
        cmocka_unit_test(bad_labels_have_a_problem_and_the_good_ones_of_before),
        cmocka_unit_test(labels_of_a_snapshot_that_did_not_run_are_not_good),
        cmocka_unit_test(another_file_reads_them_again_and_a_service_that_is_gone_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
