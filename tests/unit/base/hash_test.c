/* The text map, and that the stable hash really is stable. */

#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define KEYS 5000

static void every_key_is_found_and_no_other(void **state)
{
    static char names[KEYS][16];
    struct string_map map = { 0 };
    size_t value;

    (void)state;
    assert_false(string_map_get(&map, TEXT("k1"), &value));
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof(names[i]), "k%zu", i);
        assert_true(string_map_put(&map, text_of(names[i]), i));
    }
    assert_false(string_map_put(&map, TEXT("k42"), 1));
    for (size_t i = 0; i < KEYS; i++) {
        assert_true(string_map_get(&map, text_of(names[i]), &value));
        assert_int_equal(value, i);
    }
    assert_false(string_map_get(&map, TEXT("k5000"), &value));
    string_map_done(&map);
}

static void an_identity_hash_never_changes(void **state)
{
    (void)state;
    assert_true(hash_bytes("127.0.0.1:80", 12) == hash_bytes("127.0.0.1:80", 12));
    assert_true(hash_bytes("", 0) == hash_mix(0xcbf29ce484222325U));
    assert_true(hash_bytes("a", 1) != hash_bytes("b", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_found_and_no_other),
        cmocka_unit_test(an_identity_hash_never_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
