/* Policies of domains as bytes and back, and that whoever sends them is not believed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "example_snapshot.h"

/* Ends `snapshot`. */
static struct snapshot *over_the_wire(struct snapshot *snapshot, struct buffer *bytes,
                                      struct err *err)
{
    struct snapshot *got = snapshot_new();

    snapshot_encode(snapshot, bytes);
    snapshot_unref(snapshot);
    if (snapshot_decode(got, buffer_text(bytes), err) == 0)
        return got;
    snapshot_unref(got);
    return NULL;
}

static void assert_same_policy(const struct snapshot_domain_policy *a,
                               const struct snapshot_domain_policy *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (!a || !b)
        return;
    assert_int_equal(a->identity, b->identity);
    assert_int_equal(a->settings.rate.count, b->settings.rate.count);
    assert_int_equal(a->settings.rate.period_ms, b->settings.rate.period_ms);
    assert_int_equal(a->settings.maintenance, b->settings.maintenance);
    assert_true(text_equal(a->redirect_host, b->redirect_host));
    assert_true(text_equal(a->page, b->page));
    assert_int_equal(a->allow.count, b->allow.count);
    assert_int_equal(a->deny.count, b->deny.count);
    for (uint32_t i = 0; i < a->allow.count; i++)
        assert_true(address_host_equal(&a->allow.items[i].address, &b->allow.items[i].address));
    assert_int_equal(a->redirect_count, b->redirect_count);
    for (uint32_t i = 0; i < a->redirect_count; i++) {
        assert_true(text_equal(a->redirects[i].path, b->redirects[i].path));
        assert_true(text_equal(a->redirects[i].to, b->redirects[i].to));
        assert_int_equal(a->redirects[i].status, b->redirects[i].status);
    }
    assert_int_equal(a->users == NULL, b->users == NULL);
    for (uint32_t i = 0; a->users && b->users && i < a->users->count; i++) {
        assert_true(text_equal(a->users->items[i].name, b->users->items[i].name));
        assert_true(text_equal(a->users->items[i].hash, b->users->items[i].hash));
    }
}

static void all_of_it_comes_through(void **state)
{
    struct snapshot *before = example_snapshot();
    struct buffer bytes = { 0 };
    struct snapshot *after = over_the_wire(snapshot_ref(before), &bytes, NULL);

    (void)state;
    assert_non_null(after);
    assert_int_equal(after->policies.count, before->policies.count);
    for (uint32_t i = 0; i < before->domain_count; i++)
        assert_same_policy(before->domains[i].policy, after->domains[i].policy);
    for (uint32_t i = 0; i < before->route_count; i++)
        assert_int_equal(before->routes[i].maintenance, after->routes[i].maintenance);
    snapshot_unref(before);
    snapshot_unref(after);
    buffer_done(&bytes);
}

static void bad_hash(struct snapshot *snapshot)
{
    snapshot->policies.users->items[1].hash = TEXT("$6$rounds=999999999$a$x");
}
static void users_out_of_order(struct snapshot *snapshot)
{
    snapshot->policies.users->items[1].name = TEXT("aaa");
}
static void user_twice(struct snapshot *snapshot)
{
    snapshot->policies.users->items[1].name = TEXT("ada");
}
static void network_that_is_none(struct snapshot *snapshot)
{
    snapshot->policies.items[0].settings.allow.items[0] = TEXT("10.0.0.0/33");
}
static void rate_that_divides_by_nothing(struct snapshot *snapshot)
{
    snapshot->policies.items[0].settings.rate.period_ms = 0;
}
static void redirect_that_splits_a_response(struct snapshot *snapshot)
{
    snapshot->policies.items[0].redirects[1].to = TEXT("/x\r\nSet-Cookie: y");
}
static void redirect_to_success(struct snapshot *snapshot)
{
    snapshot->policies.items[0].redirects[1].status = 200;
}
static void redirects_out_of_order(struct snapshot *snapshot)
{
    snapshot->policies.items[0].redirects[1].path = TEXT("/older");
}
static void host_that_splits_a_response(struct snapshot *snapshot)
{
    snapshot->policies.items[1].redirect_host = TEXT("a\r\nb");
}
static void users_that_are_not_there(struct snapshot *snapshot)
{
    snapshot->policies.items[0].users = snapshot->policies.users + 1;
}
static void large_page(struct snapshot *snapshot)
{
    snapshot->policies.pages[0] =
        text_make(arena_new(&snapshot->arena, SNAPSHOT_PAGE_BYTES + 1, 1), SNAPSHOT_PAGE_BYTES + 1);
}
static void policy_that_is_not_there(struct snapshot *snapshot)
{
    snapshot->domains[0].policy = snapshot->policies.items + 2;
}

static void every_rule_is_checked_on_the_way_in(void **state)
{
    static const struct {
        void (*break_it)(struct snapshot *snapshot);
        const char *says;
    } rules[] = {
        { bad_hash, "a domain's policy is out" },
        { users_out_of_order, "a domain's policy is out" },
        { user_twice, "a domain's policy is out" },
        { network_that_is_none, "a domain's policy is out" },
        { rate_that_divides_by_nothing, "a domain's policy is out" },
        { redirect_that_splits_a_response, "a domain's policy is out" },
        { redirect_to_success, "a domain's policy is out" },
        { redirects_out_of_order, "a domain's policy is out" },
        { host_that_splits_a_response, "a domain's policy is out" },
        { users_that_are_not_there, "a domain's policy is out" },
        { large_page, "a domain's policy is out" },
        { policy_that_is_not_there, "a domain is out" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct snapshot *snapshot = example_snapshot();
        struct buffer bytes = { 0 };
        struct err err;

        rules[i].break_it(snapshot);
        if (over_the_wire(snapshot, &bytes, &err))
            fail_msg("row %zu (%s) was taken", i, rules[i].says);
        if (!strstr(err.text, rules[i].says))
            fail_msg("row %zu says \"%s\"", i, err.text);
        buffer_done(&bytes);
    }
}

static void every_cut_is_refused(void **state)
{
    struct snapshot *before = example_snapshot();
    struct buffer bytes = { 0 };

    (void)state;
    snapshot_policies_encode(&before->policies, &bytes);
    for (size_t len = 0; len < buffer_len(&bytes); len++) {
        struct wire wire = wire_read(text_first(buffer_text(&bytes), len));
        struct snapshot_policies policies = { 0 };
        struct arena arena = { 0 };

        assert_false(snapshot_policies_decode(&policies, &wire, &arena));
        arena_done(&arena);
    }
    snapshot_unref(before);
    buffer_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_through),
        cmocka_unit_test(every_rule_is_checked_on_the_way_in),
        cmocka_unit_test(every_cut_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
