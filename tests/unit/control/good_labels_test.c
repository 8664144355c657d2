/* Last good labels go to a file and come back; what is in it is checked. */

#include "good_labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "swarm_world.h"

static struct swarm *with_port(const char *port)
{
    return swarm_made(
        (struct made_service[]){ { .name = "web", .labels = LABELS("a.test", port) }, { 0 } });
}

/* As after a snapshot that ran. */
static struct label_reading see(struct label_cache *cache, const struct settings *file,
                                const char *port, bool good)
{
    struct swarm *swarm = with_port(port);
    struct label_reading reading = label_cache_get(cache, file, &swarm->services[0]);

    if (good)
        label_cache_mark(cache, &swarm->services[0]);
    label_cache_keep(cache, file, true);
    swarm_unref(swarm);
    return reading;
}

static void labels_that_were_good_before_come_back(void **state)
{
    struct label_cache *before = label_cache_new();
    struct label_cache *after = label_cache_new();
    struct settings *file = settings_new();
    struct buffer json = { 0 };
    struct label_reading reading;
    struct err err;

    (void)state;
    see(before, file, "80", true);
    assert_int_equal(label_cache_hash_superseded(before), 0);
    see(before, file, "eighty", false);
    assert_true(label_cache_hash_superseded(before) != 0);
    good_labels_encode(before, &json);
    assert_int_equal(good_labels_decode(buffer_text(&json), after, &err), 0);
    assert_true(label_cache_hash_superseded(before) == label_cache_hash_superseded(after));
    reading = see(after, file, "eighty", false);
    assert_null(reading.now);
    assert_non_null(reading.good);
    assert_int_equal(reading.good->routes[0].port, 80);
    buffer_done(&json);
    label_cache_free(before);
    label_cache_free(after);
    settings_free(file);
}

static void what_the_cache_has_is_newer(void **state)
{
    static const char json[] =
        "{\"format\":1,\"services\":[{\"id\":\"id-web\",\"labels\":[[\"enable\",\"true\"],"
        "[\"domain\",\"old.test\"],[\"port\",\"1\"]]}]}";
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct label_reading reading;
    struct err err;

    (void)state;
    see(cache, file, "80", true);
    assert_int_equal(good_labels_decode(text_of(json), cache, &err), 0);
    reading = see(cache, file, "eighty", false);
    assert_int_equal(reading.good->routes[0].port, 80);
    label_cache_free(cache);
    settings_free(file);
}

static void a_service_that_is_not_listed_yet_is_not_forgotten(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct settings *file = settings_new();
    struct label label = { TEXT("enable"), TEXT("true") };

    (void)state;
    label_cache_seed(cache, TEXT("x"), &label, 1);
    label_cache_keep(cache, file, false);
    assert_true(label_cache_hash_superseded(cache) != 0);
    label_cache_keep(cache, file, true);
    assert_int_equal(label_cache_hash_superseded(cache), 0);
    label_cache_free(cache);
    settings_free(file);
}

#define SERVICES(list) "{\"format\":1,\"services\":" list "}"

static void what_is_no_such_file_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{",
        "{\"format\":2,\"services\":[]}",
        "{\"format\":1}",
        SERVICES("{}"),
        SERVICES("[1]"),
        SERVICES("[{\"id\":\"\",\"labels\":[[\"a\",\"b\"]]}]"),
        SERVICES("[{\"id\":\"x\",\"labels\":[]}]"),
        SERVICES("[{\"id\":\"x\",\"labels\":{\"a\":\"b\"}}]"),
        SERVICES("[{\"id\":\"x\",\"labels\":[[\"a\"]]}]"),
        SERVICES("[{\"id\":\"x\",\"labels\":[[\"a\",1]]}]"),
        SERVICES("[{\"id\":\"x\",\"labels\":[[\"\",\"b\"]]}]"),
        SERVICES("[{\"id\":\"good\",\"labels\":[[\"a\",\"b\"]]},{\"id\":\"x\"}]"),
    };
    struct label_cache *cache = label_cache_new();
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (good_labels_decode(text_of(bad[i]), cache, &err) == 0)
            print_error("taken: %s\n", bad[i]);
        assert_int_equal(good_labels_decode(text_of(bad[i]), cache, &err), -1);
        assert_int_equal(label_cache_hash_superseded(cache), 0);
    }
    label_cache_free(cache);
}

static void too_many_labels_are_refused(void **state)
{
    struct label_cache *cache = label_cache_new();
    struct buffer json = { 0 };
    struct err err;

    (void)state;
    for (int count = LABELS_MAX; count <= LABELS_MAX + 1; count++) {
        buffer_clear(&json);
        buffer_format(&json, "{\"format\":1,\"services\":[{\"id\":\"x\",\"labels\":[");
        for (int i = 0; i < count; i++)
            buffer_format(&json, "%s[\"k%d\",\"\"]", i ? "," : "", i);
        buffer_format(&json, "]}]}");
        assert_int_equal(good_labels_decode(buffer_text(&json), cache, &err),
                         count > LABELS_MAX ? -1 : 0);
    }
    buffer_done(&json);
    label_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_that_were_good_before_come_back),
        cmocka_unit_test(what_the_cache_has_is_newer),
        cmocka_unit_test(a_service_that_is_not_listed_yet_is_not_forgotten),
        cmocka_unit_test(what_is_no_such_file_changes_nothing),
        cmocka_unit_test(too_many_labels_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
