/* Labels that are wrong in the ways that people are: what is quarantined, and what goes on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "mapping_world.h"

/* of a service of the stack other, when portal.clinic.test is the stack portal's */
static const struct {
    const char *owners; /* more rows */
    const char *default_owner;
    const char *domain;
    bool has_it;
} wildcards[] = {
    { "", "allow", "*.clinic.test", false },
    { "", "allow", "*.portal.clinic.test", true },
    { "", "allow", "clinic.test", true },
    { "", "allow", "*.test", true }, /* it stands for names one label below */
    { ", { domain: \"*.clinic.test\", stacks: [other] }", "allow", "*.clinic.test", true },
    { ", { domain: \"*.clinic.test\", stacks: [other] }", "deny", "*.clinic.test", true },
    { ", { domain: \"*.clinic.test\", stacks: [portal] }", "allow", "*.clinic.test", false },
    { ", { domain: lab.clinic.test, stacks: [other] }", "allow", "*.clinic.test", false },
};

static void a_wildcard_claims_what_owners_have_beneath_it(void **state)
{
    struct builder_world *world = *state;

    for (size_t i = 0; i < sizeof(wildcards) / sizeof(wildcards[0]); i++) {
        char yaml[512];

        snprintf(yaml, sizeof(yaml),
                 HEAD "policy: { default_owner: %s, owners: [{ domain: portal.clinic.test, "
                      "stacks: [portal] }%s] }\n" NOTHING,
                 wildcards[i].default_owner, wildcards[i].owners);
        use_swarm(world, swarm_made((struct made_service[]){
                             { .name = "web",
                               .stack = "other",
                               .tasks = 1,
                               .labels = LABELS(wildcards[i].domain, "80") },
                             { 0 } }));
        assert_int_equal(world_build(world, yaml), 0);
        if (wildcards[i].has_it != !quarantined(world, "web"))
            print_error("%s with %s\n", wildcards[i].domain, wildcards[i].owners);
        assert_int_equal(!quarantined(world, "web"), wildcards[i].has_it);
    }
}

/* labels that led to a service over the network edge, changed */
static const struct {
    const char *what;
    const char *networks; /* of the service then */
    struct made_label labels[2];
    const char *reason; /* of the quarantine; NULL: the new ones hold */
    enum service_refusal refusal;
} changes[] = {
    { "a slip", "edge,lab", { { "network", "edeg" }, { "port", "80" } }, "edeg", SERVICE_SERVED },
    { "not its own", "edge", { { "network", "lab" }, { "port", "80" } }, "lab", SERVICE_SERVED },
    { "none of two", "edge,lab", { { "port", "80" } }, "edge, lab", SERVICE_SERVED },
    { "no port", "edge,lab", { { "network", "edge" } }, "port", SERVICE_SERVED },
    { "another", "edge,lab", { { "network", "lab" }, { "port", "80" } }, NULL, SERVICE_SERVED },
    { "it is the service that left",
      "lab",
      { { "network", "edge" }, { "port", "81" } },
      NULL,
      SERVICE_NETWORK },
};

static void of_labels_that_lead_nowhere_those_that_did_not_go_on(void **state)
{
    struct builder_world *world = *state;

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct made_service before = {
            .name = "web",
            .networks = "edge,lab",
            .tasks = 1,
            .labels = { { "enable", "true" },
                        { "domain", "a.test" },
                        { "network", "edge" },
                        { "port", "80" } },
        };
        struct made_service after = {
            .name = "web",
            .networks = changes[i].networks,
            .tasks = 1,
            .labels = { { "enable", "true" },
                        { "domain", "a.test" },
                        changes[i].labels[0],
                        changes[i].labels[1] },
        };

        use_swarm(world, swarm_made((struct made_service[]){ before, { 0 } }));
        assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
        assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_SERVED);
        use_swarm(world, swarm_made((struct made_service[]){ after, { 0 } }));
        assert_int_equal(world_rebuild(world), 0);
        if (service_at(world, "a.test")->refusal != changes[i].refusal)
            print_error("%s\n", changes[i].what);
        assert_int_equal(service_at(world, "a.test")->refusal, changes[i].refusal);
        if (changes[i].reason)
            assert_quarantined(world, "web", changes[i].reason, true);
        else
            assert_null(quarantined(world, "web"));
    }
}

static void a_network_that_was_never_right_is_a_refusal(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){ { .name = "web",
                                                           .tasks = 1,
                                                           .labels = { { "enable", "true" },
                                                                       { "domain", "a.test" },
                                                                       { "network", "edeg" },
                                                                       { "port", "80" } } },
                                                         { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_int_equal(service_at(world, "a.test")->refusal, SERVICE_NETWORK);
    assert_null(quarantined(world, "web"));
}

static void a_slip_in_enable_is_a_wrong_label(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, swarm_made((struct made_service[]){
                         { .name = "web", .tasks = 1, .labels = LABELS("a.test", "80") }, { 0 } }));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    use_swarm(world,
              swarm_made((struct made_service[]){
                  { .name = "web",
                    .tasks = 1,
                    .labels = { { "enable", "yes" }, { "domain", "a.test" }, { "port", "80" } } },
                  { 0 } }));
    assert_int_equal(world_rebuild(world), 0);
    assert_quarantined(world, "web", "true or false", true);
    assert_leads(world, "a.test", "/", "web:80");
}

static bool names(const struct quarantined_service *one, const char *domain)
{
    for (size_t i = 0; one && i < one->domain_count; i++)
        if (text_equal(one->domains[i], text_of(domain)))
            return true;
    return false;
}

static void what_is_quarantined_names_all_that_it_claims(void **state)
{
    static const char *const more[] = { "no_such_key", "path" }; /* unreadable; not its own */
    struct builder_world *world = *state;

    for (size_t i = 0; i < 2; i++) {
        use_swarm(world,
                  swarm_made((struct made_service[]){ { .name = "web",
                                                        .tasks = 1,
                                                        .labels = { { "enable", "true" },
                                                                    { "domain", "A.test , b.test" },
                                                                    { "routes.x.host", "R.test" },
                                                                    { more[i], "/x" } } },
                                                      { 0 } }));
        assert_int_equal(world_build(world, HEAD NOTHING), 0); /* default_owner: deny */
        assert_true(names(quarantined(world, "web"), "a.test"));
        assert_true(names(quarantined(world, "web"), "b.test"));
        assert_true(names(quarantined(world, "web"), "r.test"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wildcard_claims_what_owners_have_beneath_it),
        TEST(of_labels_that_lead_nowhere_those_that_did_not_go_on),
        TEST(a_network_that_was_never_right_is_a_refusal),
        TEST(a_slip_in_enable_is_a_wrong_label),
        TEST(what_is_quarantined_names_all_that_it_claims),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
