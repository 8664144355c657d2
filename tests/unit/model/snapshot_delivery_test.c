/* What changes on the way, through the bytes of a snapshot. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "example_snapshot.h"

static struct snapshot *travelled(struct snapshot *snapshot, struct buffer *bytes, struct err *err)
{
    struct snapshot *after = snapshot_new();

    snapshot_encode(snapshot, bytes);
    snapshot_unref(snapshot);
    if (snapshot_decode(after, buffer_text(bytes), err) == 0)
        return after;
    snapshot_unref(after);
    return NULL;
}

static void everything_comes_out_as_it_went_in(void **state)
{
    struct buffer bytes = { 0 };
    struct snapshot *after = travelled(example_snapshot(), &bytes, NULL);
    const struct snapshot_delivery *delivery;
    const struct text_map *set;

    (void)state;
    assert_non_null(after);
    assert_int_equal(after->deliveries.count, 2);
    assert_int_equal(after->domains[0].delivery, 1);
    assert_int_equal(after->domains[2].delivery, 0);
    delivery = &after->deliveries.items[1];
    set = &delivery->policy.headers.request_set;
    assert_int_equal(set->count, 1);
    assert_true(text_equal(set->pairs[0].name, TEXT("X-Site")));
    assert_true(text_equal(set->pairs[0].value, TEXT("north")));
    assert_int_equal(delivery->policy.headers.response_remove.count, 2);
    assert_int_equal(delivery->auth_route, 4);
    assert_true(text_equal(snapshot_find_page(&after->deliveries, delivery, 502),
                           TEXT("<h1>{{status}}</h1>")));
    assert_int_equal(snapshot_find_page(&after->deliveries, delivery, 503).len, 0);
    assert_int_equal(snapshot_find_page(&after->deliveries, NULL, 502).len, 0);
    snapshot_unref(after);
    buffer_done(&bytes);
}

static void no_such_delivery(struct snapshot *snapshot)
{
    snapshot->domains[0].delivery = 2;
}
static void no_such_route(struct snapshot *snapshot)
{
    snapshot->deliveries.items[1].auth_route = 5;
}
static void no_such_text(struct snapshot *snapshot)
{
    snapshot->deliveries.items[1].pages[0].text = 1;
}
static void page_of_a_good_answer(struct snapshot *snapshot)
{
    snapshot->deliveries.items[1].pages[0].status = 200;
}
static void field_that_frames(struct snapshot *snapshot)
{
    snapshot->deliveries.items[1].policy.headers.request_set.pairs[0].name =
        TEXT("Transfer-Encoding");
}
static void value_that_splits(struct snapshot *snapshot)
{
    snapshot->deliveries.items[1].policy.headers.request_set.pairs[0].value = TEXT("a\r\nX-Y: z");
}
static void long_page(struct snapshot *snapshot)
{
    size_t len = ERROR_PAGE_BYTES + 1;

    snapshot->deliveries.texts[0] = text_make(arena_new(&snapshot->arena, len, 1), len);
}

static void every_rule_is_checked_on_the_way_in(void **state)
{
    static void (*const breaks[])(struct snapshot * snapshot) = {
        no_such_delivery,  no_such_route,     no_such_text, page_of_a_good_answer,
        field_that_frames, value_that_splits, long_page,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct snapshot *snapshot = example_snapshot();
        struct buffer bytes = { 0 };
        struct err err;

        breaks[i](snapshot);
        if (travelled(snapshot, &bytes, &err))
            fail_msg("rule %zu", i);
        assert_non_null(strstr(err.text, "out of bounds"));
        buffer_done(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_out_as_it_went_in),
        cmocka_unit_test(every_rule_is_checked_on_the_way_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
