/* What backends of HTTP/1.1 must have got, whatever was played, by our own parser. */

#include "exchange/exchange.h"
#include "exchange_world.h"
#include "http/body.h"
#include "http/framing.h"
#include "http_check.h"

#define IDS_MAX 1024

static const struct h1_limits wide = WORLD_LIMITS;
/* Those of the worker. */
static const struct h1_limits narrow = { .head_bytes = 2048, .fields = 32, .target_bytes = 512 };
static struct field_line lines[FIELD_LINES_MAX];

bool check_skip_body(const struct framing *framing, bool good, struct text *input)
{
    struct arena arena = { 0 };
    struct body_reader reader;
    struct h1_refusal refusal;
    enum parse_result result = PARSE_MORE;

    body_reader_init(&reader, framing, good ? &wide : &narrow, &arena);
    do {
        struct text piece = TEXT_NONE;

        result = body_reader_next(&reader, input, &piece, &refusal);
    } while (result == PARSE_MORE && input->len);
    CHECK(result != PARSE_BAD || !good); /* not in what we have written */
    body_reader_done(&reader);
    arena_done(&arena);
    return result == PARSE_DONE;
}

static struct {
    char ids[IDS_MAX][EXCHANGE_ID_BYTES];
    size_t count;
} whole;

void check_counts(struct text id)
{
    CHECK(id.len == EXCHANGE_ID_BYTES);
    for (size_t i = 0; i < whole.count; i++)
        if (memcmp(whole.ids[i], id.at, id.len) == 0)
            return;
    CHECK(whole.count < IDS_MAX);
    memcpy(whole.ids[whole.count++], id.at, id.len);
}

static void check_request(const struct request_head *head)
{
    const struct field_list *fields = &head->fields;

    CHECK(head->minor_version == 1 && head->scheme.len == 0);
    CHECK(text_equal_nocase(head->host, TEXT("a.test")));
    CHECK(count_fields(fields, FIELD_HOST) == 1);
    CHECK(count_fields(fields, FIELD_X_REQUEST_ID) == 1);
    CHECK(count_fields(fields, FIELD_X_FORWARDED) == 3);
    CHECK(count_fields(fields, FIELD_FORWARDED) + count_fields(fields, FIELD_IDENTITY) == 0);
    for (size_t i = 0; i < fields->count; i++)
        if (text_equal_nocase(fields->lines[i].name, TEXT("X-Forwarded-For")))
            CHECK(text_equal(fields->lines[i].value, TEXT("198.51.100.7")));
}

void check_backend_h1(const struct stream *stream)
{
    struct text input = buffer_text(&stream->out);

    while (input.len) {
        struct request_head head;
        struct h1_scan scan = { 0 };
        struct h1_refusal refusal;
        struct framing framing;
        size_t used;

        CHECK(h1_parse_request(input, &wide, &scan, lines, &head, &used, &refusal) == PARSE_DONE);
        CHECK(framing_of_request(&head, &framing, &refusal) == 0);
        check_request(&head);
        input = text_from(input, used);
        if (framing.kind != BODY_NONE && !check_skip_body(&framing, true, &input))
            return; /* given up; nothing may follow, and nothing did */
        check_counts(field_list_find(&head.fields, FIELD_X_REQUEST_ID)->value);
        if (framing.wants_upgrade)
            return; /* what follows is another protocol, if it was switched to */
    }
}

bool check_next_request(struct text *input, struct sent_request *request_out)
{
    static struct field_line lines_of_request[FIELD_LINES_MAX];
    struct request_head head;
    struct h1_scan scan = { 0 };
    struct h1_refusal refusal;
    struct framing framing;
    size_t used;

    if (!input->len || h1_parse_request(*input, &narrow, &scan, lines_of_request, &head, &used,
                                        &refusal) != PARSE_DONE)
        return false;
    *request_out = (struct sent_request){ .method = head.method, .old = head.minor_version == 0 };
    *input = text_from(*input, used);
    if (framing_of_request(&head, &framing, &refusal) == 0)
        request_out->whole = framing.kind == BODY_NONE || check_skip_body(&framing, false, input);
    if (!request_out->whole)
        *input = TEXT_NONE;
    return true;
}

size_t check_whole_requests(struct text requests)
{
    struct sent_request request;
    size_t count = 0;

    while (check_next_request(&requests, &request))
        count += request.whole;
    return count;
}

size_t check_requests_begun(struct text requests)
{
    struct sent_request request;
    size_t count = 0;

    while (check_next_request(&requests, &request))
        count++;
    return count;
}

void check_begin(void)
{
    whole.count = 0;
}

size_t check_counted(void)
{
    return whole.count;
}
