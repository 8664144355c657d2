/* Arenas hand out separate, aligned memory and take it all back at once. */

#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    struct arena arena = { 0 };
    char *last = NULL;

    (void)state;
    for (size_t i = 1; i < 3000; i++) {
        char *piece = arena_alloc(&arena, i % 97 + 1);

        assert_int_equal((uintptr_t)piece % alignof(max_align_t), 0);
        memset(piece, (int)i, i % 97 + 1);
        if (last)
            assert_int_equal((unsigned char)*last, (unsigned char)(i - 1));
        last = piece;
    }
    arena_done(&arena);
    assert_int_equal(arena.total, 0);
}

static void a_reset_arena_serves_again_from_one_block(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    for (int round = 0; round < 100; round++) {
        assert_true(text_equal(arena_text(&arena, TEXT("abc")), TEXT("abc")));
        arena_alloc(&arena, 100000);
        arena_reset(&arena);
        assert_true(arena.total < 4096);
    }
    arena_done(&arena);
}

static void a_reset_arena_keeps_no_more_than_it_says(void **state)
{
    struct arena arena = { 0 };

    (void)state;
    arena_alloc(&arena, ARENA_KEPT_BYTES);
    arena_reset(&arena);
    assert_int_equal(arena.total, ARENA_KEPT_BYTES);
    arena_done(&arena);
    arena_alloc(&arena, ARENA_KEPT_BYTES + 1);
    arena_reset(&arena);
    assert_int_equal(arena.total, 0);
    assert_true(text_equal(arena_text(&arena, TEXT("abc")), TEXT("abc")));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_reset_arena_serves_again_from_one_block),
        cmocka_unit_test(a_reset_arena_keeps_no_more_than_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
