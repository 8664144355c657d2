/*
 * Any bytes as a chunked body: the payload, the end and the verdict are the same for all at once,
 * single bytes and random pieces; pieces are views of the input; nothing behind the end is eaten;
 * what was read, written again as chunks, is read as the same.
 */

#include "http/body.h"
#include "http/forwarding.h"
#include "http_check.h"

#define BYTES_MAX 8192

static const struct h1_limits limits = { .head_bytes = 1024, .fields = 16, .target_bytes = 256 };
/* What was read and is written has a space behind each colon, where there may have been none. */
static const struct h1_limits written_limits = {
    .head_bytes = 1024 + 16,
    .fields = 16,
    .target_bytes = 256,
};
static const struct framing chunked = { .kind = BODY_CHUNKED };

struct outcome {
    struct arena arena;
    struct body_reader reader;
    struct buffer payload;
    struct h1_refusal refusal;
    size_t eaten;
    enum parse_result result;
};

static void take(struct outcome *outcome, struct text input)
{
    size_t before = input.len;
    struct text all = input;

    do {
        size_t left = input.len;
        struct text piece;

        outcome->result = body_reader_next(&outcome->reader, &input, &piece, &outcome->refusal);
        if (outcome->result == PARSE_BAD)
            break;
        CHECK(is_inside(piece, all));
        CHECK(input.len <= left && input.at + input.len == all.at + all.len);
        CHECK(outcome->result == PARSE_DONE || input.len < left || left == 0);
        buffer_append_text(&outcome->payload, piece);
    } while (outcome->result == PARSE_MORE && input.len);
    outcome->eaten += before - input.len;
}

/* `steps` chooses the pieces: 0 = all at once, else up to that many bytes each. */
static void read_body(struct outcome *outcome, struct text bytes, size_t steps,
                      const struct h1_limits *within)
{
    uint32_t random = (uint32_t)bytes.len * 2654435761U + 1;

    *outcome = (struct outcome){ .result = PARSE_MORE };
    body_reader_init(&outcome->reader, &chunked, within, &outcome->arena);
    while (bytes.len && outcome->result == PARSE_MORE) {
        size_t step = bytes.len;
        struct text piece;
        char *copy;

        random = random * 1664525U + 1013904223U;
        if (steps)
            step = 1 + (random >> 16) % steps;
        piece = text_first(bytes, step);
        bytes = text_from(bytes, step);
        copy = memory_copy(piece.at, piece.len);
        take(outcome, text_make(copy, piece.len));
        free(copy);
    }
    CHECK(outcome->reader.received == buffer_len(&outcome->payload));
    CHECK(body_reader_is_finished(&outcome->reader) == (outcome->result == PARSE_DONE));
    CHECK(body_reader_end_is_clean(&outcome->reader) == (outcome->result == PARSE_DONE));
}

static void outcome_done(struct outcome *outcome)
{
    body_reader_done(&outcome->reader);
    buffer_done(&outcome->payload);
    arena_done(&outcome->arena);
}

/* A refusal inside trailers may be seen later in pieces: only then are the verdicts apart. */
static void check_same(const struct outcome *a, const struct outcome *b)
{
    if (b->result == PARSE_MORE && a->result == PARSE_BAD) {
        CHECK(buffer_len(&b->reader.trailer_bytes) > 0);
    } else {
        CHECK(a->result == b->result);
        CHECK(a->result == PARSE_BAD || a->eaten == b->eaten);
        CHECK(a->result != PARSE_BAD ||
              (a->refusal.status == b->refusal.status && a->refusal.reason == b->refusal.reason));
    }
    CHECK(text_equal(buffer_text(&a->payload), buffer_text(&b->payload)));
    CHECK(a->reader.trailers.count == b->reader.trailers.count);
}

static void check_written(const struct outcome *outcome)
{
    struct text payload = buffer_text(&outcome->payload);
    struct outcome again;
    struct buffer out = { 0 };
    char line[CHUNK_LINE_BYTES];

    if (payload.len) {
        buffer_append(&out, line, chunk_line(payload.len, line));
        buffer_append_text(&out, payload);
        buffer_append_text(&out, TEXT("\r\n"));
    }
    h1_write_last_chunk(&out, &outcome->reader.trailers);
    read_body(&again, buffer_text(&out), 0, &written_limits);
    CHECK(again.result == PARSE_DONE && again.eaten == buffer_len(&out));
    CHECK(text_equal(buffer_text(&again.payload), payload));
    CHECK(again.reader.trailers.count <= outcome->reader.trailers.count);
    outcome_done(&again);
    buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const size_t steps[] = { 1, 3, 40 };
    struct text input = text_make((const char *)bytes, len);
    struct outcome whole;

    if (len > BYTES_MAX)
        return 0;
    read_body(&whole, input, 0, &limits);
    CHECK(whole.eaten <= len);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct outcome pieces;

        read_body(&pieces, input, steps[i], &limits);
        check_same(&whole, &pieces);
        outcome_done(&pieces);
    }
    if (whole.result == PARSE_DONE)
        check_written(&whole);
    outcome_done(&whole);
    return 0;
}
