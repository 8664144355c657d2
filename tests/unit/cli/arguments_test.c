/* Command lines as a table: what is understood, what is refused and with which hint; and the help
 * that the same rows print. */

#include "arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "subcommands.h"

#define WORDS_MAX 6

struct row {
    const struct subcommand *subcommand;
    const char *words[WORDS_MAX];
    const char *error; /* in it; NULL: understood */
};

static const struct row rows[] = {
    { &run_subcommand, { "-c", "x.yaml" }, NULL },
    { &run_subcommand, { "--config", "x.yaml", "--dev", "--workers", "3" }, NULL },
    { &run_subcommand, { "--config=x.yaml", "--workers=auto" }, NULL },
    { &run_subcommand, { "--help" }, NULL },
    { &run_subcommand, { "-h", "-c", "x" }, NULL },
    { &run_subcommand, { "-c" }, "--config needs FILE behind it" },
    { &run_subcommand, { "-c", "x", "-c", "y" }, "--config is given twice" },
    { &run_subcommand, { "--wokers", "3" }, "did you mean --workers?" },
    { &run_subcommand, { "--nonsense" }, "unknown option --nonsense" },
    { &run_subcommand, { "-x" }, "unknown option -x" },
    { &run_subcommand, { "--dev=yes" }, "--dev takes no value" },
    { &run_subcommand, { "x.yaml" }, "\"x.yaml\" is one word too many" },
    { &check_subcommand, { "x.yaml" }, NULL },
    { &check_subcommand, { "--strict", "x.yaml" }, NULL },
    { &check_subcommand, { "x.yaml", "--strict" }, NULL },
    { &check_subcommand, { "--", "--strict" }, NULL }, /* a file of that name */
    { &check_subcommand, { "-" }, NULL },
    { &check_subcommand, { "--help" }, NULL },
    { &check_subcommand, { NULL }, "FILE is missing" },
    { &check_subcommand, { "--strict" }, "FILE is missing" },
    { &check_subcommand, { "x", "y" }, "\"y\" is one word too many" },
    { &status_subcommand, { "--json" }, NULL },
    { &status_subcommand, { "--jsn" }, "did you mean --json?" },
    { &status_subcommand, { "extra" }, "one word too many" },
    { &reload_subcommand, { "--socket", "/x" }, NULL },
    { &explain_subcommand, { "https://a.test/" }, NULL },
    { &explain_subcommand, { "https://a.test/", "POST", "--json" }, NULL },
    { &explain_subcommand, { NULL }, "URL [METHOD] is missing" },
    { &explain_subcommand, { "a", "b", "c" }, "\"c\" is one word too many" },
    { &healthcheck_subcommand, { NULL }, NULL },
    { &version_subcommand, { NULL }, NULL },
    { &version_subcommand, { "--json" }, "unknown option --json" },
};

static int parse(const struct row *row, struct arguments *arguments, struct err *err)
{
    char copies[WORDS_MAX][64];
    char *words[WORDS_MAX];
    int count = 0;

    for (; count < WORDS_MAX && row->words[count]; count++) {
        snprintf(copies[count], sizeof(copies[count]), "%s", row->words[count]);
        words[count] = copies[count];
    }
    return arguments_parse(row->subcommand, count, words, arguments, err);
}

static void every_line_is_understood_or_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arguments arguments;
        struct err err = { 0 };
        int status = parse(&rows[i], &arguments, &err);

        if ((status < 0) != (rows[i].error != NULL) ||
            (rows[i].error && !strstr(err.text, rows[i].error)))
            fail_msg("row %zu of %s: %s", i, rows[i].subcommand->name, err.text);
    }
}

static void values_land_where_they_belong(void **state)
{
    char *words[] = { (char[]){ "-c" },         (char[]){ "file" },   (char[]){ "--dev" },
                      (char[]){ "--socket=s" }, (char[]){ "--user" }, (char[]){ "u" },
                      (char[]){ "--workers" },  (char[]){ "2" },      (char[]){ "--state-dir" },
                      (char[]){ "d=e" } };
    struct arguments arguments;
    struct err err;

    (void)state;
    assert_int_equal(arguments_parse(&run_subcommand, 10, words, &arguments, &err), 0);
    assert_string_equal(arguments.config, "file");
    assert_string_equal(arguments.socket, "s");
    assert_string_equal(arguments.user, "u");
    assert_string_equal(arguments.workers, "2");
    assert_string_equal(arguments.state_directory, "d=e");
    assert_true(arguments.dev);
    assert_false(arguments.json || arguments.strict || arguments.help);
}

static void workers_are_a_number_or_auto(void **state)
{
    static const struct {
        const char *text;
        bool good;
        size_t workers;
    } cases[] = {
        { NULL, true, 0 },  { "auto", true, 0 }, { "1", true, 1 },
        { "64", true, 64 }, { "0", false, 0 },   { "65", false, 0 },
        { "-1", false, 0 }, { "2x", false, 0 },  { "", false, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t workers = 99;
        struct err err;

        assert_int_equal(run_parse_workers(cases[i].text, &workers, &err), cases[i].good ? 0 : -1);
        assert_int_equal(workers, cases[i].good ? cases[i].workers : 99);
    }
}

static void help_names_every_option_of_its_subcommand(void **state)
{
    static const struct subcommand *const all[] = {
        &run_subcommand,     &check_subcommand,       &reload_subcommand,  &status_subcommand,
        &explain_subcommand, &healthcheck_subcommand, &version_subcommand,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct buffer out = { 0 };

        arguments_write_help(all[i], &out);
        buffer_append_byte(&out, '\0');
        assert_non_null(strstr(out.bytes, all[i]->name));
        assert_non_null(strstr(out.bytes, "--help"));
        for (size_t j = 0; j < OPTIONS_MAX && all[i]->options[j]; j++)
            assert_non_null(strstr(out.bytes, all[i]->options[j]->name));
        buffer_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_understood_or_refused_with_a_reason),
        cmocka_unit_test(values_land_where_they_belong),
        cmocka_unit_test(workers_are_a_number_or_auto),
        cmocka_unit_test(help_names_every_option_of_its_subcommand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
