/* Numbers and texts as bytes: there and back, cut everywhere, and every bound. */

#include "ipc/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void put_everything(struct buffer *out)
{
    struct address v4;
    struct address v6;

    assert_int_equal(address_parse(TEXT("192.0.2.7:443"), &v4, NULL), 0);
    assert_int_equal(address_parse(TEXT("[2001:db8::1]:8443"), &v6, NULL), 0);
    wire_put_u8(out, 0xa5);
    wire_put_u32(out, 0x01020304);
    wire_put_u64(out, UINT64_MAX - 1);
    wire_put_i64(out, INT64_MIN);
    wire_put_bool(out, true);
    wire_put_text(out, TEXT("text"));
    wire_put_bytes(out, "raw", 3);
    wire_put_address(out, &v4);
    wire_put_address(out, &v6);
    wire_put_text(out, TEXT_NONE);
}

static void get_everything(struct wire *wire)
{
    char raw[3];

    (void)wire_get_u8(wire);
    (void)wire_get_u32(wire);
    (void)wire_get_u64(wire);
    (void)wire_get_i64(wire);
    (void)wire_get_bool(wire);
    (void)wire_get_text(wire, 4);
    wire_get_bytes(wire, raw, sizeof(raw));
    (void)wire_get_address(wire);
    (void)wire_get_address(wire);
    (void)wire_get_text(wire, 0);
}

static void what_is_put_is_got(void **state)
{
    struct buffer bytes = { 0 };
    struct wire wire;
    struct address address;
    char raw[3];
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    put_everything(&bytes);
    wire = wire_read(buffer_text(&bytes));
    assert_int_equal(wire_get_u8(&wire), 0xa5);
    assert_int_equal(wire_get_u32(&wire), 0x01020304);
    assert_true(wire_get_u64(&wire) == UINT64_MAX - 1);
    assert_true(wire_get_i64(&wire) == INT64_MIN);
    assert_true(wire_get_bool(&wire));
    assert_true(text_equal(wire_get_text(&wire, 4), TEXT("text")));
    wire_get_bytes(&wire, raw, sizeof(raw));
    assert_memory_equal(raw, "raw", 3);
    address = wire_get_address(&wire);
    address_print(&address, text);
    assert_string_equal(text, "192.0.2.7:443");
    address = wire_get_address(&wire);
    address_print(&address, text);
    assert_string_equal(text, "[2001:db8::1]:8443");
    assert_false(wire_is_done(&wire));
    assert_int_equal(wire_get_text(&wire, 0).len, 0);
    assert_true(wire_is_done(&wire));
    buffer_done(&bytes);
}

static void numbers_are_little_endian(void **state)
{
    struct buffer bytes = { 0 };

    (void)state;
    wire_put_u32(&bytes, 0x01020304);
    assert_true(text_equal(buffer_text(&bytes), TEXT("\x04\x03\x02\x01")));
    buffer_done(&bytes);
}

static void every_cut_is_bad_and_stays_bad(void **state)
{
    struct buffer bytes = { 0 };

    (void)state;
    put_everything(&bytes);
    for (size_t len = 0; len < buffer_len(&bytes); len++) {
        struct wire wire = wire_read(text_first(buffer_text(&bytes), len));

        get_everything(&wire);
        assert_true(wire.bad);
        assert_false(wire_is_done(&wire));
        assert_int_equal(wire_get_u64(&wire), 0);
        assert_int_equal(wire_get_text(&wire, 10).len, 0);
    }
    buffer_done(&bytes);
}

static void a_text_longer_than_its_bound_is_bad(void **state)
{
    struct wire wire = wire_read(TEXT("\x05\x00\x00\x00hello"));

    (void)state;
    assert_int_equal(wire_get_text(&wire, 4).len, 0);
    assert_true(wire.bad);
    wire = wire_read(TEXT("\xff\xff\xff\xffhello"));
    assert_int_equal(wire_get_text(&wire, SIZE_MAX).len, 0);
    assert_true(wire.bad);
}

static void a_count_is_bounded_by_its_limit_and_by_the_bytes_left(void **state)
{
    const struct text three = TEXT("\x03\x00\x00\x00"
                                   "abcdef");
    struct wire wire = wire_read(three);

    (void)state;
    assert_int_equal(wire_get_count(&wire, 3, 2), 3);
    assert_false(wire.bad);
    wire = wire_read(three);
    assert_int_equal(wire_get_count(&wire, 2, 2), 0);
    assert_true(wire.bad);
    wire = wire_read(three);
    assert_int_equal(wire_get_count(&wire, 3, 3), 0);
    assert_true(wire.bad);
}

static void values_that_no_encoder_writes_are_bad(void **state)
{
    const struct {
        const char *why;
        struct text bytes;
    } addresses[] = {
        { "a family that is none", TEXT("\x05\x50\x00\x00\x00\x7f\x00\x00\x01") },
        { "a port beyond 65535", TEXT("\x04\x00\x00\x01\x00\x7f\x00\x00\x01") },
        { "no address", TEXT("\x00") },
    };
    struct wire wire = wire_read(TEXT("\x02"));

    (void)state;
    (void)wire_get_bool(&wire);
    assert_true(wire.bad);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        wire = wire_read(addresses[i].bytes);
        (void)wire_get_address(&wire);
        if (!wire.bad)
            fail_msg("accepted: %s", addresses[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_got),
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(every_cut_is_bad_and_stays_bad),
        cmocka_unit_test(a_text_longer_than_its_bound_is_bad),
        cmocka_unit_test(a_count_is_bounded_by_its_limit_and_by_the_bytes_left),
        cmocka_unit_test(values_that_no_encoder_writes_are_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
