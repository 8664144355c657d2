/* Paths for matching: what is resolved, what stays as it is, what is refused. */

#include "http/http_path.h"

#include <stdlib.h>

#include "base/memory.h"
#include "heads.h"

static const struct {
    const char *path;
    const char *want; /* NULL: refused */
    bool changed;
} cases[] = {
    /* as it is */
    { "/", "/", false },
    { "/a", "/a", false },
    { "/a/", "/a/", false },
    { "//", "//", false },
    { "/a//b", "/a//b", false },
    { "/...", "/...", false },
    { "/.a", "/.a", false },
    { "/..a", "/..a", false },
    { "/a.", "/a.", false },
    { "/a..", "/a..", false },
    { "/.well-known/acme-challenge/x", "/.well-known/acme-challenge/x", false },
    { "/a%2Fb", "/a%2Fb", false }, /* an encoded slash is no border */
    { "/a%2f...%2F.b", "/a%2f...%2F.b", false },
    { "/%252e%252e/", "/%252e%252e/", false }, /* decoded once, never twice */
    { "/%41", "/%41", false },
    { "/a;b=c", "/a;b=c", false },
    { "/a/b;/c", "/a/b;/c", false },
    { "/~a!$&'()*+,;=:@", "/~a!$&'()*+,;=:@", false },
    { "/.%2e.", "/.%2e.", false }, /* three dots are a name */
    { "*", "*", false },

    /* RFC 3986 section 5.2.4 and 5.4 */
    { "/.", "/", true },
    { "/./", "/", true },
    { "/./a", "/a", true },
    { "/a/.", "/a/", true },
    { "/a/./b", "/a/b", true },
    { "/a/..", "/", true },
    { "/a/../", "/", true },
    { "/a/../b", "/b", true },
    { "/a/b/..", "/a/", true },
    { "/a/b/../c", "/a/c", true },
    { "/a/b/c/./../../g", "/a/g", true },
    { "/mid/content=5/../6", "/mid/6", true },
    { "/a/b/../../c", "/c", true },
    { "/a//../b", "/a/b", true }, /* the empty segment is one */
    { "//..", "/", true },
    { "//../", "/", true },
    { "/a/.b/../c", "/a/c", true },

    /* %2e is a dot */
    { "/%2e", "/", true },
    { "/%2E/a", "/a", true },
    { "/a/%2e%2E/b", "/b", true },
    { "/a/.%2e/b", "/b", true },
    { "/a/%2e./b", "/b", true },
    { "/a/%2e%2e", "/", true },

    /* above the root */
    { "/..", NULL, false },
    { "/../", NULL, false },
    { "/../a", NULL, false },
    { "/./..", NULL, false },
    { "/a/../..", NULL, false },
    { "/a/../../b", NULL, false },
    { "/%2e%2e/a", NULL, false },
    { "/.%2e", NULL, false },

    /* dots with a parameter: a way up for some servers */
    { "/a/..;/b", NULL, false },
    { "/a/..;x=y/b", NULL, false },
    { "/a/.;/b", NULL, false },
    { "/a/%2e%2e;/b", NULL, false },
    { "/a/..;", NULL, false },

    /* dots beside an encoded slash: a way up for servers that decode first */
    { "/a%2f..%2fb", NULL, false },
    { "/a/..%2fb", NULL, false },
    { "/a/%2e%2E%2Fb", NULL, false },
    { "/a%2F..", NULL, false },
    { "/a%2F../b", NULL, false },
    { "/a%2f.", NULL, false },
    { "/a/.%2fb", NULL, false },

    /* bytes and escapes that no path has */
    { "", NULL, false },
    { "a", NULL, false },
    { "**", NULL, false },
    { "/a\\b", NULL, false },
    { "/a\\..\\b", NULL, false },
    { "/a%5cb", NULL, false },
    { "/a%5C..%5Cb", NULL, false },
    { "/a%00", NULL, false },
    { "/%00/../a", NULL, false },
    { "/a\tb", NULL, false },
    { "/a\nb", NULL, false },
    { "/a\x7f", NULL, false },
    { "/%", NULL, false },
    { "/%4", NULL, false },
    { "/%4/", NULL, false },
    { "/%gg", NULL, false },
    { "/%4g", NULL, false },
    { "/% 1", NULL, false },
    { "/a/..%", NULL, false },
};

static void paths_are_resolved_kept_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].path);
        char *copy = memory_copy(cases[i].path, len); /* both exactly as long as promised */
        char *buffer = memory_new(len ? len : 1);
        struct text path = text_make(copy, len);
        struct text got = TEXT("untouched");
        bool good = http_path_normalise(path, buffer, &got);

        if (good != (cases[i].want != NULL))
            fail_msg("%s: %s", cases[i].path, good ? "taken" : "refused");
        expect_text(cases[i].path, got, good ? cases[i].want : "untouched");
        if (good)
            assert_true((got.at == copy) == !cases[i].changed);
        free(buffer);
        free(copy);
    }
}

static void a_path_that_was_resolved_stays_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char first[64];
        char second[64];
        struct text once;
        struct text twice;

        if (!http_path_normalise(text_of(cases[i].path), first, &once))
            continue;
        assert_true(http_path_normalise(once, second, &twice));
        assert_true(text_equal(once, twice));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_resolved_kept_or_refused),
        cmocka_unit_test(a_path_that_was_resolved_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
