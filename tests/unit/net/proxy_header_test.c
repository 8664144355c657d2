/* PROXY headers: what is taken and what is not, byte by byte. */

#include "net/proxy_header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BOTH      (PROXY_VERSION_1 | PROXY_VERSION_2)
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
/* source and destination of 12 and 36 bytes, from 192.0.2.1 and 2001:db8::7 */
#define TCP4 "\xc0\x00\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb"
#define TCP6                                                                                       \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08\xdc\x04\x01\xbb"
#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct taken {
    struct text bytes;
    const char *source; /* "": none */
    uint16_t port;
};

static const struct taken taken[] = {
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), "192.0.2.1", 56324 },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 0 65535\r\n"), "192.0.2.1", 0 },
    { BYTES("PROXY TCP6 2001:db8::7 2001:db8::8 56324 443\r\n"), "2001:db8::7", 56324 },
    { BYTES("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
    { BYTES("PROXY UNKNOWN\r\n"), "", 0 },
    { BYTES("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), "", 0 },
    { BYTES(SIGNATURE "\x21\x11\0\x0c" TCP4), "192.0.2.1", 56324 },
    { BYTES(SIGNATURE "\x21\x21\0\x24" TCP6), "2001:db8::7", 56324 },
    { BYTES(SIGNATURE "\x20\x00\0\0"), "", 0 },
    { BYTES(SIGNATURE "\x20\xff\0\x05HELLO"), "", 0 }, /* LOCAL: the family is not looked at */
    { BYTES(SIGNATURE "\x21\x00\0\x02??"), "", 0 },    /* UNSPEC */
    /* with additions: an authority, a NOOP, and a checksum by another implementation */
    { BYTES(SIGNATURE "\x21\x11\0\x1b" TCP4 "\x02\0\x06"
                      "a.test"
                      "\x04\0\x03\0\0\0"),
      "192.0.2.1", 56324 },
    { BYTES(SIGNATURE "\x21\x11\0\x13" TCP4 "\x03\0\x04\x73\x7e\xe9\x19"), "192.0.2.1", 56324 },
};

static const struct text refused[] = {
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\r\n"),
    BYTES("PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 x\r\n"),
    BYTES("PROXY TCP4 192.0.2.1\t198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n"),
    BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 56324 +443\r\n"),
    BYTES("PROXY TCP4 192.0.2.01 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP4 192.0.2 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP4 2001:db8::7 2001:db8::8 56324 443\r\n"),
    BYTES("PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP6 2001:db8::7 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY TCP6 [2001:db8::7] [2001:db8::8] 56324 443\r\n"),
    BYTES("PROXY TCP6 fe80::1%eth0 fe80::2 56324 443\r\n"),
    BYTES("PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY tcp4 192.0.2.1 198.51.100.1 56324 443\r\n"),
    BYTES("PROXY UNKNOWNS\r\n"),
    BYTES("PROXY \r\n"),
    BYTES("PROXY UNKNOWN a\0b\r\n"),
    /* 108 bytes */
    BYTES("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
    BYTES(SIGNATURE "\x11\x11\0\x0c" TCP4), /* version 1 in binary */
    BYTES(SIGNATURE "\x22\x11\0\x0c" TCP4), /* no such command */
    BYTES(SIGNATURE "\x21\x12\0\x0c" TCP4), /* a datagram */
    BYTES(SIGNATURE "\x21\x10\0\x0c" TCP4), /* of no transport */
    BYTES(SIGNATURE "\x21\x41\0\x0c" TCP4), /* no such family */
    BYTES(SIGNATURE "\x21\x11\0\x0b\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\x01"),
    BYTES(SIGNATURE "\x21\x21\0\x0c" TCP4),                /* too short for the family */
    BYTES(SIGNATURE "\x21\x31\0\x0c" TCP4),                /* the same */
    BYTES(SIGNATURE "\x21\x11\x10\x01"),                   /* more than the bound */
    BYTES(SIGNATURE "\x21\x11\0\x0e" TCP4 "\x04\0"),       /* an addition that is cut */
    BYTES(SIGNATURE "\x21\x11\0\x10" TCP4 "\x04\0\x02\0"), /* longer than what is left */
    BYTES(SIGNATURE "\x21\x11\0\x13" TCP4 "\x03\0\x04\x73\x7e\xe9\x10"), /* a wrong checksum */
    BYTES(SIGNATURE "\x21\x11\0\x12" TCP4 "\x03\0\x03\x73\x7e\xe9"),     /* a short one */
    BYTES(SIGNATURE "\x21\x11\0\x1a" TCP4 "\x03\0\x04\x73\x7e\xe9\x19\x03\0\x04\x73\x7e\xe9\x19"),
};

static const struct text absent[] = {
    BYTES("GET / HTTP/1.1\r\n"),
    BYTES("POST / HTTP/1.1\r\n"),
    BYTES("PROXYTCP4 192.0.2.1\r\n"),
    BYTES("proxy TCP4 192.0.2.1\r\n"),
    BYTES("\x16\x03\x01\x02\x00"),
    BYTES("\r\n\r\nGET / HTTP/1.1\r\n"),
    BYTES("\n"),
    BYTES("\0"),
};

/* In the middle of other bytes, so that a read behind the end is one of something. */
static enum proxy_result parse(struct text bytes, unsigned versions, struct proxy_header *header)
{
    return proxy_header_parse(bytes, versions, header);
}

static void what_is_right_is_taken_at_its_last_byte_and_not_before(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        const struct taken *want = &taken[i];
        struct proxy_header header;
        char text[ADDRESS_TEXT_BYTES];

        for (size_t fed = 0; fed < want->bytes.len; fed++)
            assert_int_equal(parse(text_first(want->bytes, fed), BOTH, &header), PROXY_MORE);
        assert_int_equal(parse(want->bytes, BOTH, &header), PROXY_DONE);
        assert_int_equal(header.bytes, want->bytes.len);
        assert_int_equal(header.has_source, want->source[0] != '\0');
        if (!header.has_source)
            continue;
        address_print_host(&header.source, text);
        assert_string_equal(text, want->source);
        assert_int_equal(address_port(&header.source), want->port);
    }
}

static void what_is_behind_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct proxy_header header;
        char bytes[512];
        size_t len = taken[i].bytes.len;

        memcpy(bytes, taken[i].bytes.at, len);
        memset(bytes + len, '\x16', sizeof(bytes) - len);
        assert_int_equal(parse(text_make(bytes, sizeof(bytes)), BOTH, &header), PROXY_DONE);
        assert_int_equal(header.bytes, len);
    }
}

static void what_is_wrong_is_refused_however_many_bytes_have_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct proxy_header header;

        for (size_t fed = 0; fed < refused[i].len; fed++) {
            enum proxy_result result = parse(text_first(refused[i], fed), BOTH, &header);

            assert_true(result == PROXY_MORE || result == PROXY_BAD);
        }
        if (parse(refused[i], BOTH, &header) != PROXY_BAD)
            fail_msg("row %zu was taken", i);
    }
}

static void what_is_none_is_told_from_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        struct proxy_header header;

        for (unsigned versions = 0; versions <= BOTH; versions++) {
            enum proxy_result result = PROXY_MORE;

            for (size_t fed = 1; fed <= absent[i].len && result == PROXY_MORE; fed++)
                result = parse(text_first(absent[i], fed), versions, &header);
            assert_int_equal(result, PROXY_ABSENT);
        }
    }
}

static void the_other_version_is_refused(void **state)
{
    struct proxy_header header;

    (void)state;
    assert_int_equal(parse(taken[0].bytes, PROXY_VERSION_1, &header), PROXY_DONE);
    assert_int_equal(parse(taken[0].bytes, PROXY_VERSION_2, &header), PROXY_BAD);
    assert_int_equal(parse(taken[6].bytes, PROXY_VERSION_2, &header), PROXY_DONE);
    assert_int_equal(parse(taken[6].bytes, PROXY_VERSION_1, &header), PROXY_BAD);
}

static void a_unix_socket_has_no_address_of_the_client(void **state)
{
    char bytes[16 + 216] = SIGNATURE "\x21\x31\0\xd8";
    struct proxy_header header;

    (void)state;
    assert_int_equal(parse(text_make(bytes, sizeof(bytes)), BOTH, &header), PROXY_DONE);
    assert_int_equal(header.bytes, sizeof(bytes));
    assert_false(header.has_source);
}

static void the_longest_header_is_taken_and_one_byte_more_is_not(void **state)
{
    static char bytes[PROXY_HEADER_BYTES] = SIGNATURE "\x21\x11\x0f\xf0" TCP4 "\x04\x0f\xe1";
    struct proxy_header header;

    (void)state;
    assert_int_equal(parse(text_make(bytes, sizeof(bytes) - 1), BOTH, &header), PROXY_MORE);
    assert_int_equal(parse(text_make(bytes, sizeof(bytes)), BOTH, &header), PROXY_DONE);
    bytes[15]++;
    assert_int_equal(parse(text_make(bytes, 16), BOTH, &header), PROXY_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_is_taken_at_its_last_byte_and_not_before),
        cmocka_unit_test(what_is_behind_is_left_alone),
        cmocka_unit_test(what_is_wrong_is_refused_however_many_bytes_have_come),
        cmocka_unit_test(what_is_none_is_told_from_it),
        cmocka_unit_test(the_other_version_is_refused),
        cmocka_unit_test(a_unix_socket_has_no_address_of_the_client),
        cmocka_unit_test(the_longest_header_is_taken_and_one_byte_more_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
