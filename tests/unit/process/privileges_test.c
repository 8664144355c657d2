/* Which capabilities stay where: the rules as a table, and the choice of the user. */

#include "process/privileges.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BIT(capability) ((capability_mask)1 << (capability))
#define CHANGE          (BIT(CAP_SETUID) | BIT(CAP_SETGID))
#define SERVE           (BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_KILL))
#define HAND_ON         (BIT(CAP_SYS_CHROOT) | BIT(CAP_SETPCAP))

static const struct {
    const char *what;
    capability_mask have;
    capability_mask parent;
    capability_mask reader;
} cases[] = {
    { "an ordinary user", 0, 0, 0 },
    { "root of a machine", ~(capability_mask)0, SERVE | CHANGE | HAND_ON | BIT(CAP_DAC_READ_SEARCH),
      BIT(CAP_DAC_READ_SEARCH) },
    { "root of a container",
      SERVE | CHANGE | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_CHOWN) | BIT(CAP_NET_RAW),
      SERVE | CHANGE | BIT(CAP_DAC_OVERRIDE), BIT(CAP_DAC_OVERRIDE) },
    { "root of our stacks", SERVE | CHANGE | BIT(CAP_SYS_CHROOT),
      SERVE | CHANGE | BIT(CAP_SYS_CHROOT), 0 },
    { "root with nothing", 0, 0, 0 },
    { "only low ports", BIT(CAP_NET_BIND_SERVICE), BIT(CAP_NET_BIND_SERVICE), 0 },
};

static void the_parent_keeps_what_it_needs_and_the_reader_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (privileges_for_parent(cases[i].have) != cases[i].parent ||
            privileges_for_reader(cases[i].have) != cases[i].reader)
            fail_msg("%s", cases[i].what);
    }
}

static void a_user_that_is_not_there_is_an_error_that_names_it(void **state)
{
    struct spawn_identity identity = { 0 };
    struct err err;

    (void)state;
    assert_int_equal(privileges_choose_user("no-such-user", CHANGE, &identity, &err), -1);
    assert_non_null(strstr(err.text, "--user no-such-user"));
}

static void root_without_the_capabilities_to_change_is_told_what_to_do(void **state)
{
    struct spawn_identity identity = { 0 };
    struct err err;

    (void)state;
    assert_int_equal(privileges_choose_user("nobody", SERVE, &identity, &err), -1);
    assert_non_null(strstr(err.text, "CAP_SETUID"));
    assert_int_equal(privileges_choose_user("root", 0, &identity, &err), 0);
    assert_false(identity.drop);
    assert_int_equal(privileges_choose_user("nobody", CHANGE, &identity, &err), 0);
    assert_true(identity.drop);
    assert_int_not_equal(identity.uid, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parent_keeps_what_it_needs_and_the_reader_one),
        cmocka_unit_test(a_user_that_is_not_there_is_an_error_that_names_it),
        cmocka_unit_test(root_without_the_capabilities_to_change_is_told_what_to_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
