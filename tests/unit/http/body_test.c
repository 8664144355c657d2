/* Bodies: chunking in every cut, what malformed chunks are refused for, and when an end is clean.
 */

#include "http/body.h"

#include <stdlib.h>

#include "base/memory.h"
#include "heads.h"

/* A reader with all that it borrows, and what came out of it. */
struct fixture {
    struct arena arena;
    struct body_reader reader;
    struct h1_refusal refusal;
    struct buffer payload;
};

static void fixture_init(struct fixture *fixture, const struct framing *framing)
{
    *fixture = (struct fixture){ 0 };
    body_reader_init(&fixture->reader, framing, &small_limits, &fixture->arena);
}

static void fixture_done(struct fixture *fixture)
{
    body_reader_done(&fixture->reader);
    buffer_done(&fixture->payload);
    arena_done(&fixture->arena);
}

/* Feed one piece of input, in memory of its own. Returns what was left of it in `*left_out`. */
static enum parse_result feed(struct fixture *fixture, struct text bytes, size_t *left_out)
{
    char *copy = memory_copy(bytes.len ? bytes.at : "", bytes.len);
    struct text input = text_make(copy, bytes.len);
    enum parse_result result;

    do {
        struct text piece;

        result = body_reader_next(&fixture->reader, &input, &piece, &fixture->refusal);
        if (result == PARSE_BAD)
            break;
        if (piece.len)
            assert_true(piece.at >= copy && piece.at + piece.len <= copy + bytes.len);
        buffer_append_text(&fixture->payload, piece);
    } while (result == PARSE_MORE && input.len);
    *left_out = input.len;
    free(copy);
    return result;
}

static const struct framing chunked = { .kind = BODY_CHUNKED };

#define NEXT "GET / HTTP/1.1\r\n"

static const struct good_case {
    const char *bytes;
    const char *payload;
    size_t trailers;
} good_chunked[] = {
    { "0\r\n\r\n", "", 0 },
    { "000\r\n\r\n", "", 0 },
    { "3\r\nabc\r\n0\r\n\r\n", "abc", 0 },
    { "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 0 },
    { "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", 0 },
    { "000000000000000003\r\nabc\r\n0\r\n\r\n", "abc", 0 },
    { "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0 },
    { "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", 0 },
    /* extensions are read over (RFC 9112 7.1.1) */
    { "3;a\r\nabc\r\n0;b=\"c\"\r\n\r\n", "abc", 0 },
    { "3; a = b ;;c\t\xff\r\nabc\r\n0\r\n\r\n", "abc", 0 },
    /* trailers (7.1.2) */
    { "0\r\nA: 1\r\n\r\n", "", 1 },
    { "1\r\na\r\n0\r\nA: 1\r\nB: 2\r\nC:\r\n\r\n", "a", 3 },
};

static void expect_body(struct fixture *fixture, const struct good_case *good,
                        enum parse_result result)
{
    if (result != PARSE_DONE)
        fail_msg("%s: %s", good->bytes, result == PARSE_BAD ? fixture->refusal.reason : "more");
    expect_text(good->bytes, buffer_text(&fixture->payload), good->payload);
    assert_int_equal(fixture->reader.received, strlen(good->payload));
    assert_int_equal(fixture->reader.trailers.count, good->trailers);
    if (good->trailers)
        expect_text(good->bytes, fixture->reader.trailers.lines[0].name, "A");
    assert_true(body_reader_is_finished(&fixture->reader));
    assert_true(body_reader_end_is_clean(&fixture->reader));
}

/* The bytes in three pieces: up to `first`, up to `second`, the rest with the next message. */
static void read_in_three(const struct good_case *good, size_t first, size_t second)
{
    size_t len = strlen(good->bytes);
    char all[256];
    struct text bytes = text_make(all, (size_t)snprintf(all, sizeof(all), "%s" NEXT, good->bytes));
    struct fixture fixture;
    size_t left;

    fixture_init(&fixture, &chunked);
    assert_int_equal(feed(&fixture, text_first(bytes, first), &left), PARSE_MORE);
    assert_int_equal(left, 0);
    assert_false(body_reader_end_is_clean(&fixture.reader));
    bytes = text_from(bytes, first);
    assert_int_equal(feed(&fixture, text_first(bytes, second - first), &left), PARSE_MORE);
    assert_false(body_reader_is_finished(&fixture.reader));
    bytes = text_from(bytes, second - first);
    expect_body(&fixture, good, feed(&fixture, bytes, &left));
    assert_int_equal(left, strlen(NEXT));
    assert_int_equal(len - second + left, bytes.len);
    fixture_done(&fixture);
}

static void chunked_bodies_are_the_same_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_chunked); i++)
        for (size_t first = 0; first < strlen(good_chunked[i].bytes); first++)
            for (size_t second = first; second < strlen(good_chunked[i].bytes); second++)
                read_in_three(&good_chunked[i], first, second);
}

static void chunked_bodies_in_single_bytes_leave_the_next_message_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_chunked); i++) {
        struct text bytes = text_of(good_chunked[i].bytes);
        struct fixture fixture;
        enum parse_result result = PARSE_MORE;
        size_t left;
        size_t at = 0;

        fixture_init(&fixture, &chunked);
        for (; at < bytes.len && result == PARSE_MORE; at++)
            result = feed(&fixture, text_first(text_from(bytes, at), 1), &left);
        assert_int_equal(at, bytes.len);
        expect_body(&fixture, &good_chunked[i], result);
        assert_int_equal(feed(&fixture, TEXT(NEXT), &left), PARSE_DONE); /* and stays so */
        assert_int_equal(left, strlen(NEXT));
        fixture_done(&fixture);
    }
}

#define LONG_LINE                                                                                  \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"  \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"

#define ZEROS                                                                                      \
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"

static const struct {
    const char *name;
    struct text bytes;
    int status;
    const char *reason;
} bad_chunked[] = {
    /* the size (RFC 9112 7.1): digits, nothing else */
    { "no size", BYTES("\r\n"), 400, "bad_chunk_size" },
    { "only an extension", BYTES(";a\r\n"), 400, "bad_chunk_size" },
    { "plus", BYTES("+3\r\n"), 400, "bad_chunk_size" },
    { "minus", BYTES("-3\r\n"), 400, "bad_chunk_size" },
    { "0x", BYTES("0x3\r\n"), 400, "bad_chunk_size" },
    { "a space before", BYTES(" 3\r\n"), 400, "bad_chunk_size" },
    { "a space behind", BYTES("3 \r\n"), 400, "bad_chunk_size" },
    { "a tab behind", BYTES("3\t;a\r\n"), 400, "bad_chunk_size" },
    { "a space inside", BYTES("3 3\r\n"), 400, "bad_chunk_size" },
    { "a letter", BYTES("3g\r\n"), 400, "bad_chunk_size" },
    { "a colon", BYTES("3:\r\n"), 400, "bad_chunk_size" },
    { "underscore", BYTES("1_0\r\n"), 400, "bad_chunk_size" },
    { "NUL", BYTES("3\0\r\n"), 400, "bad_chunk_size" },
    { "obs-text", BYTES("3\xa0\r\n"), 400, "bad_chunk_size" },
    { "bare LF", BYTES("3\nabc"), 400, "bad_chunk_size" },
    { "bare CR", BYTES("3\rabc"), 400, "bad_chunk_line" },
    { "2^63", BYTES("8000000000000000\r\n"), 400, "chunk_size_overflow" },
    { "2^64", BYTES("10000000000000000\r\n"), 400, "chunk_size_overflow" },
    { "2^64 + 3", BYTES("10000000000000003\r\nabc"), 400, "chunk_size_overflow" },
    { "much more", BYTES("ffffffffffffffffffff\r\n"), 400, "chunk_size_overflow" },

    /* extensions (7.1.1) */
    { "bare LF in an extension", BYTES("3;a\nabc"), 400, "bad_chunk_extension" },
    { "bare CR in an extension", BYTES("3;a\rb\r\n"), 400, "bad_chunk_line" },
    { "NUL in an extension", BYTES("3;a\0\r\n"), 400, "bad_chunk_extension" },
    { "an extension without end", BYTES("3;" LONG_LINE), 400, "chunk_line_too_long" },
    { "digits without end", BYTES(LONG_LINE), 400, "chunk_size_overflow" },
    { "zeros without end", BYTES(ZEROS ZEROS ZEROS), 400, "chunk_line_too_long" },

    /* the end of a chunk */
    { "no CRLF behind the payload", BYTES("3\r\nabcd\r\n"), 400, "bad_chunk_end" },
    { "bare LF behind the payload", BYTES("3\r\nabc\n0\r\n"), 400, "bad_chunk_end" },
    { "bare CR behind the payload", BYTES("3\r\nabc\r0\r\n"), 400, "bad_chunk_end" },
    { "another byte and LF", BYTES("3\r\nabcd\n0\r\n"), 400, "bad_chunk_end" },
    { "a payload too short", BYTES("3\r\nab\r\n0\r\n\r\n"), 400, "bad_chunk_end" },

    /* trailers (7.1.2): the rules and limits of fields */
    { "fold", BYTES("0\r\nA: 1\r\n 2\r\n\r\n"), 400, "folded_field" },
    { "NUL in a trailer", BYTES("0\r\nA: \0\r\n\r\n"), 400, "bad_field_value" },
    { "bare LF in the trailers", BYTES("0\r\nA: 1\n\r\n"), 400, "bare_lf" },
    { "bare LF as the end", BYTES("0\r\n\n"), 400, "bare_lf" },
    { "a request line as a trailer", BYTES("0\r\nGET / HTTP/1.1\r\n\r\n"), 400,
      "space_before_colon" },
    { "a space before the colon", BYTES("0\r\nA : 1\r\n\r\n"), 400, "space_before_colon" },
    { "too many trailers", BYTES("0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nH:\r\nI:\r\n\r\n"),
      431, "too_many_fields" },
    { "trailers without end", BYTES("0\r\nA: " LONG_LINE LONG_LINE), 431, "header_too_large" },
};

static void expect_bad(size_t i, struct fixture *fixture, enum parse_result result)
{
    if (result != PARSE_BAD)
        fail_msg("%s: taken", bad_chunked[i].name);
    expect_refusal(bad_chunked[i].name, &fixture->refusal, bad_chunked[i].status,
                   bad_chunked[i].reason);
    assert_false(body_reader_end_is_clean(&fixture->reader));
    fixture_done(fixture);
}

static void malformed_chunks_are_refused_in_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_chunked); i++) {
        struct text bytes = bad_chunked[i].bytes;
        enum parse_result result = PARSE_MORE;
        struct fixture fixture;
        size_t left;

        for (size_t cut = 0; cut < bytes.len; cut++) {
            fixture_init(&fixture, &chunked);
            result = feed(&fixture, text_first(bytes, cut), &left);
            if (result == PARSE_MORE)
                result = feed(&fixture, text_from(bytes, cut), &left);
            if (result == PARSE_MORE) /* what is wrong with a trailer is seen at their end */
                result = feed(&fixture, TEXT("\r\n\r\n"), &left);
            expect_bad(i, &fixture, result);
        }
        fixture_init(&fixture, &chunked);
        result = PARSE_MORE;
        for (size_t at = 0; at < bytes.len && result == PARSE_MORE; at++)
            result = feed(&fixture, text_first(text_from(bytes, at), 1), &left);
        if (result == PARSE_MORE)
            result = feed(&fixture, TEXT("\r\n\r\n"), &left);
        expect_bad(i, &fixture, result);
    }
}

/* Each chunk is legal; together they are a flood. */
static size_t chunks_until_refused(struct text chunk, size_t most)
{
    struct fixture fixture;
    size_t count = 0;
    size_t left;

    fixture_init(&fixture, &chunked);
    while (count < most && feed(&fixture, chunk, &left) == PARSE_MORE)
        count++;
    if (count < most)
        expect_refusal("flood", &fixture.refusal, 400, "chunk_overhead");
    fixture_done(&fixture);
    return count;
}

static void small_chunks_pass_for_ever_but_not_with_long_extensions(void **state)
{
    size_t passed;

    (void)state;
    assert_int_equal(chunks_until_refused(TEXT("1\r\na\r\n"), 100000), 100000);
    assert_int_equal(chunks_until_refused(TEXT("1;a=123456\r\na\r\n"), 100000), 100000);
    passed = chunks_until_refused(
        TEXT("1;01234567890123456789012345678901234567890123456789\r\na\r\n"), 100000);
    assert_in_range(passed, 300, 500);
}

static void payload_pays_for_its_chunk_line(void **state)
{
    char chunk[2048];
    int len = snprintf(chunk, sizeof(chunk), "400;%0200d\r\n", 0);

    (void)state;
    memset(chunk + len, 'x', 1024);
    place(chunk + len + 1024, TEXT("\r\n"));
    assert_int_equal(chunks_until_refused(text_make(chunk, (size_t)len + 1026), 10000), 10000);
}

static void counted_bodies_end_with_their_last_byte(void **state)
{
    const struct framing five = { .kind = BODY_COUNTED, .length = 5, .has_length = true };

    (void)state;
    for (size_t cut = 0; cut < 5; cut++) {
        struct text bytes = TEXT("abcde" NEXT);
        struct fixture fixture;
        size_t left;

        fixture_init(&fixture, &five);
        assert_int_equal(feed(&fixture, text_first(bytes, cut), &left), PARSE_MORE);
        assert_false(body_reader_is_finished(&fixture.reader));
        assert_false(body_reader_end_is_clean(&fixture.reader));
        assert_int_equal(feed(&fixture, text_from(bytes, cut), &left), PARSE_DONE);
        assert_int_equal(left, strlen(NEXT));
        expect_text("counted", buffer_text(&fixture.payload), "abcde");
        assert_int_equal(fixture.reader.received, 5);
        assert_true(body_reader_end_is_clean(&fixture.reader));
        fixture_done(&fixture);
    }
}

static void no_body_is_finished_before_the_first_byte(void **state)
{
    static const struct framing empty[] = {
        { .kind = BODY_NONE },
        { .kind = BODY_NONE, .length = 5, .has_length = true }, /* a HEAD's response */
        { .kind = BODY_COUNTED, .length = 0, .has_length = true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(empty); i++) {
        struct fixture fixture;
        size_t left;

        fixture_init(&fixture, &empty[i]);
        assert_true(body_reader_is_finished(&fixture.reader));
        assert_int_equal(feed(&fixture, TEXT(NEXT), &left), PARSE_DONE);
        assert_int_equal(left, strlen(NEXT));
        assert_true(body_reader_end_is_clean(&fixture.reader));
        fixture_done(&fixture);
    }
}

static void only_a_body_until_close_may_end_with_the_connection(void **state)
{
    static const struct framing endless[] = { { .kind = BODY_UNTIL_CLOSE },
                                              { .kind = BODY_TUNNEL } };

    (void)state;
    for (size_t i = 0; i < COUNT(endless); i++) {
        struct fixture fixture;
        size_t left;

        fixture_init(&fixture, &endless[i]);
        assert_int_equal(feed(&fixture, TEXT("0\r\n\r\n"), &left), PARSE_MORE);
        assert_int_equal(feed(&fixture, TEXT_NONE, &left), PARSE_MORE);
        assert_int_equal(left, 0);
        expect_text("endless", buffer_text(&fixture.payload), "0\r\n\r\n");
        assert_false(body_reader_is_finished(&fixture.reader));
        assert_true(body_reader_end_is_clean(&fixture.reader));
        fixture_done(&fixture);
    }
}

static void trailers_last_longer_than_the_input_and_the_reader(void **state)
{
    struct fixture fixture;
    struct field_list trailers;
    size_t left;

    (void)state;
    fixture_init(&fixture, &chunked);
    assert_int_equal(feed(&fixture, TEXT("0\r\nA: 1\r\nB: 2\r\n\r\n"), &left), PARSE_DONE);
    body_reader_done(&fixture.reader);
    trailers = fixture.reader.trailers;
    expect_text("name", trailers.lines[1].name, "B");
    expect_text("value", trailers.lines[1].value, "2");
    fixture_done(&fixture);
}

static void chunk_lines_are_hexadecimal_without_zeros(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *line;
    } cases[] = {
        { 0, "0\r\n" },   { 1, "1\r\n" },       { 15, "f\r\n" },
        { 16, "10\r\n" }, { 8000, "1f40\r\n" }, { UINT64_MAX, "ffffffffffffffff\r\n" },
    };
    char line[CHUNK_LINE_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_text("line", text_make(line, chunk_line(cases[i].bytes, line)), cases[i].line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunked_bodies_are_the_same_in_every_cut),
        cmocka_unit_test(chunked_bodies_in_single_bytes_leave_the_next_message_alone),
        cmocka_unit_test(malformed_chunks_are_refused_in_every_cut),
        cmocka_unit_test(small_chunks_pass_for_ever_but_not_with_long_extensions),
        cmocka_unit_test(payload_pays_for_its_chunk_line),
        cmocka_unit_test(counted_bodies_end_with_their_last_byte),
        cmocka_unit_test(no_body_is_finished_before_the_first_byte),
        cmocka_unit_test(only_a_body_until_close_may_end_with_the_connection),
        cmocka_unit_test(trailers_last_longer_than_the_input_and_the_reader),
        cmocka_unit_test(chunk_lines_are_hexadecimal_without_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
