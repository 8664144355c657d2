/*
 * Any bytes as a request, to our parser and to another one that has nothing in common with it
 * (http-parser, as Node.js had it). What we take the other must take, with the same method, target,
 * fields, body and end: a second reading of a message that we forward is how smuggling begins. What
 * we refuse does not matter: strictness is no finding. What is explained is said below.
 */

#include <string.h>

#include "field_names.h"
#include "http/body.h"
#include "http_check.h"
#include "other_parser.h"

#define BYTES_MAX 8192

static const struct h1_limits limits = { .head_bytes = 4096, .fields = 32, .target_bytes = 1024 };

static void keep_fields(struct reading *reading, const struct field_list *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        buffer_append_text(&reading->names[reading->field_count], fields->lines[i].name);
        buffer_append_text(&reading->values[reading->field_count], fields->lines[i].value);
        reading->field_count++;
    }
}

/* --- ours ------------------------------------------------------------------------------------- */

/* The other reads framing from trailers too (Content-Length, Transfer-Encoding). We forward none of
 * those (field_may_be_trailer()), so that no backend sees them. */
static bool are_forwarded(const struct field_list *trailers)
{
    for (size_t i = 0; i < trailers->count; i++)
        if (!field_may_be_trailer(&trailers->lines[i]))
            return false;
    return true;
}

static bool read_body(struct reading *reading, const struct framing *framing, struct text *input)
{
    struct arena arena = { 0 };
    struct body_reader reader;
    struct h1_refusal refusal;
    enum parse_result result = PARSE_MORE;

    body_reader_init(&reader, framing, &limits, &arena);
    do {
        struct text piece = TEXT_NONE;

        result = body_reader_next(&reader, input, &piece, &refusal);
        if (result != PARSE_BAD)
            buffer_append_text(&reading->body, piece);
    } while (result == PARSE_MORE && input->len);
    if (result == PARSE_DONE && !are_forwarded(&reader.trailers))
        result = PARSE_BAD;
    if (result == PARSE_DONE)
        keep_fields(reading, &reader.trailers);
    body_reader_done(&reader);
    arena_done(&arena);
    return result == PARSE_DONE;
}

/* White space is spaces and tabs (RFC 9110 section 5.6.3): "chunked" with a tab behind it is
 * chunked. The other takes it for an unknown coding. A backend gets our own line, without. */
static bool has_tab_behind(const struct field_line *line)
{
    for (const char *at = line->value.at + line->value.len; *at != '\r'; at++)
        if (*at == '\t')
            return true;
    return false;
}

/* It finds no end of a connection option at a tab. A backend gets none of the client's options. */
static bool has_tab(const struct field_line *line)
{
    return memchr(line->value.at, '\t', line->value.len) || has_tab_behind(line);
}

/* What the other is known to read in its own way, and why that does no harm. */
static bool is_explained(const struct field_list *fields)
{
    static const struct text coding = { .at = "Transfer-Encoding", .len = 17 };

    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (line->id == FIELD_TRANSFER_ENCODING && has_tab_behind(line))
            return true;
        if (line->id == FIELD_CONNECTION && has_tab(line))
            return true;
        /* it forgets that the name has gone on, and refuses */
        if (line->name.len > coding.len &&
            text_equal_nocase(text_first(line->name, coding.len), coding))
            return true;
    }
    return false;
}

/* True: it is a whole request that we would send on, and that is to be compared. */
static bool read_ours(struct reading *reading, struct text bytes)
{
    static struct field_line lines[FIELD_LINES_MAX];
    struct request_head head = { 0 };
    struct framing framing;
    struct h1_scan scan = { 0 };
    struct h1_refusal refusal;
    struct text rest;
    size_t used;

    if (h1_parse_request(bytes, &limits, &scan, lines, &head, &used, &refusal) != PARSE_DONE ||
        framing_of_request(&head, &framing, &refusal) < 0 || is_explained(&head.fields))
        return false;
    rest = text_from(bytes, used);
    text_to_buffer(head.method_text, reading->method, sizeof(reading->method));
    buffer_append_text(&reading->target, head.target);
    keep_fields(reading, &head.fields);
    reading->head_fields = reading->field_count;
    reading->keep = framing.persistent;
    if (framing.kind != BODY_NONE && !read_body(reading, &framing, &rest))
        return false;
    reading->bytes = bytes.len - rest.len;
    return true;
}

/* --- compared --------------------------------------------------------------------------------- */

static void check_same(const struct reading *ours, const struct reading *theirs)
{
    CHECK(theirs->complete);
    CHECK(strcmp(ours->method, theirs->method) == 0);
    CHECK(text_equal(buffer_text(&ours->target), buffer_text(&theirs->target)));
    CHECK(ours->head_fields == theirs->head_fields && ours->field_count == theirs->field_count);
    for (size_t i = 0; i < ours->field_count; i++) {
        CHECK(text_equal(buffer_text(&ours->names[i]), buffer_text(&theirs->names[i])));
        /* it keeps the white space behind a value */
        CHECK(
            text_equal(buffer_text(&ours->values[i]), text_trim(buffer_text(&theirs->values[i]))));
    }
    CHECK(text_equal(buffer_text(&ours->body), buffer_text(&theirs->body)));
    CHECK(ours->bytes == theirs->bytes);
    /* of "close, keep-alive" in HTTP/1.0 it takes the second; that we close is always safe */
    CHECK(!ours->keep || theirs->keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text all = text_make((const char *)bytes, len);
    struct reading ours = { 0 };
    struct reading theirs = { 0 };

    if (len > BYTES_MAX)
        return 0;
    if (read_ours(&ours, all) && other_parser_knows(ours.method)) {
        other_parser_read(&theirs, all);
        /* asked to switch, it takes all that follows for the other protocol; we do not */
        if (!theirs.upgrade)
            check_same(&ours, &theirs);
    }
    reading_done(&ours);
    reading_done(&theirs);
    return 0;
}
