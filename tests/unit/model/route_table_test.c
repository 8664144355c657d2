/* Which domain and which route a request belongs to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "example_snapshot.h"

static void a_host_finds_its_domain_exact_before_wildcard(void **state)
{
    static const struct {
        const char *host;
        const char *domain; /* NULL: none */
    } cases[] = {
        { "portal.example", "portal.example" },
        { "www.portal.example", "www.portal.example" },
        { "a.lab.example", "lab.example" },
        { "lab.example", NULL },
        { "a.b.lab.example", NULL },
        { ".lab.example", NULL },
        { "a.portal.example", NULL },
        { "portal.example.", NULL },
        { "portal", NULL },
        { "", NULL },
        { ".", NULL },
    };
    struct snapshot *snapshot = example_snapshot();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct snapshot_domain *domain =
            snapshot_find_domain(snapshot, text_of(cases[i].host));

        if (!domain != !cases[i].domain ||
            (domain && !text_equal(domain->name, text_of(cases[i].domain))))
            fail_msg("\"%s\" found the wrong domain", cases[i].host);
    }
    snapshot_unref(snapshot);
}

static void an_exact_name_below_a_wildcard_wins(void **state)
{
    struct snapshot *snapshot = example_snapshot();
    const struct snapshot_domain *found;

    (void)state;
    string_map_done(&snapshot->exact);
    string_map_done(&snapshot->wildcard);
    snapshot->domains[1].name = TEXT("a.lab.example");
    assert_int_equal(snapshot_index(snapshot, NULL), 0);
    found = snapshot_find_domain(snapshot, TEXT("a.lab.example"));
    assert_ptr_equal(found, &snapshot->domains[1]);
    found = snapshot_find_domain(snapshot, TEXT("b.lab.example"));
    assert_ptr_equal(found, &snapshot->domains[2]);
    snapshot_unref(snapshot);
}

static void a_path_finds_the_longest_route_on_segment_borders(void **state)
{
    static const struct {
        const char *host;
        const char *path;
        const char *route; /* NULL: none */
    } cases[] = {
        { "portal.example", "/", "app" },         { "portal.example", "/apix", "app" },
        { "portal.example", "/ap", "app" },       { "portal.example", "/api", "new" },
        { "portal.example", "/api/", "new" },     { "portal.example", "/api/v1", "new" },
        { "portal.example", "/api/v2", "v2" },    { "portal.example", "/api/v2/x", "v2" },
        { "portal.example", "/api/v21", "new" },  { "portal.example", "/API", "app" },
        { "portal.example", "/api%2Fv2", "app" }, { "portal.example", "*", NULL },
        { "portal.example", "", NULL },           { "x.lab.example", "/", NULL },
        { "x.lab.example", "/lab", NULL },        { "x.lab.example", "/lab/", "lab" },
        { "x.lab.example", "/lab/1", "lab" },
    };
    struct snapshot *snapshot = example_snapshot();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct snapshot_domain *domain =
            snapshot_find_domain(snapshot, text_of(cases[i].host));
        const struct snapshot_route *route =
            snapshot_find_route(snapshot, domain, text_of(cases[i].path));

        if (!route != !cases[i].route ||
            (route && !text_equal(route->name, text_of(cases[i].route))))
            fail_msg("%s on %s found the wrong route", cases[i].path, cases[i].host);
    }
    snapshot_unref(snapshot);
}

static void the_order_of_routes_does_not_depend_on_where_they_stood(void **state)
{
    struct snapshot_route routes[] = {
        { .name = TEXT("b"), .path = TEXT("/x") },
        { .name = TEXT("a"), .path = TEXT("/x") },
        { .name = TEXT("f"), .path = TEXT("/w") },
        { .name = TEXT("c"), .path = TEXT("/y"), .priority = 5 },
        { .name = TEXT("d"), .path = TEXT("/longer") },
        { .name = TEXT("e"), .path = TEXT("/"), .priority = 1000 },
    };
    char order[7] = "";

    (void)state;
    for (int i = 0; i < 20; i++) {
        for (size_t at = 5; at > 0; at--) { /* shuffled */
            size_t with = random_below(at + 1);
            struct snapshot_route kept = routes[at];

            routes[at] = routes[with];
            routes[with] = kept;
        }
        snapshot_sort_routes(routes, 6);
        for (int at = 0; at < 6; at++)
            order[at] = routes[at].name.at[0];
        assert_string_equal(order, "dcfabe");
    }
    snapshot_sort_routes(NULL, 0);
}

static void a_name_that_is_there_twice_is_refused(void **state)
{
    struct snapshot *snapshot = example_snapshot();
    struct err err;

    (void)state;
    string_map_done(&snapshot->exact);
    string_map_done(&snapshot->wildcard);
    snapshot->domains[1].name = snapshot->domains[0].name;
    assert_int_equal(snapshot_index(snapshot, &err), -1);
    assert_string_equal(err.text, "domain portal.example is there twice");
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_finds_its_domain_exact_before_wildcard),
        cmocka_unit_test(an_exact_name_below_a_wildcard_wins),
        cmocka_unit_test(a_path_finds_the_longest_route_on_segment_borders),
        cmocka_unit_test(the_order_of_routes_does_not_depend_on_where_they_stood),
        cmocka_unit_test(a_name_that_is_there_twice_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
