/* What the results of one endpoint add up to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"

static const char letters[] = "?ud"; /* unknown, up, down */

static const struct verdict_case {
    const char *name;
    int64_t rise;
    int64_t fall;
    char before;
    const char *results; /* + good, - bad */
    const char *healths; /* after each of them */
} cases[] = {
    { "a new one comes up after rise", 2, 3, '?', "++", "?u" },
    { "a new one goes down after fall", 2, 3, '?', "---", "??d" },
    { "one good result begins the bad ones anew", 2, 3, 'u', "--+---", "uuuuud" },
    { "one bad result begins the good ones anew", 3, 1, 'd', "++-+++", "dddddu" },
    { "one of each is enough when it says so", 1, 1, 'u', "-+-+", "dudu" },
    { "a mixed new one stays unknown", 2, 2, '?', "+-+-", "????" },
    { "what is up stays up", 2, 3, 'u', "+++++", "uuuuu" },
    { "what is down stays down", 2, 3, 'd', "-----", "ddddd" },
};

static void play(const struct verdict_case *row)
{
    struct health_settings settings = { .rise = row->rise, .fall = row->fall };
    struct verdict verdict = {
        .health = (enum board_health)(strchr(letters, row->before) - letters),
    };

    for (size_t at = 0; row->results[at]; at++) {
        enum board_health before = verdict.health;
        bool changed = verdict_add(&verdict, row->results[at] == '+', &settings);

        if (letters[verdict.health] != row->healths[at])
            fail_msg("%s: wrong after result %zu", row->name, at + 1);
        assert_int_equal(changed, verdict.health != before);
    }
}

static void rise_and_fall_count_results_in_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        play(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rise_and_fall_count_results_in_a_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
