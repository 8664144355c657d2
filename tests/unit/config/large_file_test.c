/* Large files: ten thousand domains are read, one more is refused, and so is what would be slow. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"
#include "refusals.h"

static char *many_domains(size_t count)
{
    struct buffer out = { 0 };
    char *yaml;

    buffer_append_text(&out, TEXT("version: 1\n"
                                  "services: { app: { servers: [\"127.0.0.1:3000\"] } }\n"
                                  "tls: { certificates: [{ name: c, cert: a, key: b }] }\n"
                                  "domains:\n"));
    for (size_t i = 0; i < count; i++)
        buffer_format(&out,
                      " d%05zu.example.com: { certificate: c, routes: [{ path: /, service: app "
                      "}] }\n",
                      i);
    yaml = text_to_heap(buffer_text(&out));
    buffer_done(&out);
    return yaml;
}

static void ten_thousand_domains_are_read(void **state)
{
    char *yaml = many_domains(SETTINGS_DOMAINS);
    struct settings *settings = assert_accepted(yaml);

    (void)state;
    assert_int_equal(settings->domain_count, SETTINGS_DOMAINS);
    assert_int_equal(settings->service_count, 1);
    assert_true(text_equal(settings->domains[9999].name, TEXT("d09999.example.com")));
    assert_int_equal(settings->domains[9999].place.line, 10004);
    assert_true(settings->arena.total < (size_t)4 * 1024 * 1024);
    settings_free(settings);
    free(yaml);
}

static void one_more_is_refused(void **state)
{
    char *yaml = many_domains(SETTINGS_DOMAINS + 1);
    struct settings *settings = NULL;
    char *lines = read_lines(text_of(yaml), &settings);

    (void)state;
    assert_null(settings);
    assert_string_equal(lines,
                        "f.yaml:10005:2: error: domains: more than 10000 domains and aliases\n");
    free(lines);
    free(yaml);
}

static void a_file_over_900_kib_is_refused_unread(void **state)
{
    char *bytes = memory_new(SETTINGS_FILE_BYTES + 1);
    struct settings *settings = NULL;
    char *lines;

    (void)state;
    memset(bytes, '[', SETTINGS_FILE_BYTES + 1);
    lines = read_lines(text_make(bytes, SETTINGS_FILE_BYTES + 1), &settings);
    assert_null(settings);
    assert_string_equal(lines, "f.yaml: error: 921601 bytes are more than the limit of 921600\n");
    free(lines);
    free(bytes);
}

static size_t count_lines(const char *lines)
{
    size_t count = 0;

    for (; *lines; lines++)
        count += *lines == '\n';
    return count;
}

static void of_many_errors_a_hundred_are_written_and_the_rest_is_counted(void **state)
{
    struct buffer yaml = { 0 };
    struct settings *settings = NULL;
    char *lines;

    (void)state;
    buffer_append_text(&yaml, TEXT("version: 1\ndomains:\n"));
    for (size_t i = 0; i < 250; i++)
        buffer_format(&yaml, "  d%zu.example: a/b\n", i);
    lines = read_lines(buffer_text(&yaml), &settings);
    assert_null(settings);
    assert_int_equal(count_lines(lines), 101);
    assert_non_null(strstr(lines, "f.yaml:102:16: error: domains.d99.example: a service has no"));
    assert_null(strstr(lines, "d100.example"));
    assert_non_null(strstr(lines, "\nf.yaml: error: and 150 more\n"));
    free(lines);
    buffer_done(&yaml);
}

/* Whoever loads certificates adds to the list after the file was read. */
static void problems_may_be_added_and_settled_again(void **state)
{
    struct settings settings = { .path = TEXT("f.yaml") };
    struct problems problems = { 0 };

    (void)state;
    for (uint32_t i = 0; i < 101; i++)
        problems_error(&problems, &settings, (struct source_place){ 200 - i, 1 }, "wrong");
    problems_settle(&problems, &settings);
    problems_settle(&problems, &settings);
    problems_error(&problems, &settings, (struct source_place){ 1, 1 }, "wrong");
    problems_warning(&problems, &settings, (struct source_place){ 1, 1 }, "odd");
    problems_settle(&problems, &settings);
    buffer_append_byte(&problems.lines, '\0');
    assert_int_equal(problems.error_count, 102);
    assert_int_equal(problems.warning_count, 1);
    assert_int_equal(count_lines(problems.lines.bytes), 102);
    assert_ptr_equal(strstr(problems.lines.bytes, "f.yaml:1:1: warning: odd\n"),
                     problems.lines.bytes);
    assert_non_null(strstr(problems.lines.bytes, "\nf.yaml: error: and 2 more\n"));
    problems_done(&problems);
}

/* Each of these has made a reader of YAML quadratic. None may take a time that anybody notices. */
static void hostile_files_are_refused_at_once(void **state)
{
    static const char *const units[] = {
        "[",       "{",     "- ",    "? ",         "[]",           "&a ",
        "*a ",     "!a ",   "? x\n", "- \n",       "%TAG !a! b\n", "\"\\u0041\" : ",
        "a: &a\n", "x,",    "---\n", "'",          "|\n",          ">",
        "#",       "a:\n ", "\t",    "\"a\": {\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        for (size_t in_flow = 0; in_flow < 2; in_flow++) {
            struct buffer yaml = { 0 };
            struct settings *settings = NULL;
            char *lines;

            buffer_append_text(&yaml, in_flow ? TEXT("x: [") : TEXT(""));
            while (buffer_len(&yaml) + strlen(units[i]) <= SETTINGS_FILE_BYTES)
                buffer_append_text(&yaml, text_of(units[i]));
            lines = read_lines(buffer_text(&yaml), &settings);
            assert_null(settings);
            assert_true(count_lines(lines) <= PROBLEMS_SHOWN + 1);
            free(lines);
            buffer_done(&yaml);
        }
    }
}

/* `count` times 127.0.SUBNET.1 with another port */
static void print_service(struct buffer *out, size_t subnet, size_t count)
{
    buffer_format(out, "  s%zu: { servers: [\n", subnet);
    for (size_t i = 1; i <= count; i++)
        buffer_format(out, "\"127.0.%zu.1:%zu\",\n", subnet, i);
    buffer_append_text(out, TEXT("] }\n"));
}

static void servers_are_bounded_in_a_service_and_in_all(void **state)
{
    static const struct {
        size_t services;
        size_t servers;
        const char *error;
    } cases[] = {
        { 1, 1024, NULL },
        { 1, 1025, "f.yaml:4:18: error: services.s0.servers: more than 1024 servers\n" },
        { 16, 1024, NULL },
        { 17, 1000, "f.yaml:1:1: error: 17000 servers are more than the limit of 16384\n" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer yaml = { 0 };
        struct settings *settings = NULL;
        char *lines;

        buffer_append_text(&yaml, TEXT("version: 1\ndomains: { a.example: s0 }\nservices:\n"));
        for (size_t j = 0; j < cases[i].services; j++)
            print_service(&yaml, j, cases[i].servers);
        lines = read_lines(buffer_text(&yaml), &settings);
        assert_int_equal(settings == NULL, cases[i].error != NULL);
        if (cases[i].error)
            assert_string_equal(lines, cases[i].error);
        settings_free(settings);
        free(lines);
        buffer_done(&yaml);
    }
}

static void routes_of_a_domain_are_bounded(void **state)
{
    (void)state;
    for (size_t count = 1000; count <= 1001; count++) {
        struct buffer yaml = { 0 };
        struct settings *settings = NULL;
        char *lines;

        buffer_append_text(&yaml, TEXT("version: 1\ndomains: { a.example: { routes: [\n"));
        for (size_t i = 1; i <= count; i++)
            buffer_format(&yaml, "{ path: /%zu, service: \"127.0.0.1:1\" },\n", i);
        buffer_append_text(&yaml, TEXT("] } }\n"));
        lines = read_lines(buffer_text(&yaml), &settings);
        assert_string_equal(
            lines, count == 1000
                       ? ""
                       : "f.yaml:2:33: error: domains.a.example.routes: more than 1000 routes\n");
        settings_free(settings);
        free(lines);
        buffer_done(&yaml);
    }
}

static void a_hundred_errors_are_all_there(void **state)
{
    struct settings settings = { .path = TEXT("f.yaml") };
    struct problems problems = { 0 };

    (void)state;
    for (size_t i = 0; i < PROBLEMS_SHOWN; i++) {
        problems_error(&problems, &settings, (struct source_place){ 7, 1 }, "wrong");
        problems_warning(&problems, &settings, (struct source_place){ 7, 1 }, "odd");
    }
    problems_settle(&problems, &settings);
    buffer_append_byte(&problems.lines, '\0');
    assert_int_equal(count_lines(problems.lines.bytes), 2 * PROBLEMS_SHOWN);
    assert_null(strstr(problems.lines.bytes, "more"));
    problems_done(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_domains_are_read),
        cmocka_unit_test(one_more_is_refused),
        cmocka_unit_test(a_file_over_900_kib_is_refused_unread),
        cmocka_unit_test(of_many_errors_a_hundred_are_written_and_the_rest_is_counted),
        cmocka_unit_test(problems_may_be_added_and_settled_again),
        cmocka_unit_test(hostile_files_are_refused_at_once),
        cmocka_unit_test(servers_are_bounded_in_a_service_and_in_all),
        cmocka_unit_test(routes_of_a_domain_are_bounded),
        cmocka_unit_test(a_hundred_errors_are_all_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
