/*
 * Any bytes as a request: the verdict does not depend on the pieces they come in, views stay
 * inside, and a request that is taken leaves as one that our own parser takes, with the framing
 * that was decided and nothing of the client's in the fields that are ours.
 */

#include "http/forwarding.h"
#include "http/h1_parser.h"
#include "http/http_path.h"
#include "http_check.h"

#define BYTES_MAX 4096

static const struct h1_limits limits = { .head_bytes = 1024, .fields = 24, .target_bytes = 256 };
static const struct h1_limits wide = { .head_bytes = 8192, .fields = 64, .target_bytes = 512 };

struct parsed {
    struct field_line lines[FIELD_LINES_MAX];
    struct request_head head;
    struct h1_refusal refusal;
    size_t consumed;
    enum parse_result result;
};

static struct parsed whole;
static struct parsed pieces;
static struct parsed again;

static void parse(struct parsed *parsed, struct text bytes, struct h1_scan *scan)
{
    parsed->result = h1_parse_request(bytes, &limits, scan, parsed->lines, &parsed->head,
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
        if (fed < real_len && pieces.result == PARSE_DONE)
            CHECK(whole.result == PARSE_DONE);
        if (fed == real_len && whole.result == PARSE_MORE)
            return;
    }
    CHECK(pieces.result == whole.result);
    if (whole.result == PARSE_BAD) {
        CHECK(pieces.refusal.status == whole.refusal.status);
        CHECK(pieces.refusal.reason == whole.refusal.reason);
        return;
    }
    CHECK(pieces.consumed == whole.consumed);
    CHECK(same_view(pieces.head.host, whole.head.host));
    CHECK(pieces.head.path.len == whole.head.path.len);
    check_same_fields(&pieces.head.fields, &whole.head.fields);
}

static void check_head(const struct request_head *head, struct text bytes)
{
    check_fields(&head->fields, bytes);
    CHECK(is_inside(head->method_text, bytes) && is_inside(head->target, bytes));
    CHECK(is_inside(head->authority, bytes) && is_inside(head->host, head->authority));
    CHECK(is_inside(head->query, bytes));
    CHECK(head->path.len > 0);
    CHECK(head->path.at[0] == '/' ||
          (text_equal(head->path, TEXT("*")) && head->method == METHOD_OPTIONS));
    CHECK(head->host.len > 0 || head->minor_version == 0);
    CHECK(head->method != METHOD_CONNECT && head->method != METHOD_TRACE);
    for (size_t i = 0; i < head->target.len; i++)
        CHECK(head->target.at[i] > 0x20 && head->target.at[i] < 0x7f);
}

static void check_path(struct text path)
{
    char buffer[BYTES_MAX];
    char second[BYTES_MAX];
    struct text once;
    struct text twice;

    if (!http_path_normalise(path, buffer, &once))
        return;
    CHECK(once.len <= path.len);
    CHECK(http_path_normalise(once, second, &twice));
    CHECK(text_equal(once, twice));
    for (size_t i = 0; i + 2 < once.len; i++)
        CHECK(memcmp(once.at + i, "/./", 3) != 0);
    for (size_t i = 0; i + 3 < once.len; i++)
        CHECK(memcmp(once.at + i, "/../", 4) != 0);
}

/* What a backend would read. */
static void check_written(const struct forwarding *forwarding, const struct framing *framing,
                          struct text bytes)
{
    const struct field_list *fields = &again.head.fields;
    struct h1_scan scan = { 0 };
    struct framing read;

    again.result = h1_parse_request(bytes, &wide, &scan, again.lines, &again.head, &again.consumed,
                                    &again.refusal);
    CHECK(again.result == PARSE_DONE && again.consumed == bytes.len);
    CHECK(again.head.minor_version == 1 && again.head.scheme.len == 0);
    CHECK(framing_of_request(&again.head, &read, &again.refusal) == 0);
    CHECK(read.kind == framing->kind && read.length == framing->length);
    CHECK(read.persistent && read.wants_upgrade == forwarding->upgrade);
    CHECK(fields->lines[0].id == FIELD_HOST && count_fields(fields, FIELD_HOST) == 1);
    CHECK(count_fields(fields, FIELD_CONTENT_LENGTH) +
              count_fields(fields, FIELD_TRANSFER_ENCODING) ==
          (framing->kind != BODY_NONE));
    CHECK(count_fields(fields, FIELD_X_FORWARDED) == 3);
    CHECK(count_fields(fields, FIELD_FORWARDED) == 1);
    CHECK(count_fields(fields, FIELD_X_REQUEST_ID) == 1);
    CHECK(count_fields(fields, FIELD_IDENTITY) == 0);
    CHECK(count_fields(fields, FIELD_KEEP_ALIVE) + count_fields(fields, FIELD_PROXY_CONNECTION) +
              count_fields(fields, FIELD_PROXY_AUTHORIZATION) ==
          0);
    CHECK(count_fields(fields, FIELD_CONNECTION) ==
          (forwarding->upgrade || forwarding->accepts_trailers));
    for (size_t i = 0; i < fields->count; i++)
        CHECK(memchr(fields->lines[i].name.at, '_', fields->lines[i].name.len) == NULL);
}

static void check_forwarded(struct request_head *head, const struct framing *framing)
{
    struct forwarding forwarding = {
        .client_address = TEXT("2001:db8::7"),
        .client_is_ipv6 = true,
        .request_id = TEXT("id"),
        .https = true,
        .x_forwarded = true,
        .rfc7239 = true,
        .chunked = framing->kind == BODY_CHUNKED,
        .counted = framing->has_length,
        .length = framing->length,
        .upgrade = framing->wants_upgrade,
        .accepts_trailers = framing->accepts_trailers,
        .drop_cookie = TEXT("a"),
    };
    struct h1_refusal refusal;
    struct buffer out = { 0 };

    CHECK(forwarding_clean_request(head, UNDERSCORE_FIELDS_DROP, true, &refusal) == 0);
    if (head->authority.len) { /* nothing goes to a backend without */
        h1_write_request(&out, head, &forwarding);
        check_written(&forwarding, framing, buffer_text(&out));
    }
    buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct h1_scan scan = { 0 };
    struct framing framing;
    struct text all;
    char *copy;

    if (len > BYTES_MAX)
        return 0;
    copy = with_empty_line(bytes, len);
    all = text_make(copy, len);
    parse(&whole, all, &scan);
    check_pieces(text_make(copy, len + 4), len);
    if (whole.result == PARSE_DONE) {
        CHECK(whole.consumed <= len && whole.consumed <= limits.head_bytes);
        check_head(&whole.head, text_first(all, whole.consumed));
        check_path(whole.head.path);
        if (framing_of_request(&whole.head, &framing, &whole.refusal) == 0)
            check_forwarded(&whole.head, &framing);
    }
    free(copy);
    return 0;
}
