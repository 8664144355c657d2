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

static bool contains(const char *prefix, const char *host)
{
    struct address_prefix network;
    struct address address;

    assert_int_equal(address_prefix_parse(text_of(prefix), &network, NULL), 0);
    assert_int_equal(address_parse_host(text_of(host), 1, &address, NULL), 0);
    return address_prefix_contains(&network, &address);
}

static void a_network_contains_what_begins_like_it(void **state)
{
    static const struct {
        const char *prefix;
        const char *host;
        bool in;
    } cases[] = {
        { "10.0.0.0/8", "10.255.0.1", true },
        { "10.0.0.0/8", "11.0.0.1", false },
        { "10.0.0.128/25", "10.0.0.127", false },
        { "10.0.0.128/25", "10.0.0.128", true },
        { "10.0.0.1/32", "10.0.0.1", true },
        { "10.0.0.1/32", "10.0.0.0", false },
        { "0.0.0.0/0", "255.255.255.255", true },
        { "0.0.0.0/0", "::1", false },
        { "::/0", "10.0.0.1", false },
        { "::/0", "::1", true },
        { "2001:db8::/33", "2001:db8:7fff::", true },
        { "2001:db8::/33", "2001:db8:8000::", false },
        /* IPv4-mapped, on either side or on both */
        { "10.0.0.0/8", "::ffff:10.1.2.3", true },
        { "::ffff:10.0.0.0/104", "10.1.2.3", true },
        { "::ffff:10.0.0.0/104", "11.1.2.3", false },
        { "::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true },
        { "::ffff:10.0.0.1/128", "10.0.0.1", true },
        { "::ffff:10.0.0.1/128", "10.0.0.0", false },
        { "::ffff:0:0/96", "192.0.2.1", true },
        { "::ffff:0:0/96", "::1", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (contains(cases[i].prefix, cases[i].host) != cases[i].in)
            fail_msg("%s in %s", cases[i].host, cases[i].prefix);
}

static uint64_t client_hash(const char *host)
{
    static const uint64_t key[2] = { 1, 2 };
    struct address address;

    assert_int_equal(address_parse_host(text_of(host), 1, &address, NULL), 0);
    return address_client_hash(&address, key);
}

static void one_client_is_an_ipv4_address_or_a_64(void **state)
{
    (void)state;
    assert_true(client_hash("10.0.0.1") != client_hash("10.0.0.2"));
    assert_true(client_hash("10.0.0.1") == client_hash("::ffff:10.0.0.1"));
    assert_true(client_hash("2001:db8::1") == client_hash("2001:db8::ffff:2"));
    assert_true(client_hash("2001:db8::1") != client_hash("2001:db8:0:1::1"));
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
        cmocka_unit_test(a_network_contains_what_begins_like_it),
        cmocka_unit_test(one_client_is_an_ipv4_address_or_a_64),
        cmocka_unit_test(loopback_is_the_whole_of_127_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
