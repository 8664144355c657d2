/* Addresses: what is one, what is none, and that printing and parsing agree. */

#include "net/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void good_addresses_print_as_they_were_written(void **state)
{
    static const char *const cases[] = {
        "127.0.0.1:80", "0.0.0.0:1",       "255.255.255.255:65535",
        "[::1]:8080",   "[fe80::1:2]:443", "[::]:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        char text[ADDRESS_TEXT_BYTES];
        struct err err;

        assert_int_equal(address_parse(text_of(cases[i]), &address, &err), 0);
        assert_int_equal(address_print(&address, text), strlen(cases[i]));
        assert_string_equal(text, cases[i]);
    }
}

static void what_is_no_address_is_refused_with_words(void **state)
{
    static const char *const cases[] = {
        "",           "127.0.0.1",    "127.0.0.1:",  "127.0.0.1:0",   "127.0.0.1:65536",
        "127.0.0.1:", "localhost:80", "::1:80",      "[::1]",         "[127.0.0.1]:80",
        "1.2.3:80",   "1.2.3.4.5:80", "[::1%lo]:80", "127.0.0.1:+80", "127.0.0.1: 80",
        ":80",        "01.2.3.4:80",  "[::1]x:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address = { .v4 = { .sin_port = 7 } };
        struct err err = { .text = "" };

        assert_int_equal(address_parse(text_of(cases[i]), &address, &err), -1);
        assert_true(err.text[0] != '\0');
        assert_int_equal(address.v4.sin_port, 7); /* out parameters change on success only */
    }
}

static void a_mapped_address_is_its_ipv4_self(void **state)
{
    struct address mapped;
    struct address plain;
    char text[ADDRESS_TEXT_BYTES];
    struct err err;

    (void)state;
    assert_int_equal(address_parse(TEXT("[::ffff:127.0.0.1]:80"), &mapped, &err), 0);
    assert_int_equal(address_parse(TEXT("127.0.0.1:80"), &plain, &err), 0);
    address_print_host(&mapped, text);
    assert_string_equal(text, "127.0.0.1");
    assert_true(address_host_equal(&mapped, &plain));
    assert_true(address_host_hash(&mapped) == address_host_hash(&plain));
    assert_false(address_equal(&mapped, &plain)); /* not the same socket address */
    assert_true(address_is_loopback(&mapped));
}

static void loopback_is_the_whole_of_127_and_no_more(void **state)
{
    struct address address;
    struct err err;

    (void)state;
    assert_int_equal(address_parse(TEXT("127.255.255.254:1"), &address, &err), 0);
    assert_true(address_is_loopback(&address));
    assert_int_equal(address_parse(TEXT("128.0.0.1:1"), &address, &err), 0);
    assert_false(address_is_loopback(&address));
    assert_int_equal(address_parse(TEXT("[::2]:1"), &address, &err), 0);
    assert_false(address_is_loopback(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses_print_as_they_were_written),
        cmocka_unit_test(what_is_no_address_is_refused_with_words),
        cmocka_unit_test(a_mapped_address_is_its_ipv4_self),
        cmocka_unit_test(loopback_is_the_whole_of_127_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
