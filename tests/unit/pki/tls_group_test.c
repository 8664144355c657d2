/* Groups by the names that the mapping file uses. */

#include "pki/tls_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_usual_ones_are_there(void **state)
{
    static const char *const names[] = { "X25519",    "x25519",    "prime256v1", "P-256",
                                         "secp256r1", "secp384r1", "P-384" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_true(tls_group_is_there(text_of(names[i])));
}

static void what_is_no_group_is_not(void **state)
{
    static const char *const names[] = { "", "RSA", "EC", "X25519 ", "nonsense", "DEFAULT" };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(tls_group_is_there(text_of(names[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_usual_ones_are_there),
        cmocka_unit_test(what_is_no_group_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
