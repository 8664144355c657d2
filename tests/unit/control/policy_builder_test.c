/*
 * Policies of domains on their way from file and labels into the snapshot: who has one, what two
 * names of a domain share, which host is sent where, and that the file goes before a label.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mapping_world.h"

#define FILE_HEAD "version: 1\npolicy: { backend_encryption: none, exception: \"a test\" }\n"
#define ROUTES    "routes: [{ service: \"127.0.0.1:80\" }] }\n"

static const struct snapshot_domain_policy *policy_of(const struct builder_world *world,
                                                      const char *host)
{
    const struct snapshot_domain *domain = snapshot_find_domain(world->snapshot, text_of(host));

    assert_non_null(domain);
    return domain->policy;
}

static unsigned delivery_of(const struct builder_world *world, const char *host)
{
    const struct snapshot_domain *domain = snapshot_find_domain(world->snapshot, text_of(host));

    assert_non_null(domain);
    return domain->delivery;
}

static void assert_sent(const struct builder_world *world, const char *host, const char *to)
{
    const struct snapshot_domain_policy *policy = policy_of(world, host);

    if (!policy || !text_equal(policy->redirect_host, text_of(to)))
        fail_msg("%s is not sent to %s", host, to);
}

static void a_domain_that_says_nothing_has_none(void **state)
{
    struct builder_world *world = *state;

    assert_int_equal(world_build(world, FILE_HEAD
                                 "domains:\n"
                                 "  a.test: \"127.0.0.1:80\"\n"
                                 "  b.test: { redirect: none, maintenance: { enabled: false }, "
                                 "access: { allow: [] }, rate_limit: { rate: 0/s }, " ROUTES),
                     0);
    assert_null(policy_of(world, "a.test"));
    assert_null(policy_of(world, "b.test"));
    assert_int_equal(world->snapshot->policies.count, 0);
}

static void names_of_one_domain_share_theirs(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_domain_policy *policy;

    assert_int_equal(world_build(world, FILE_HEAD
                                 "domains:\n"
                                 "  a.test: { aliases: [b.test], rate_limit: { rate: 5/m }, "
                                 "access: { allow: [10.0.0.0/8, \"2001:db8::/32\"], deny: "
                                 "[10.1.0.0/16] }, " ROUTES
                                 "  c.test: { rate_limit: { rate: 5/m }, " ROUTES),
                     0);
    policy = policy_of(world, "a.test");
    assert_non_null(policy);
    assert_ptr_equal(policy, policy_of(world, "b.test"));
    assert_int_equal(policy->settings.rate.count, 5);
    assert_int_equal(policy->settings.rate.period_ms, 60000);
    assert_int_equal(policy->allow.count, 2);
    assert_int_equal(policy->deny.count, 1);
    assert_true(policy->identity != policy_of(world, "c.test")->identity);
}

static void www_and_apex(void **state)
{
    struct builder_world *world = *state;

    assert_int_equal(
        world_build(
            world, FILE_HEAD
            "domains:\n"
            "  a.test: { aliases: [www.a.test, \"*.a.test\"], redirect: www_to_apex, " ROUTES
            "  www.b.test: { aliases: [b.test], redirect: apex_to_www, rate_limit: { rate: "
            "1/s }, " ROUTES),
        0);
    assert_sent(world, "www.a.test", "a.test");
    assert_null(policy_of(world, "a.test"));
    assert_null(policy_of(world, "x.a.test"));
    assert_sent(world, "b.test", "www.b.test");
    assert_sent(world, "www.b.test", "");
    assert_int_equal(policy_of(world, "b.test")->settings.rate.count, 1);
    assert_int_equal(policy_of(world, "b.test")->identity,
                     policy_of(world, "www.b.test")->identity);
}

static void redirects_are_there_longest_first(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_domain_policy *policy;

    assert_int_equal(world_build(world, FILE_HEAD
                                 "domains:\n"
                                 "  a.test: { redirects: [{ path: /a, to: /x/ }, { path: /a/b/, "
                                 "to: \"https://b.test/\", status: 302 }], " ROUTES),
                     0);
    policy = policy_of(world, "a.test");
    assert_int_equal(policy->redirect_count, 2);
    assert_true(text_equal(policy->redirects[0].path, TEXT("/a/b")));
    assert_true(text_equal(policy->redirects[0].to, TEXT("https://b.test")));
    assert_int_equal(policy->redirects[0].status, 302);
    assert_true(text_equal(policy->redirects[1].to, TEXT("/x")));
    assert_int_equal(policy->redirects[1].status, 308);
}

static void write_file(const struct builder_world *world, const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", world->directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

#define HASH "$5$a$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2"

static void files_are_read_once_and_shared(void **state)
{
    struct builder_world *world = *state;
    const struct snapshot_domain_policy *first;
    const struct snapshot_domain_policy *second;

    write_file(world, "page.html", "<p>closed");
    assert_int_equal(
        world_build(world, FILE_HEAD
                    "domains:\n"
                    "  a.test: { maintenance: { enabled: true, page: %/page.html }, " ROUTES
                    "  b.test: { maintenance: { enabled: true, page: %/page.html }, " ROUTES),
        0);
    first = policy_of(world, "a.test");
    second = policy_of(world, "b.test");
    assert_true(text_equal(first->page, TEXT("<p>closed")));
    assert_ptr_equal(first->page.at, second->page.at);
    assert_int_equal(world->snapshot->policies.page_count, 1);
}

static struct swarm *one_service(const char *domain, const char *key, const char *value)
{
    return swarm_made((struct made_service[]){ { .name = "web",
                                                 .tasks = 1,
                                                 .labels = { { "enable", "true" },
                                                             { "domain", domain },
                                                             { "port", "80" },
                                                             { key, value } } },
                                               { 0 } });
}

static void a_label_closes_and_redirects(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, one_service("a.test,www.a.test", "redirect", "www_to_apex"));
    assert_int_equal(world_build(world, HEAD ALLOW NOTHING), 0);
    assert_sent(world, "www.a.test", "a.test");
    assert_null(policy_of(world, "a.test"));
    use_swarm(world, one_service("a.test", "maintenance", "true"));
    assert_int_equal(world_rebuild(world), 0);
    assert_non_null(policy_of(world, "a.test"));
    assert_false(policy_of(world, "a.test")->settings.maintenance);
    assert_true(world->snapshot->routes[0].maintenance);
    use_swarm(world, one_service("a.test", "maintenance", "false"));
    assert_int_equal(world_rebuild(world), 0);
    assert_null(policy_of(world, "a.test"));
    assert_false(world->snapshot->routes[0].maintenance);
}

static void what_the_file_says_goes_before_the_label(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, one_service("x.test", "maintenance", "true"));
    assert_int_equal(world_build(world, HEAD ALLOW
                                 "domains:\n"
                                 "  a.test: { maintenance: { enabled: false }, routes: [{ service: "
                                 "web }] }\n"
                                 "  b.test: { routes: [{ service: web }] }\n"),
                     0);
    assert_null(policy_of(world, "a.test"));
    assert_non_null(policy_of(world, "b.test"));
    assert_non_null(policy_of(world, "x.test"));
}

static void a_name_beneath_a_wildcard_keeps_what_the_file_asks_there(void **state)
{
    struct builder_world *world = *state;

    use_swarm(world, one_service("a.x.test,b.test", "maintenance", "false"));
    assert_int_equal(world_build(world, HEAD ALLOW
                                 "domains:\n"
                                 "  \"*.x.test\": { access: { allow: [10.0.0.0/8] }, headers: { "
                                 "request: { remove: [X-A] } }, routes: [{ service: web }] }\n"),
                     0);
    assert_non_null(policy_of(world, "a.x.test"));
    assert_int_equal(policy_of(world, "a.x.test")->allow.count, 1);
    assert_int_equal(policy_of(world, "a.x.test")->identity,
                     policy_of(world, "other.x.test")->identity);
    assert_null(policy_of(world, "b.test"));
    /* and what changes on the way there, forward_auth among it */
    assert_int_equal(delivery_of(world, "a.x.test"), delivery_of(world, "other.x.test"));
    assert_true(delivery_of(world, "a.x.test") != delivery_of(world, "b.test"));
}

static void what_is_wrong_with_files_is_said(void **state)
{
    struct builder_world *world = *state;

    write_file(world, "users", "ada:" HASH "\n"); /* others may read it */
    assert_int_equal(world_build(world, FILE_HEAD
                                 "domains:\n"
                                 "  a.test: { basic_auth: { users_file: %/users }, " ROUTES
                                 "  b.test: { maintenance: { page: %/none.html }, " ROUTES),
                     -1);
    assert_non_null(strstr(world->problems.lines.bytes, "domains.a.test.basic_auth.users_file: "));
    assert_non_null(strstr(world->problems.lines.bytes, "chmod 600"));
    assert_non_null(strstr(world->problems.lines.bytes, "domains.b.test.maintenance.page: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_domain_that_says_nothing_has_none),
        TEST(names_of_one_domain_share_theirs),
        TEST(www_and_apex),
        TEST(redirects_are_there_longest_first),
        TEST(files_are_read_once_and_shared),
        TEST(a_label_closes_and_redirects),
        TEST(what_the_file_says_goes_before_the_label),
        TEST(a_name_beneath_a_wildcard_keeps_what_the_file_asks_there),
        TEST(what_is_wrong_with_files_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
