/*
 * The two phases as stories: what happened to the members, in order, and what the rollout says in
 * the end. All ready commits; one refusal or one death cancels; the rest changes nothing.
 */

#include "rollout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define GENERATION 7

enum event {
    END,
    JOIN,  /* asked at once */
    LATER, /* still busy with the generation before */
    ASK,
    READY,
    STALE_READY, /* for another generation */
    REFUSED,
    STALE_REFUSED,
    DIED,
};

struct step {
    enum event event;
    size_t member;
};

#define STEPS_MAX 10

static const struct {
    const char *story;
    struct step steps[STEPS_MAX];
    enum rollout_verdict want;
} stories[] = {
    { "nobody runs: there is nobody to wait for", { { END, 0 } }, ROLLOUT_COMMITS },
    { "one of two is ready", { { JOIN, 0 }, { JOIN, 1 }, { READY, 0 } }, ROLLOUT_WAITS },
    { "all are ready",
      { { JOIN, 0 }, { JOIN, ROLLOUT_CHECKER }, { READY, ROLLOUT_CHECKER }, { READY, 0 } },
      ROLLOUT_COMMITS },
    { "one says it twice, the other is still missing",
      { { JOIN, 0 }, { JOIN, 1 }, { READY, 0 }, { READY, 0 } },
      ROLLOUT_WAITS },
    { "an answer to an older question is none",
      { { JOIN, 0 }, { STALE_READY, 0 } },
      ROLLOUT_WAITS },
    { "one refuses", { { JOIN, 0 }, { JOIN, 1 }, { REFUSED, 1 } }, ROLLOUT_CANCELS },
    { "an older refusal is none", { { JOIN, 0 }, { STALE_REFUSED, 0 } }, ROLLOUT_WAITS },
    { "one dies while it prepares", { { JOIN, 0 }, { JOIN, 1 }, { DIED, 0 } }, ROLLOUT_CANCELS },
    { "one dies after it was ready",
      { { JOIN, 0 }, { JOIN, 1 }, { READY, 0 }, { DIED, 0 } },
      ROLLOUT_CANCELS },
    { "one that takes no part may die", { { JOIN, 0 }, { DIED, 1 } }, ROLLOUT_WAITS },
    { "a busy one is waited for", { { JOIN, 0 }, { LATER, 1 }, { READY, 0 } }, ROLLOUT_WAITS },
    { "a busy one cannot be ready before it is asked",
      { { JOIN, 0 }, { LATER, 1 }, { READY, 0 }, { READY, 1 } },
      ROLLOUT_WAITS },
    { "a busy one is asked later and then ready",
      { { JOIN, 0 }, { LATER, 1 }, { READY, 0 }, { ASK, 1 }, { READY, 1 } },
      ROLLOUT_COMMITS },
    { "a busy one dies", { { JOIN, 0 }, { LATER, 1 }, { DIED, 1 } }, ROLLOUT_CANCELS },
};

static enum rollout_verdict play(struct rollout *rollout, struct step step)
{
    switch (step.event) {
    case END:
        break;
    case JOIN:
    case LATER:
        rollout_join(rollout, step.member, step.event == JOIN);
        break;
    case ASK:
        rollout_ask(rollout, step.member);
        break;
    case READY:
        return rollout_ready(rollout, step.member, GENERATION);
    case STALE_READY:
        return rollout_ready(rollout, step.member, GENERATION - 1);
    case REFUSED:
        return rollout_refused(rollout, step.member, GENERATION);
    case STALE_REFUSED:
        return rollout_refused(rollout, step.member, GENERATION - 1);
    case DIED:
        return rollout_died(rollout, step.member);
    }
    return rollout_verdict(rollout);
}

static void every_story_ends_as_it_must(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        struct rollout rollout = { 0 };
        enum rollout_verdict got;

        rollout_begin(&rollout, GENERATION);
        got = rollout_verdict(&rollout);
        for (size_t at = 0; at < STEPS_MAX && stories[i].steps[at].event != END; at++)
            got = play(&rollout, stories[i].steps[at]);
        if (got != stories[i].want)
            fail_msg("%s: %d, not %d", stories[i].story, (int)got, (int)stories[i].want);
    }
}

static void every_member_but_one_is_not_enough(void **state)
{
    (void)state;
    for (size_t missing = 0; missing < ROLLOUT_MEMBERS; missing++) {
        struct rollout rollout = { 0 };

        rollout_begin(&rollout, GENERATION);
        for (size_t i = 0; i < ROLLOUT_MEMBERS; i++)
            rollout_join(&rollout, i, true);
        for (size_t i = 0; i < ROLLOUT_MEMBERS; i++)
            if (i != missing)
                assert_int_equal(rollout_ready(&rollout, i, GENERATION), ROLLOUT_WAITS);
        assert_int_equal(rollout_ready(&rollout, missing, GENERATION), ROLLOUT_COMMITS);
    }
}

static void when_none_is_under_way_answers_and_deaths_change_nothing(void **state)
{
    struct rollout rollout = { 0 };

    (void)state;
    rollout_begin(&rollout, GENERATION);
    rollout_join(&rollout, 3, true);
    rollout_end(&rollout);
    assert_int_equal(rollout_ready(&rollout, 3, GENERATION), ROLLOUT_WAITS);
    assert_int_equal(rollout_refused(&rollout, 3, GENERATION), ROLLOUT_WAITS);
    assert_int_equal(rollout_died(&rollout, 3), ROLLOUT_WAITS);
    assert_int_equal(rollout_verdict(&rollout), ROLLOUT_WAITS);
    rollout_begin(&rollout, GENERATION + 1);
    assert_int_equal(rollout_verdict(&rollout), ROLLOUT_COMMITS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_story_ends_as_it_must),
        cmocka_unit_test(every_member_but_one_is_not_enough),
        cmocka_unit_test(when_none_is_under_way_answers_and_deaths_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
