/* Users files: lines of NAME:HASH, and what is said of others. */

#include "config/users_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define HASH "$5$a$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2"

static const struct {
    const char *bytes;
    uint32_t users;
    const char *says; /* NULL: it is good */
} cases[] = {
    { "ada:" HASH, 1, NULL },
    { "ada:" HASH "\n", 1, NULL },
    { "zoe:" HASH "\nada:" HASH "\n\nbob:" HASH "\n", 3, NULL },
    { "# staff\n\n  \t\nada:" HASH "\r\n#bob:x\r\n", 1, NULL },
    { "a b@c:" HASH, 1, NULL },
    { "", 0, "has no user" },
    { "\n# nobody\n", 0, "has no user" },
    { "ada", 0, "line 1: write NAME:HASH" },
    { "\n:" HASH, 0, "line 2: write NAME:HASH" },
    { "a\tda:" HASH, 0, "line 1: write NAME:HASH" },
    { "ada: " HASH, 0, "line 1: no hash of a known kind" },
    { "ada:" HASH " ", 0, "line 1: the SHA-crypt hash is cut" },
    { "ada:" HASH ":comment", 0, "line 1: the SHA-crypt hash is cut" },
    { "ada:" HASH "\nbob:" HASH "\nada:" HASH, 0, "the user \"ada\" is there twice" },
    { "ada:" HASH "\nbob:x\n", 0, "line 2: no hash" },
};

static void every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena = { 0 };
        struct snapshot_users users = { 0 };
        struct err err = { "" };
        int status = users_file_parse(text_of(cases[i].bytes), &arena, &users, &err);

        if ((status == 0) != (cases[i].says == NULL) || users.count != cases[i].users)
            fail_msg("case %zu: %d %u %s", i, status, users.count, err.text);
        if (cases[i].says && !strstr(err.text, cases[i].says))
            fail_msg("case %zu: \"%s\"", i, err.text);
        assert_null(strstr(err.text, "FWXdh")); /* a hash is never shown */
        arena_done(&arena);
    }
}

static void each_user_is_found_and_nobody_else(void **state)
{
    struct buffer bytes = { 0 };
    struct arena arena = { 0 };
    struct snapshot_users users;
    struct err err;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buffer_format(&bytes, "user%d:%s\n", i * 7919 % 1000, HASH);
    assert_int_equal(users_file_parse(buffer_text(&bytes), &arena, &users, &err), 0);
    for (int i = 0; i < 1000; i++) {
        struct text name = arena_format(&arena, "user%d", i);
        const struct snapshot_user *user = snapshot_users_find(&users, name);

        assert_non_null(user);
        assert_true(text_equal(user->name, name));
    }
    assert_null(snapshot_users_find(&users, TEXT("user")));
    assert_null(snapshot_users_find(&users, TEXT("user1000")));
    assert_null(snapshot_users_find(&users, TEXT("")));
    buffer_done(&bytes);
    arena_done(&arena);
}

static void the_bounds_hold(void **state)
{
    struct buffer bytes = { 0 };
    struct arena arena = { 0 };
    struct snapshot_users users;
    struct err err;

    (void)state;
    for (int i = 0; i < SNAPSHOT_USERS_MAX; i++)
        buffer_format(&bytes, "user%d:%s\n", i, HASH);
    assert_int_equal(users_file_parse(buffer_text(&bytes), &arena, &users, &err), 0);
    buffer_format(&bytes, "one:%s\n", HASH);
    assert_int_equal(users_file_parse(buffer_text(&bytes), &arena, &users, &err), -1);
    assert_non_null(strstr(err.text, "more than 10000 users"));
    buffer_clear(&bytes);
    buffer_format(&bytes, "%0255d:%s\n", 1, HASH);
    assert_int_equal(users_file_parse(buffer_text(&bytes), &arena, &users, &err), 0);
    buffer_clear(&bytes);
    buffer_format(&bytes, "%0256d:%s\n", 1, HASH);
    assert_int_equal(users_file_parse(buffer_text(&bytes), &arena, &users, &err), -1);
    buffer_done(&bytes);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form),
        cmocka_unit_test(each_user_is_found_and_nobody_else),
        cmocka_unit_test(the_bounds_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
