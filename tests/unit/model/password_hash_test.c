/* The forms of hashes: what crypt(3) may be given, and what is said of everything else. */

#include "model/password_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SHA512                                                                                     \
    "CkjGkP7IIgZVUCNlt.Vi53LOYJLXZ5KzdpzEYCj01XGruA1hxZYJqccTU2zz68oJwAGsd1iPty5F7dHIatUTy/"
#define SHA256 "FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2"
#define BCRYPT "abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"

static const struct {
    const char *hash;
    const char *says; /* NULL: it is one */
} cases[] = {
    { "$6$abcdefgh$" SHA512, NULL },
    { "$6$rounds=1000$abcdefgh$" SHA512, NULL },
    { "$6$rounds=1000000$abcdefghabcdefgh$" SHA512, NULL },
    { "$5$a$" SHA256, NULL },
    { "$2y$05$" BCRYPT, NULL },
    { "$2b$14$" BCRYPT, NULL },
    { "$2a$04$" BCRYPT, NULL },
    { "$6$rounds=999$abcdefgh$" SHA512, "rounds" },
    { "$6$rounds=1000001$abcdefgh$" SHA512, "rounds" },
    { "$6$rounds=99999999999999999999$abcdefgh$" SHA512, "rounds" },
    { "$6$rounds=$abcdefgh$" SHA512, "rounds" },
    { "$6$rounds=5000$" SHA512, "cut or garbled" },
    { "$6$abcdefghabcdefghx$" SHA512, "cut or garbled" },
    { "$6$$" SHA512, "cut or garbled" },
    { "$6$abcdefgh$" SHA512 "x", "cut or garbled" },
    { "$6$abcdefgh$" SHA256, "cut or garbled" },
    { "$6$abcd:fgh$" SHA512, "cut or garbled" },
    { "$6$abcdefgh", "cut or garbled" },
    { "$6$", "cut or garbled" },
    { "$5$a$" SHA256 "$", "cut or garbled" },
    { "$2y$03$" BCRYPT, "cost of 3" },
    { "$2y$15$" BCRYPT, "cost of 15" },
    { "$2y$99$" BCRYPT, "cost of 99" },
    { "$2y$5$" BCRYPT "x", "cut or garbled" },
    { "$2y$05$" BCRYPT "x", "cut or garbled" },
    { "$2y$05$", "cut or garbled" },
    { "$2x$05$" BCRYPT, "no hash of a known kind" },
    { "$apr1$abcdefgh$HQzbTNpsyjvN6YCHEwIsN.", "MD5" },
    { "$1$abcdefgh$HQzbTNpsyjvN6YCHEwIsN.", "MD5" },
    { "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "SHA-1" },
    { "$y$j9T$abcdefgh$x", "no hash of a known kind" },
    { "abFZSxKKdq5s6", "no hash of a known kind" },
    { "secret", "no hash of a known kind" },
    { "", "no hash of a known kind" },
    { "$", "no hash of a known kind" },
};

static void only_hashes_of_known_kind_and_cost_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = { "" };
        int status = password_hash_check(text_of(cases[i].hash), &err);

        if ((status == 0) != (cases[i].says == NULL))
            fail_msg("%s: %d %s", cases[i].hash, status, err.text);
        if (cases[i].says && !strstr(err.text, cases[i].says))
            fail_msg("%s: \"%s\"", cases[i].hash, err.text);
        assert_null(strstr(err.text, SHA256)); /* never shown */
        assert_true(status < 0 || strlen(cases[i].hash) <= PASSWORD_HASH_BYTES);
    }
}

static void no_prefix_of_one_is_one(void **state)
{
    struct text whole = TEXT("$6$rounds=1000$abcdefgh$" SHA512);

    (void)state;
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(password_hash_check(text_first(whole, len), NULL), -1);
    assert_int_equal(password_hash_check(whole, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_hashes_of_known_kind_and_cost_are_taken),
        cmocka_unit_test(no_prefix_of_one_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
