/* Encoders: what goes in comes out again, however it is cut, and their memory has a bound. */

#include "policy/encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/memory.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void step_all(struct encoder *encoder, enum encoder_step step, struct text input,
                     size_t room, struct buffer *out)
{
    struct encoder_out written;

    do {
        written = (struct encoder_out){ .at = buffer_reserve(out, room), .room = room };
        assert_int_equal(encoder_step(encoder, step, &input, &written), 0);
        assert_true(written.written <= room);
        buffer_grew(out, written.written);
    } while (written.written == room);
    assert_int_equal(input.len, 0);
}

static void inflate_into(struct text coded, struct buffer *out)
{
    z_stream gzip = { 0 };
    int result = Z_OK;

    assert_int_equal(inflateInit2(&gzip, 15 + 16), Z_OK);
    memcpy(&gzip.next_in, &coded.at, sizeof(coded.at));
    gzip.avail_in = (unsigned)coded.len;
    while (result == Z_OK) {
        gzip.next_out = (unsigned char *)buffer_reserve(out, 4096);
        gzip.avail_out = 4096;
        result = inflate(&gzip, Z_SYNC_FLUSH);
        buffer_grew(out, 4096 - gzip.avail_out);
    }
    assert_true(result == Z_STREAM_END || result == Z_BUF_ERROR);
    inflateEnd(&gzip);
}

static struct text some_text(char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)('a' + i * i / 7 % 13);
    return text_make(bytes, len);
}

static void gzip_comes_out_as_it_went_in_however_it_is_cut(void **state)
{
    static const size_t cuts[] = { 1, 7, 1000, 100000 };
    static const size_t rooms[] = { 1, 100, 16384 };
    char *bytes = memory_new(20000);
    struct text all = some_text(bytes, 20000);

    (void)state;
    for (size_t i = 0; i < COUNT(cuts) * COUNT(rooms); i++) {
        struct encoder_budget budget = { .most = SIZE_MAX };
        struct encoder *encoder = encoder_new(CODING_GZIP, 4, UINT64_MAX, &budget);
        size_t cut = cuts[i % COUNT(cuts)];
        size_t room = rooms[i / COUNT(cuts)];
        struct buffer coded = { 0 };
        struct buffer plain = { 0 };

        for (struct text rest = all; rest.len; rest = text_from(rest, cut))
            step_all(encoder, ENCODER_FEED, text_first(rest, cut), room, &coded);
        step_all(encoder, ENCODER_END, TEXT_NONE, room, &coded);
        inflate_into(buffer_text(&coded), &plain);
        assert_true(text_equal(buffer_text(&plain), all));
        encoder_free(encoder);
        assert_int_equal(budget.used, 0);
        buffer_done(&coded);
        buffer_done(&plain);
    }
    free(bytes);
}

static void a_flush_brings_everything_out(void **state)
{
    struct encoder_budget budget = { .most = SIZE_MAX };
    struct encoder *encoder = encoder_new(CODING_GZIP, 9, UINT64_MAX, &budget);
    struct buffer coded = { 0 };
    struct buffer plain = { 0 };

    (void)state;
    for (int i = 0; i < 20; i++) {
        step_all(encoder, ENCODER_FEED, TEXT("data: x\n\n"), 4096, &coded);
        step_all(encoder, ENCODER_FLUSH, TEXT_NONE, 4096, &coded);
        buffer_clear(&plain);
        inflate_into(buffer_text(&coded), &plain);
        assert_int_equal(buffer_len(&plain), 9 * (i + 1));
    }
    encoder_free(encoder);
    buffer_done(&coded);
    buffer_done(&plain);
}

static size_t peak(enum content_coding coding, int level, uint64_t length)
{
    struct encoder_budget budget = { .most = SIZE_MAX };
    struct encoder *encoder = encoder_new(coding, level, length, &budget);
    size_t most = encoder_bytes(encoder);
    struct buffer coded = { 0 };
    char *bytes = memory_new(32768);

    for (int i = 0; i < 100; i++) {
        step_all(encoder, ENCODER_FEED, some_text(bytes, 32768), 16384, &coded);
        if (i % 10 == 9)
            step_all(encoder, ENCODER_FLUSH, TEXT_NONE, 16384, &coded);
        most = encoder_bytes(encoder) > most ? encoder_bytes(encoder) : most;
        buffer_clear(&coded);
    }
    step_all(encoder, ENCODER_END, TEXT_NONE, 16384, &coded);
    most = encoder_bytes(encoder) > most ? encoder_bytes(encoder) : most;
    encoder_free(encoder);
    assert_int_equal(budget.used, 0);
    free(bytes);
    buffer_done(&coded);
    return most;
}

static void no_level_holds_more_than_was_taken_from_the_budget(void **state)
{
    (void)state;
    for (int level = 1; level <= 9; level++) {
        size_t gzip = peak(CODING_GZIP, level, UINT64_MAX);
        size_t brotli = peak(CODING_BROTLI, level, UINT64_MAX);

        if (gzip > ENCODER_GZIP_BYTES || brotli > ENCODER_BROTLI_BYTES)
            fail_msg("level %d: gzip %zu, br %zu bytes", level, gzip, brotli);
    }
}

static void without_budget_there_is_none(void **state)
{
    struct encoder_budget budget = { .most = ENCODER_BROTLI_BYTES + ENCODER_GZIP_BYTES };
    struct encoder *brotli = encoder_new(CODING_BROTLI, 4, 1000, &budget);
    struct encoder *gzip = encoder_new(CODING_GZIP, 4, 1000, &budget);

    (void)state;
    assert_non_null(brotli);
    assert_non_null(gzip);
    assert_null(encoder_new(CODING_GZIP, 4, 1000, &budget));
    encoder_free(gzip);
    assert_null(encoder_new(CODING_BROTLI, 4, 1000, &budget));
    encoder_free(brotli);
    assert_int_equal(budget.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_comes_out_as_it_went_in_however_it_is_cut),
        cmocka_unit_test(a_flush_brings_everything_out),
        cmocka_unit_test(no_level_holds_more_than_was_taken_from_the_budget),
        cmocka_unit_test(without_budget_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
