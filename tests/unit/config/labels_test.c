/* Labels through the tables of the mapping file: what they say, and every way to be wrong. */

#include "config/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define MOST 6

struct written {
    const char *name; /* NULL: the last */
    const char *value;
};

static size_t convert(const struct written *written, struct label labels[MOST + 3])
{
    size_t count = 0;

    for (size_t i = 0; i < MOST && written[i].name; i++)
        labels[count++] = (struct label){ text_of(written[i].name), text_of(written[i].value) };
    return count;
}

static struct label_settings *read_under(const struct settings *file, const struct written *written,
                                         char *lines, size_t bytes)
{
    struct problems problems = { 0 };
    struct label labels[MOST + 3];
    size_t count = convert(written, labels);
    struct label_settings *settings =
        labels_read(file, TEXT("portal_web"), labels, count, &problems);

    text_to_buffer(buffer_text(&problems.lines), lines, bytes);
    assert_int_equal(settings == NULL, problems.error_count > 0);
    problems_done(&problems);
    return settings;
}

static const struct {
    struct written labels[MOST];
    const char *line; /* the first line has these words */
} wrong[] = {
    { { { "enable", "yes" } },
      "service portal_web: error: swarmward.enable: must be true or false" },
    { { { "enable", "true" } }, "\"domain\" is missing" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "prot", "80" } },
      "swarmward: \"prot\" is not known; did you mean \"port\"?" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "port", "eighty" } }, "swarmward.port: " },
    { { { "enable", "true" }, { "domain", "a.test" }, { "port", "70000" } }, "swarmward.port: " },
    { { { "enable", "true" }, { "domain", "a_b.test" } }, "swarmward.domain: \"a_b.test\"" },
    { { { "enable", "true" }, { "domain", "a.test,,b.test" } }, "swarmward.domain: " },
    { { { "enable", "true" }, { "domain", "a.test, A.test" } }, "is there twice" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "path", "x" } },
      "swarmward.path: must begin with /" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "path", "/x" }, { "path.y", "z" } },
      "swarmward.path.y: is both a value and the beginning of other names" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "a..b", "z" } },
      "swarmward.a..b: there is nothing between two dots" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "a.b.c.d.e.f.g.h.i", "z" } },
      "has too many dots" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "certificate", "mine" } },
      "is the operator's decision" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "tls.profile", "modern" } },
      "is the operator's decision" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "protocol", "h3" } },
      "swarmward.protocol: \"h3\" is not known here; write http1, https, h2c or h2" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "redirect", "www_to_apex" } },
      "needs a name both with and without www." },
    { { { "enable", "true" }, { "domain", "a.test" }, { "rate_limit.rate", "1/s" } },
      "is the operator's decision" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "health.timeout", "60s" } },
      "health.timeout must not be longer than health.interval" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "health", "/x" } }, "must be a mapping" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "routes", "/x" } }, "must be a mapping" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "routes.x.path", "/" } },
      "swarmward.routes.x: path / is there twice" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "routes.x.domain", "b.test" } },
      "swarmward.routes.x: \"domain\" is not known" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "routes.x.host", "*" } },
      "swarmward.routes.x.host: " },
    { { { "enable", "true" }, { "domain", "a.test\nerror: x" } }, "may have visible ASCII only" },
    { { { "enable", "true" }, { "domain", "a.test" }, { "na\x01m\xFF", "x" } },
      "swarmward.na?m?: the name may have visible ASCII only" },
};

static void what_is_wrong_is_said_with_the_label(void **state)
{
    struct settings *file = settings_new();
    char lines[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct label_settings *read = read_under(file, wrong[i].labels, lines, sizeof(lines));

        if (read || !strstr(lines, wrong[i].line))
            print_error("case %zu: \"%s\" is not in \"%s\"\n", i, wrong[i].line, lines);
        assert_null(read);
        assert_non_null(strstr(lines, wrong[i].line));
        assert_true(strncmp(lines, "service portal_web: error: swarmward", 36) == 0);
    }
    settings_free(file);
}

static void nothing_is_read_that_is_not_enabled(void **state)
{
    static const struct written off[] = { { "enable", "false" }, { "no_such", "x" }, { 0 } };
    static const struct written without[] = { { "no_such", "x\n" }, { "a..b", "x" }, { 0 } };
    struct settings *file = settings_new();
    struct label_settings *labels;
    char lines[512];

    (void)state;
    labels = read_under(file, off, lines, sizeof(lines));
    assert_false(labels->enabled);
    label_settings_free(labels);
    labels = read_under(file, without, lines, sizeof(lines));
    assert_false(labels->enabled);
    label_settings_free(labels);
    settings_free(file);
}

static void the_flat_keys_are_the_first_route_and_the_base_of_the_others(void **state)
{
    static const struct written written[] = {
        { "enable", "true" },   { "domain", "A.test , *.b.test" }, { "port", "8080" },
        { "max_body", "1MiB" }, { "routes.hl7.path", "/fhir/" },   { "routes.hl7.port", "9090" },
    };
    struct settings *file = settings_new();
    struct label_settings *labels;
    char lines[512];

    (void)state;
    file->service_defaults.drain_ms = 7000; /* of the file's defaults */
    labels = read_under(file, written, lines, sizeof(lines));
    assert_string_equal(lines, "");
    assert_int_equal(labels->domain_count, 2);
    assert_true(text_equal(labels->domains[0], TEXT("a.test")));
    assert_true(text_equal(labels->domains[1], TEXT("*.b.test")));
    assert_int_equal(labels->route_count, 2);
    assert_int_equal(labels->routes[0].port, 8080);
    assert_true(text_equal(labels->routes[0].path, TEXT("/")));
    assert_int_equal(labels->routes[0].service_policy.drain_ms, 7000);
    assert_int_equal(labels->routes[1].port, 9090);
    assert_true(text_equal(labels->routes[1].path, TEXT("/fhir")));
    assert_int_equal(labels->routes[1].policy.max_body_bytes, 1048576);
    assert_true(labels->routes[1].policy_given == labels->routes[0].policy_given);
    assert_true(labels->routes[0].policy_given != 0);
    assert_true(labels->routes[0].service_given == 0);
    label_settings_free(labels);
    settings_free(file);
}

static void lenient_only_warns_of_unknown_names(void **state)
{
    static const struct written written[] = {
        { "enable", "true" }, { "domain", "a.test" }, { "no_such", "x" }, { 0 }
    };
    struct settings *file = settings_new();
    struct label_settings *labels;
    char lines[512];

    (void)state;
    file->docker.label_policy = LABEL_POLICY_LENIENT;
    labels = read_under(file, written, lines, sizeof(lines));
    assert_non_null(labels);
    assert_non_null(strstr(lines, "warning: swarmward: \"no_such\" is not known"));
    label_settings_free(labels);
    settings_free(file);
}

static void a_hostile_name_of_a_service_cannot_begin_a_line(void **state)
{
    const struct label yes = { TEXT("enable"), TEXT("yes") };
    struct settings *file = settings_new();
    struct problems problems = { 0 };

    (void)state;
    assert_null(labels_read(file, TEXT("a\nb\xE2"), &yes, 1, &problems));
    assert_true(text_equal(buffer_text(&problems.lines),
                           TEXT("service a?b?: error: swarmward.enable: must be true or false\n")));
    problems_done(&problems);
    settings_free(file);
}

static void sizes_have_bounds(void **state)
{
    struct settings *file = settings_new();
    char *huge = memory_new(LABEL_VALUE_BYTES + 2);
    struct label labels[LABELS_MAX + 1];
    struct problems problems = { 0 };

    (void)state;
    memset(huge, 'a', LABEL_VALUE_BYTES + 1);
    labels[0] = (struct label){ TEXT("enable"), TEXT("true") };
    labels[1] = (struct label){ TEXT("domain"), text_of(huge) };
    assert_null(labels_read(file, TEXT("s"), labels, 2, &problems));
    assert_true(text_ends(buffer_text(&problems.lines),
                          TEXT("swarmward.domain: has more than 4096 bytes\n")));
    labels[1] = (struct label){ TEXT("domain"), TEXT("a.test") };
    labels[2] = (struct label){ text_of(huge), TEXT("x") };
    assert_null(labels_read(file, TEXT("s"), labels, 3, &problems));
    assert_true(
        text_ends(buffer_text(&problems.lines), TEXT("aaa: the name has more than 200 bytes\n")));
    for (size_t i = 0; i <= LABELS_MAX; i++)
        labels[i] = (struct label){ TEXT("enable"), TEXT("true") };
    assert_null(labels_read(file, TEXT("s"), labels, LABELS_MAX + 1, &problems));
    problems_done(&problems);
    free(huge);
    settings_free(file);
}

static void domains_and_routes_have_bounds(void **state)
{
    struct settings *file = settings_new();
    struct label labels[LABEL_ROUTES_MAX + 2] = { { TEXT("enable"), TEXT("true") } };
    char names[LABEL_ROUTES_MAX + 2][32];
    char paths[LABEL_ROUTES_MAX + 2][32];
    struct problems problems = { 0 };
    struct buffer domains = { 0 };

    (void)state;
    for (int i = 0; i <= LABEL_DOMAINS_MAX; i++)
        buffer_format(&domains, "%sd%d.test", i ? "," : "", i);
    labels[1] = (struct label){ TEXT("domain"), buffer_text(&domains) };
    assert_null(labels_read(file, TEXT("s"), labels, 2, &problems));
    labels[1] = (struct label){ TEXT("domain"), TEXT("a.test") };
    for (int i = 0; i < LABEL_ROUTES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "routes.r%d.path", i);
        snprintf(paths[i], sizeof(paths[i]), "/p%d", i);
        labels[i + 2] = (struct label){ text_of(names[i]), text_of(paths[i]) };
    }
    assert_null(labels_read(file, TEXT("s"), labels, LABEL_ROUTES_MAX + 2, &problems));
    label_settings_free(labels_read(file, TEXT("s"), labels, LABEL_ROUTES_MAX + 1, &problems));
    assert_int_equal(problems.error_count, 2);
    problems_done(&problems);
    buffer_done(&domains);
    settings_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_with_the_label),
        cmocka_unit_test(nothing_is_read_that_is_not_enabled),
        cmocka_unit_test(the_flat_keys_are_the_first_route_and_the_base_of_the_others),
        cmocka_unit_test(lenient_only_warns_of_unknown_names),
        cmocka_unit_test(a_hostile_name_of_a_service_cannot_begin_a_line),
        cmocka_unit_test(sizes_have_bounds),
        cmocka_unit_test(domains_and_routes_have_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
