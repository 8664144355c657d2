/*
 * What a domain changes on the way. The first byte says what: a body through an encoder ("g" gzip,
 * "b" brotli) in whatever pieces and rooms, flushed now and then, which decoded by zlib and by
 * libbrotlidec must be what went in; or edits ("q" of a request, "p" of a response): lines
 * "name:value" to set and "name" to remove up to an empty one, then a head, which as it leaves must
 * be one that our own parser takes, with the same framing, and with what was set, once.
 */

#include <ctype.h>
#include <zlib.h>

#include "field_private.h"
#include "http/content_coding.h"
#include "http/field_edits.h"
#include "http/forwarding.h"
#include "http/framing.h"
#include "http/h1_parser.h"
#include "http_check.h"
#include "model/delivery.h"
#include "policy/encoder.h"

#ifdef WITH_BROTLI_DECODER
#    include <brotli/decode.h>
#endif

#define BYTES_MAX 8192
#define EDITS_MAX 16

static const struct h1_limits limits = { .head_bytes = 4096, .fields = 48, .target_bytes = 512 };
static const struct h1_limits wide = { .head_bytes = 32768, .fields = 128, .target_bytes = 1024 };
static struct field_line lines[FIELD_LINES_MAX];
static struct field_line lines_again[FIELD_LINES_MAX];

/* --- encoders ---------------------------------------------------------------------------------
 */

struct coded {
    struct encoder *encoder;
    struct buffer in; /* all that was fed */
    struct buffer out;
    enum content_coding coding;
};

static void inflate_all(struct text coded, struct buffer *plain)
{
    z_stream gzip = { 0 };
    int result = Z_OK;

    CHECK(inflateInit2(&gzip, 15 + 16) == Z_OK);
    memcpy(&gzip.next_in, &coded.at, sizeof(coded.at)); /* zlib is not const-correct */
    gzip.avail_in = (unsigned)coded.len;
    while (result == Z_OK) {
        gzip.next_out = (unsigned char *)buffer_reserve(plain, 4096);
        gzip.avail_out = 4096;
        result = inflate(&gzip, Z_SYNC_FLUSH);
        buffer_grew(plain, 4096 - gzip.avail_out);
    }
    CHECK(result == Z_STREAM_END || (result == Z_BUF_ERROR && !gzip.avail_in));
    inflateEnd(&gzip);
}

static void unbrotli_all(struct text coded, struct buffer *plain)
{
#ifdef WITH_BROTLI_DECODER
    BrotliDecoderState *decoder = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *next_in = (const uint8_t *)coded.at;
    BrotliDecoderResult result;

    do {
        size_t room = 4096;
        uint8_t *next_out = (uint8_t *)buffer_reserve(plain, room);

        result =
            BrotliDecoderDecompressStream(decoder, &coded.len, &next_in, &room, &next_out, NULL);
        buffer_grew(plain, 4096 - room);
    } while (BrotliDecoderHasMoreOutput(decoder));
    CHECK(result != BROTLI_DECODER_RESULT_ERROR && !coded.len);
    BrotliDecoderDestroyInstance(decoder);
#else
    (void)coded;
    (void)plain;
#endif
}

/* All that was fed so far must have come out. */
static void check_out(const struct coded *coded)
{
    struct buffer plain = { 0 };

    if (coded->coding == CODING_GZIP)
        inflate_all(buffer_text(&coded->out), &plain);
    else
        unbrotli_all(buffer_text(&coded->out), &plain);
#ifndef WITH_BROTLI_DECODER
    if (coded->coding == CODING_BROTLI)
        return;
#endif
    CHECK(text_equal(buffer_text(&plain), buffer_text(&coded->in)));
    buffer_done(&plain);
}

static void step(struct coded *coded, enum encoder_step what, struct text piece, size_t room)
{
    struct encoder_out out;

    buffer_append_text(&coded->in, piece);
    do {
        out = (struct encoder_out){ .at = buffer_reserve(&coded->out, room), .room = room };
        CHECK(encoder_step(coded->encoder, what, &piece, &out) == 0);
        CHECK(out.written <= room);
        buffer_grew(&coded->out, out.written);
    } while (out.written == room);
    CHECK(!piece.len);
}

/* Each piece: a byte for its length and whether it comes often, one for the room of what comes out,
 * and how it ends. */
static void code(enum content_coding coding, struct text input)
{
    size_t most = coding == CODING_GZIP ? ENCODER_GZIP_BYTES : ENCODER_BROTLI_BYTES;
    struct encoder_budget budget = { .most = most };
    struct coded coded = { .coding = coding };
    int level = input.len ? input.at[0] % 9 : 1;

    input = text_from(input, 1);
    coded.encoder = encoder_new(coding, (level < 0 ? -level : level) + 1,
                                input.len % 2 ? UINT64_MAX : input.len, &budget);
    CHECK(coded.encoder && !encoder_new(coding, 1, 1, &budget));
    while (input.len > 2) {
        uint8_t how = (uint8_t)input.at[0];
        size_t room = (size_t)(uint8_t)input.at[1] * 16 + 1;
        struct text piece = text_first(text_from(input, 2), how & 127);

        input = text_from(input, 2 + piece.len);
        for (int i = 0; i < (how & 128 ? 200 : 1); i++)
            step(&coded, ENCODER_FEED, piece, room);
        CHECK(encoder_bytes(coded.encoder) <= most);
        if (room % 3 == 0) {
            step(&coded, ENCODER_FLUSH, TEXT_NONE, room);
            check_out(&coded);
        }
    }
    step(&coded, ENCODER_END, TEXT_NONE, 1024);
    check_out(&coded);
    encoder_free(coded.encoder);
    CHECK(budget.used == 0);
    buffer_done(&coded.in);
    buffer_done(&coded.out);
}

/* --- edits ------------------------------------------------------------------------------------
 */

struct edits {
    struct text names[EDITS_MAX];
    struct text values[EDITS_MAX];
    bool sets[EDITS_MAX];
    size_t count;
};

/* Those that a mapping file may have; `*input` is behind them. */
static void read_edits(struct text *input, struct edits *edits)
{
    struct text line;
    struct err err;

    *edits = (struct edits){ 0 };
    while (text_split(*input, '\n', &line, input) && line.len) {
        struct text value;
        struct text name;
        bool sets = text_split(line, ':', &name, &value);

        if (edits->count == EDITS_MAX ||
            field_check_pair(&edit_fields.fields[0],
                             &(struct text_pair){ .name = name, .value = sets ? value : TEXT_NONE },
                             &err) < 0)
            continue;
        edits->names[edits->count] = name;
        edits->values[edits->count] = value;
        edits->sets[edits->count++] = sets;
    }
}

/* First what is removed, as a domain does. */
static void edit(const struct edits *edits, struct field_list *fields, struct arena *arena)
{
    for (size_t i = 0; i < edits->count; i++)
        if (!edits->sets[i])
            field_edits_drop(fields, edits->names[i]);
    for (size_t i = 0; i < edits->count; i++)
        if (edits->sets[i])
            field_edits_set(fields, arena, edits->names[i], edits->values[i]);
}

/* Does setting `name` drop `other`, which a backend may take for it: with marks where that has "-"?
 */
static bool drops(struct text name, struct text other)
{
    if (name.len != other.len || text_equal_nocase(name, other))
        return name.len == other.len;
    for (size_t i = 0; i < name.len; i++) {
        char plain = isalnum((unsigned char)other.at[i]) ? other.at[i] : '-';

        if (ascii_lower(name.at[i]) != ascii_lower(plain))
            return false;
    }
    return true;
}

/* The last that sets a name counts; what is only removed is gone, as is what a later one drops. */
static void check_edits(const struct edits *edits, const struct field_list *fields)
{
    for (size_t i = 0; i < edits->count; i++) {
        const struct field_line *found = NULL;
        struct text want = TEXT_NONE;
        size_t count = 0;
        bool sets = false;

        for (size_t j = 0; j < edits->count; j++)
            if (edits->sets[j] && drops(edits->names[j], edits->names[i])) {
                sets = text_equal_nocase(edits->names[j], edits->names[i]);
                want = edits->values[j];
            }
        for (size_t j = 0; j < fields->count; j++)
            if (text_equal_nocase(fields->lines[j].name, edits->names[i])) {
                found = &fields->lines[j];
                count++;
            }
        CHECK(count == sets);
        CHECK(!sets || text_equal(found->value, text_trim(want)));
    }
}

static void edit_request(const struct edits *edits, struct text input)
{
    struct h1_scan scan = { 0 };
    struct request_head head;
    struct request_head again;
    struct h1_refusal refusal;
    struct framing framing;
    struct framing read;
    struct arena arena = { 0 };
    struct buffer out = { 0 };
    size_t used;

    if (h1_parse_request(input, &limits, &scan, lines, &head, &used, &refusal) != PARSE_DONE ||
        framing_of_request(&head, &framing, &refusal) < 0 || !head.authority.len ||
        forwarding_clean_request(&head, UNDERSCORE_FIELDS_DROP, true, &refusal) < 0)
        return;
    edit(edits, &head.fields, &arena);
    h1_write_request(&out, &head,
                     &(struct forwarding){ .client_address = TEXT("192.0.2.7"),
                                           .request_id = TEXT("id"),
                                           .x_forwarded = true,
                                           .pass_traceparent = true,
                                           .chunked = framing.kind == BODY_CHUNKED,
                                           .counted = framing.has_length,
                                           .length = framing.length,
                                           .upgrade = framing.wants_upgrade });
    scan = (struct h1_scan){ 0 };
    CHECK(h1_parse_request(buffer_text(&out), &wide, &scan, lines_again, &again, &used, &refusal) ==
          PARSE_DONE);
    CHECK(used == buffer_len(&out) && framing_of_request(&again, &read, &refusal) == 0);
    CHECK(read.kind == framing.kind && read.length == framing.length && read.persistent);
    CHECK(count_fields(&again.fields, FIELD_HOST) == 1);
    check_edits(edits, &again.fields);
    buffer_done(&out);
    arena_done(&arena);
}

static void edit_response(const struct edits *edits, struct text input)
{
    struct h1_scan scan = { 0 };
    struct response_head head;
    struct response_head again;
    struct h1_refusal refusal;
    struct framing framing;
    struct framing read;
    struct arena arena = { 0 };
    struct buffer out = { 0 };
    size_t used;

    if (h1_parse_response(input, &limits, &scan, lines, &head, &used, &refusal) != PARSE_DONE ||
        framing_of_response(&head, METHOD_GET, false, &framing, &refusal) < 0 || head.status < 200)
        return;
    forwarding_clean_response(&head);
    edit(edits, &head.fields, &arena);
    if (framing.kind == BODY_CHUNKED ||
        framing.kind == BODY_UNTIL_CLOSE) { /* as compression does */
        content_coding_vary(&head.fields, &arena);
        content_coding_mark(&head.fields, &arena, CODING_GZIP);
    }
    h1_write_response(&out, &head,
                      &(struct response_forwarding){ .minor_version = 1,
                                                     .chunked = framing.kind == BODY_CHUNKED ||
                                                                framing.kind == BODY_UNTIL_CLOSE,
                                                     .counted = framing.has_length,
                                                     .length = framing.length });
    scan = (struct h1_scan){ 0 };
    CHECK(h1_parse_response(buffer_text(&out), &wide, &scan, lines_again, &again, &used,
                            &refusal) == PARSE_DONE);
    CHECK(used == buffer_len(&out));
    CHECK(framing_of_response(&again, METHOD_GET, false, &read, &refusal) == 0);
    CHECK(read.length == framing.length);
    if (framing.kind != BODY_CHUNKED && framing.kind != BODY_UNTIL_CLOSE)
        check_edits(edits, &again.fields);
    buffer_done(&out);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text input = text_make((const char *)bytes + 1, len - 1);
    struct edits edits;

    if (len < 1 || len > BYTES_MAX)
        return 0;
    if (bytes[0] == 'g' || bytes[0] == 'b') {
        code(bytes[0] == 'g' ? CODING_GZIP : CODING_BROTLI, input);
        return 0;
    }
    read_edits(&input, &edits);
    if (bytes[0] == 'q')
        edit_request(&edits, input);
    else
        edit_response(&edits, input);
    return 0;
}
