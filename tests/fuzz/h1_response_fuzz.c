/*
 * Any bytes as a response of a backend: the same verdict in all pieces, views inside, refusals are
 * 502, and what is taken leaves with one framing that our own parser reads the same way.
 */

#include "http/forwarding.h"
#include "http/h1_parser.h"
#include "http_check.h"

#define BYTES_MAX 4096

static const struct h1_limits limits = { .head_bytes = 1024, .fields = 24, .target_bytes = 256 };
static const struct h1_limits wide = { .head_bytes = 8192, .fields = 64, .target_bytes = 512 };

struct parsed {
    struct field_line lines[FIELD_LINES_MAX];
    struct response_head head;
    struct h1_refusal refusal;
    size_t consumed;
    enum parse_result result;
};

static struct parsed whole;
static struct parsed pieces;
static struct parsed again;

static void parse(struct parsed *parsed, struct text bytes, struct h1_scan *scan)
{
    parsed->result = h1_parse_response(bytes, &limits, scan, parsed->lines, &parsed->head,
                                       &parsed->consumed, &parsed->refusal);
}

/* In single bytes; then the end of a head, where a parser that waited must have made up its mind.
 */
static void check_pieces(struct text bytes, size_t real_len)
{
    struct h1_scan scan = { 0 };

    pieces.result = PARSE_MORE;
    if (real_len == 0)
        return;
    for (size_t fed = 1; fed <= bytes.len && pieces.result == PARSE_MORE; fed++) {
        parse(&pieces, text_first(bytes, fed), &scan);
        if (fed == real_len && whole.result == PARSE_MORE)
            return;
    }
    CHECK(pieces.result == whole.result);
    if (whole.result == PARSE_BAD) {
        CHECK(pieces.refusal.status == 502 && whole.refusal.status == 502);
        CHECK(pieces.refusal.reason == whole.refusal.reason);
        return;
    }
    CHECK(pieces.consumed == whole.consumed && pieces.head.status == whole.head.status);
    check_same_fields(&pieces.head.fields, &whole.head.fields);
}

/* What a client would read. */
static void check_written(const struct framing *framing, enum http_method method, struct text bytes)
{
    const struct field_list *fields = &again.head.fields;
    struct h1_scan scan = { 0 };
    struct framing read;

    again.result = h1_parse_response(bytes, &wide, &scan, again.lines, &again.head, &again.consumed,
                                     &again.refusal);
    CHECK(again.result == PARSE_DONE && again.consumed == bytes.len);
    CHECK(again.head.status == whole.head.status && again.head.minor_version == 1);
    CHECK(framing_of_response(&again.head, method, true, &read, &again.refusal) == 0);
    CHECK(count_fields(fields, FIELD_CONTENT_LENGTH) +
              count_fields(fields, FIELD_TRANSFER_ENCODING) <=
          1);
    CHECK(count_fields(fields, FIELD_STRICT_TRANSPORT_SECURITY) == 1);
    CHECK(count_fields(fields, FIELD_KEEP_ALIVE) + count_fields(fields, FIELD_PROXY_CONNECTION) ==
          0);
    CHECK(read.kind == (framing->kind == BODY_UNTIL_CLOSE ? BODY_CHUNKED : framing->kind));
    CHECK(read.length == framing->length);
}

static void check_forwarded(struct response_head *head, const struct framing *framing,
                            enum http_method method)
{
    bool endless = framing->kind == BODY_UNTIL_CLOSE || framing->kind == BODY_CHUNKED;
    const struct response_forwarding forwarding = {
        .minor_version = 1,
        .chunked = endless,
        .counted = framing->has_length,
        .length = framing->length,
        .upgrade = framing->kind == BODY_TUNNEL,
        .hsts = TEXT("max-age=1"),
        .set_cookie = TEXT("a=b"),
    };
    struct buffer out = { 0 };

    forwarding_clean_response(head);
    h1_write_response(&out, head, &forwarding);
    check_written(framing, method, buffer_text(&out));
    buffer_clear(&out);
    h1_write_interim(&out, head);
    h1_write_last_chunk(&out, &head->fields);
    buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct h1_scan scan = { 0 };
    struct framing framing;
    struct text all;
    enum http_method method;
    bool upgrade_sent;
    char *copy;

    if (len < 1 || len > BYTES_MAX)
        return 0;
    method = bytes[0] & 1 ? METHOD_HEAD : METHOD_GET; /* what was asked */
    upgrade_sent = bytes[0] & 2;
    len--;
    copy = with_empty_line(bytes + 1, len);
    all = text_make(copy, len);
    parse(&whole, all, &scan);
    check_pieces(text_make(copy, len + 4), len);
    if (whole.result == PARSE_DONE) {
        CHECK(whole.consumed <= len && whole.consumed <= limits.head_bytes);
        check_fields(&whole.head.fields, text_first(all, whole.consumed));
        CHECK(is_inside(whole.head.reason, all));
        CHECK(whole.head.status >= 100 && whole.head.status <= 599);
        if (framing_of_response(&whole.head, method, upgrade_sent, &framing, &whole.refusal) == 0)
            check_forwarded(&whole.head, &framing, method);
        else
            CHECK(whole.refusal.status == 502);
    }
    free(copy);
    return 0;
}
