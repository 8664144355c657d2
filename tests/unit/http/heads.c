/* What the tests of heads share: feeding a parser whole, cut once, and byte by byte. */

#include "heads.h"

#include <stdlib.h>

#include "base/memory.h"

const struct h1_limits small_limits = { .head_bytes = 512, .fields = 8, .target_bytes = 64 };

void place(char *at, struct text bytes)
{
    memcpy(at, bytes.at, bytes.len);
}

struct parsed *parsed_new(void)
{
    return memory_new(sizeof(struct parsed));
}

void parsed_free(struct parsed *parsed)
{
    free(parsed->bytes);
    free(parsed);
}

static const struct h1_limits roomy_limits = {
    .head_bytes = 8192,
    .fields = 100,
    .target_bytes = 1024,
};

static enum parse_result feed_within(const struct h1_limits *limits, struct parsed *parsed,
                                     enum message message, struct text bytes, struct h1_scan *scan)
{
    struct text copy;

    free(parsed->bytes);
    parsed->bytes = memory_copy(bytes.at, bytes.len);
    copy = text_make(parsed->bytes, bytes.len);
    switch (message) {
    case REQUEST:
        return h1_parse_request(copy, limits, scan, parsed->lines, &parsed->request,
                                &parsed->consumed, &parsed->refusal);
    case RESPONSE:
        return h1_parse_response(copy, limits, scan, parsed->lines, &parsed->response,
                                 &parsed->consumed, &parsed->refusal);
    case TRAILERS:
        return h1_parse_trailers(copy, limits, scan, parsed->lines, &parsed->trailers,
                                 &parsed->consumed, &parsed->refusal);
    }
    return PARSE_BAD;
}

static enum parse_result feed(struct parsed *parsed, enum message message, struct text bytes,
                              struct h1_scan *scan)
{
    return feed_within(&small_limits, parsed, message, bytes, scan);
}

enum parse_result parse_whole(struct parsed *parsed, enum message message, struct text bytes)
{
    struct h1_scan scan = { 0 };

    return feed(parsed, message, bytes, &scan);
}

/* A parser that waits for more may see what is wrong as late as at the end of the head. */
static char *with_end(struct text bytes)
{
    char *longer = memory_new(bytes.len + 4);

    place(longer, bytes);
    place(longer + bytes.len, TEXT("\r\n\r\n"));
    return longer;
}

enum parse_result parse_in_bytes(struct parsed *parsed, enum message message, struct text bytes)
{
    char *all = with_end(bytes);
    struct h1_scan scan = { 0 };
    enum parse_result result = PARSE_MORE;

    for (size_t fed = 1; fed <= bytes.len + 4 && result == PARSE_MORE; fed++)
        result = feed(parsed, message, text_make(all, fed), &scan);
    free(all);
    return result;
}

enum parse_result parse_cut(struct parsed *parsed, enum message message, struct text bytes,
                            size_t cut)
{
    char *all = with_end(bytes);
    struct h1_scan scan = { 0 };
    enum parse_result result = feed(parsed, message, text_make(all, cut), &scan);

    if (result == PARSE_MORE)
        result = feed(parsed, message, text_make(all, bytes.len + 4), &scan);
    free(all);
    return result;
}

static void parse_good(struct parsed *parsed, enum message message, const char *bytes)
{
    struct h1_scan scan = { 0 };

    if (feed_within(&roomy_limits, parsed, message, text_of(bytes), &scan) != PARSE_DONE)
        fail_msg("not parsed (%s): %s", parsed->refusal.reason ? parsed->refusal.reason : "more",
                 bytes);
}

void parse_good_request(struct parsed *parsed, const char *bytes)
{
    parse_good(parsed, REQUEST, bytes);
}

void parse_good_response(struct parsed *parsed, const char *bytes)
{
    parse_good(parsed, RESPONSE, bytes);
}

void expect_text(const char *name, struct text got, const char *want)
{
    if (!text_equal(got, text_of(want)))
        fail_msg("%s: got \"%.*s\", want \"%s\"", name, TEXT_ARGS(got), want);
}

void expect_refusal(const char *name, const struct h1_refusal *got, int status, const char *reason)
{
    if (!got->reason || got->status != status || strcmp(got->reason, reason) != 0)
        fail_msg("%s: got %d %s, want %d %s", name, got->status,
                 got->reason ? got->reason : "nothing", status, reason);
}
