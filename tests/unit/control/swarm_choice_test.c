/* Is anything lost when this snapshot takes the place of that one? */

#include "swarm_choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mapping_world.h"

#define BOTH HEAD ALLOW "domains: { f.test: \"web:80\" }\n"

static const struct made_service web = { .name = "web",
                                         .tasks = 1,
                                         .labels = LABELS("a.test", "80") };
static const struct made_service wild = { .name = "wild",
                                          .tasks = 1,
                                          .labels = LABELS("*.w.test", "80") };

static const struct {
    const char *what;
    struct made_service now[3];
    const char *file;    /* of the next snapshot */
    const char *dropped; /* what is lost when the file of before is asked; NULL: nothing */
    const char *lost;    /* and when it is not */
} cases[] = {
    { "the same",
      { { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
        { .name = "wild", .tasks = 1, .labels = LABELS("*.w.test", "80") } },
      BOTH,
      NULL,
      NULL },
    { "more tasks at another port",
      { { .name = "web", .tasks = 3, .labels = LABELS("a.test,b.test", "81") },
        { .name = "wild", .tasks = 1, .labels = LABELS("*.w.test", "80") } },
      BOTH,
      NULL,
      NULL },
    { "nothing is known", { { 0 } }, BOTH, "f.test/", "f.test/" },
    { "a wildcard is no name",
      { { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
        { .name = "wild", .tasks = 1, .labels = LABELS("w.test", "80") } },
      BOTH,
      "*.w.test/",
      "*.w.test/" },
    { "no task is known",
      { { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
        { .name = "wild", .labels = LABELS("*.w.test", "80") } },
      BOTH,
      "*.w.test/",
      "*.w.test/" },
    { "a network is not known",
      { { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
        { .name = "wild", .tasks = 1, .networks = "-", .labels = LABELS("*.w.test", "80") } },
      BOTH,
      "*.w.test/",
      "*.w.test/" },
    { "the file has less",
      { { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") },
        { .name = "wild", .tasks = 1, .labels = LABELS("*.w.test", "80") } },
      HEAD ALLOW NOTHING,
      NULL,
      "f.test/" },
};

static void assert_loses(const struct snapshot *served, const struct snapshot *next,
                         const struct settings *dropped, const char *wanted)
{
    char lost[LOST_BYTES] = "";
    bool loses = swarm_loses(served, next, dropped, lost);

    if (strcmp(lost, wanted ? wanted : "") != 0)
        print_error("lost \"%s\", not \"%s\"\n", lost, wanted ? wanted : "");
    assert_int_equal(loses, wanted != NULL);
    assert_string_equal(lost, wanted ? wanted : "");
}

/* One that outlives its file and mapping, as control has it. */
static struct snapshot *kept(const struct builder_world *world)
{
    struct err err;
    int fd = snapshot_to_fd(world->snapshot, &err);
    struct snapshot *snapshot = snapshot_from_fd(fd, &err);

    assert_non_null(snapshot);
    close(fd);
    return snapshot;
}

static void what_answered_and_does_not_is_lost(void **state)
{
    struct builder_world *world = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct problems problems = { 0 };
        struct settings *before = settings_parse("before", TEXT(BOTH), &problems);
        struct snapshot *served;

        use_swarm(world, swarm_made((struct made_service[]){ web, wild, { 0 } }));
        assert_int_equal(world_build(world, BOTH), 0);
        served = kept(world);
        label_cache_free(world->labels);
        world->labels = label_cache_new();
        use_swarm(world, swarm_made(cases[i].now));
        assert_int_equal(world_build(world, cases[i].file), 0);
        assert_loses(served, world->snapshot, before, cases[i].dropped);
        assert_loses(served, world->snapshot, NULL, cases[i].lost);
        assert_loses(served, served, NULL, NULL);
        snapshot_unref(served);
        settings_free(before);
        problems_done(&problems);
    }
}

static void what_did_not_answer_before_cannot_be_lost(void **state)
{
    struct builder_world *world = *state;
    struct snapshot *served;

    use_swarm(world, swarm_made((struct made_service[]){ { 0 } }));
    assert_int_equal(world_build(world, BOTH), 0);
    served = kept(world);
    assert_int_equal(world_rebuild(world), 0);
    assert_loses(served, world->snapshot, NULL, NULL); /* 503 then, 503 now */
    snapshot_unref(served);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_answered_and_does_not_is_lost),
        TEST(what_did_not_answer_before_cannot_be_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
