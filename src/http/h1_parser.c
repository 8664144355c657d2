/*
 * HTTP/1.1 heads and trailers from bytes (RFC 9112), strictly, without allocation. Called by both
 * sides of the worker and by body.c. What target and Host mean together is h1_target.c's business,
 * what the fields say about the body framing.c's.
 *
 * One parser goes over the bytes from the left and stops at the first that is wrong, so a verdict
 * does not depend on how many bytes have come. It starts anew only when there is reason to: at the
 * first bytes, when the first line is complete, when the head is, or when a limit or a bare LF
 * shows that there will be a refusal. In between only line ends are looked for, so a head that
 * comes in single bytes still costs O(n).
 */

#include "http/h1_parser.h"

#include <assert.h>

#include "h1_bytes.h"
#include "h1_method.h"
#include "h1_target.h"

#define VERSION_BYTES 8 /* "HTTP/1.1" */

struct reader {
    const char *at;
    const char *end;
    const struct h1_limits *limits;
    struct h1_refusal *refusal;
};

static enum parse_result bad(struct reader *reader, int status, const char *reason)
{
    *reader->refusal = (struct h1_refusal){ .status = status, .reason = reason };
    return PARSE_BAD;
}

/* CRLF and nothing else (RFC 9112 section 2.2 allows to take a bare LF: we do not). */
static enum parse_result read_line_end(struct reader *reader, const char *otherwise)
{
    if (reader->at == reader->end)
        return PARSE_MORE;
    if (*reader->at == '\n')
        return bad(reader, 400, "bare_lf");
    if (*reader->at != '\r')
        return bad(reader, 400, otherwise);
    if (reader->end - reader->at < 2)
        return PARSE_MORE;
    if (reader->at[1] != '\n')
        return bad(reader, 400, "bare_cr");
    reader->at += 2;
    return PARSE_DONE;
}

/* Why the byte behind a name is no colon (RFC 9112 section 5.1 and 5.2). */
static const char *wrong_name(const char *start, const char *at)
{
    bool space = *at == ' ' || *at == '\t';

    if (at == start)
        return space ? "folded_field" : *at == ':' ? "empty_field_name" : "bad_field_name";
    return space ? "space_before_colon" : "bad_field_name";
}

static enum parse_result read_field(struct reader *reader, struct field_line *line)
{
    const char *at = reader->at;
    const char *name = at;
    unsigned all = BYTE_PLAIN;
    const char *end;

    while (at < reader->end && byte_is(*at, BYTE_TOKEN))
        all &= h1_byte_classes[(unsigned char)*at++];
    if (at == reader->end)
        return PARSE_MORE;
    if (*at != ':' || at == name)
        return bad(reader, 400, wrong_name(name, at));
    line->name = text_make(name, (size_t)(at - name));
    do
        at++;
    while (at < reader->end && (*at == ' ' || *at == '\t'));
    end = h1_skip_value(at, reader->end);
    reader->at = end;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    line->value = text_make(at, (size_t)(end - at));
    line->id = field_identify(line->name);
    line->dropped = false;
    line->odd_name = !all;
    return read_line_end(reader, "bad_field_value");
}

/* Up to and with the empty line. */
static enum parse_result read_fields(struct reader *reader, struct field_list *fields)
{
    size_t most =
        reader->limits->fields < FIELD_LINES_MAX ? reader->limits->fields : FIELD_LINES_MAX;

    while (reader->at < reader->end && *reader->at != '\r' && *reader->at != '\n') {
        struct field_line *line = &fields->lines[fields->count];
        enum parse_result result;

        if (fields->count == most)
            return bad(reader, 431, "too_many_fields");
        result = read_field(reader, line);
        if (result != PARSE_DONE)
            return result;
        fields->present |= 1U << line->id;
        fields->count++;
    }
    return read_line_end(reader, "bad_field_name");
}

/* "HTTP/1.0" or "HTTP/1.1", in capitals (RFC 9112 section 2.3). */
static enum parse_result read_version(struct reader *reader, int *minor_out)
{
    static const char form[VERSION_BYTES] = "HTTP/1.1"; /* "1" stands for any digit */
    size_t here = (size_t)(reader->end - reader->at);
    const char *at = reader->at;

    for (size_t i = 0; i < VERSION_BYTES && i < here; i++)
        if (form[i] == '1' ? !byte_is(at[i], BYTE_DIGIT) : at[i] != form[i])
            return bad(reader, 400, "bad_version");
    if (here < VERSION_BYTES)
        return PARSE_MORE;
    if (at[5] != '1' || at[7] > '1')
        return bad(reader, 505, "version_not_supported");
    *minor_out = at[7] - '0';
    reader->at += VERSION_BYTES;
    return PARSE_DONE;
}

#define METHOD_IS(literal, id)                                                                     \
    if (memcmp(method.at, (literal), sizeof(literal) - 1) == 0)                                    \
    return (id)

enum http_method h1_identify_method(struct text method)
{
    switch (method.len) {
    case 3:
        METHOD_IS("GET", METHOD_GET);
        METHOD_IS("PUT", METHOD_PUT);
        break;
    case 4:
        METHOD_IS("POST", METHOD_POST);
        METHOD_IS("HEAD", METHOD_HEAD);
        break;
    case 5:
        METHOD_IS("PATCH", METHOD_PATCH);
        METHOD_IS("TRACE", METHOD_TRACE);
        break;
    case 6:
        METHOD_IS("DELETE", METHOD_DELETE);
        break;
    case 7:
        METHOD_IS("OPTIONS", METHOD_OPTIONS);
        METHOD_IS("CONNECT", METHOD_CONNECT);
        break;
    default:
        break;
    }
    return METHOD_OTHER;
}

/*
 * Methods are case-sensitive tokens. One with lower-case letters is refused: a backend that
 * compares without case would take "head" for HEAD, or "trace" for TRACE, and answer a length that
 * we do not expect. CONNECT and TRACE are refused for every resource, hence 501 and not 405: there
 * is no tunnel to a place of the client's choice, and TRACE would show the client what we add to a
 * request (RFC 9110 sections 9.3.6 and 9.3.8).
 */
static enum parse_result read_method(struct reader *reader, struct request_head *head)
{
    const char *start = reader->at;
    const char *at = start;

    while (at < reader->end && byte_is(*at, BYTE_METHOD))
        if (++at - start > METHOD_BYTES_MAX)
            return bad(reader, 501, "method_too_long");
    if (at == reader->end)
        return PARSE_MORE;
    if (*at == '\n')
        return bad(reader, 400, "bare_lf");
    if (*at != ' ')
        return byte_is(*at, BYTE_TOKEN) ? bad(reader, 501, "method_not_implemented")
                                        : bad(reader, 400, "bad_method");
    if (at == start)
        return bad(reader, 400, "bad_method");
    head->method_text = text_make(start, (size_t)(at - start));
    head->method = h1_identify_method(head->method_text);
    if (head->method == METHOD_CONNECT || head->method == METHOD_TRACE)
        return bad(reader, 501, "method_not_implemented");
    reader->at = at + 1;
    return PARSE_DONE;
}

/* Visible ASCII without "#": control octets, spaces, a fragment and raw UTF-8 are no URI. */
static enum parse_result read_target(struct reader *reader, struct request_head *head)
{
    const char *start = reader->at;
    const char *at = start;

    while (at < reader->end && byte_is(*at, BYTE_TARGET))
        if ((size_t)(++at - start) > reader->limits->target_bytes)
            return bad(reader, 414, "target_too_long");
    if (at == reader->end)
        return PARSE_MORE;
    if (*at == '\n')
        return bad(reader, 400, "bare_lf");
    if (*at == '\r') /* HTTP/0.9 */
        return bad(reader, 400, "bad_request_line");
    if (*at != ' ' || at == start)
        return bad(reader, 400, "bad_target");
    head->target = text_make(start, (size_t)(at - start));
    reader->at = at + 1;
    return PARSE_DONE;
}

/* RFC 9112 section 2.2: one empty line may come before; some clients end a body with it. */
static enum parse_result read_empty_line(struct reader *reader)
{
    if (reader->at < reader->end && *reader->at == '\r')
        return read_line_end(reader, "bare_cr");
    return reader->at < reader->end ? PARSE_DONE : PARSE_MORE;
}

static enum parse_result read_request(struct reader *reader, struct request_head *head)
{
    enum parse_result result = read_empty_line(reader);

    if (result == PARSE_DONE)
        result = read_method(reader, head);
    if (result == PARSE_DONE)
        result = read_target(reader, head);
    if (result == PARSE_DONE)
        result = read_version(reader, &head->minor_version);
    if (result == PARSE_DONE)
        result = read_line_end(reader, "bad_request_line");
    if (result == PARSE_DONE)
        result = read_fields(reader, &head->fields);
    if (result == PARSE_DONE && h1_settle_target(head, reader->refusal) < 0)
        result = PARSE_BAD;
    return result;
}

/*
 * " 200 OK". The space behind the code is owed even without a reason (RFC 9112 section 4), but
 * enough servers forget it, the meaning is plain, and we write our own line: not refused.
 */
static enum parse_result read_status(struct reader *reader, struct response_head *head)
{
    const char *at = reader->at;
    const char *reason;

    for (size_t i = 0; i < 4; i++) {
        if (at + i == reader->end)
            return PARSE_MORE;
        if (i == 0 ? at[i] != ' ' : !byte_is(at[i], BYTE_DIGIT))
            return bad(reader, 400, "bad_status");
    }
    head->status = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
    if (head->status < 100 || head->status > 599) /* RFC 9110 section 15 */
        return bad(reader, 400, "bad_status");
    at += 4;
    if (at < reader->end && *at == ' ')
        at++;
    else if (at < reader->end && *at != '\r' && *at != '\n')
        return bad(reader, 400, "bad_status");
    reason = at;
    reader->at = h1_skip_value(at, reader->end);
    head->reason = text_make(reason, (size_t)(reader->at - reason));
    return read_line_end(reader, "bad_status");
}

static enum parse_result read_response(struct reader *reader, struct response_head *head)
{
    enum parse_result result = read_version(reader, &head->minor_version);

    if (result == PARSE_DONE)
        result = read_status(reader, head);
    if (result == PARSE_DONE)
        result = read_fields(reader, &head->fields);
    return result;
}

/* Look at the line ends behind `scan`. True: the parser would say something else than PARSE_MORE.
 */
static bool scan_lines(struct h1_scan *scan, const char *bytes, size_t len)
{
    const char *at = bytes + scan->scanned;
    bool telling = false;

    while (!telling && (at = memchr(at, '\n', (size_t)(bytes + len - at)))) {
        telling = !scan->line_seen || at - bytes < 2 || at[-1] != '\r' || at[-2] == '\n';
        scan->line_seen = true;
        at++;
    }
    scan->scanned = len;
    return telling;
}

/* Is there reason to start the parser? */
static bool scan_advance(struct h1_scan *scan, struct text bytes, size_t first_line_bytes)
{
    assert(bytes.len >= scan->scanned);
    if (scan->scanned == 0) {
        scan->line_seen = false;
        if (bytes.len)
            scan_lines(scan, bytes.at, bytes.len);
        return bytes.len > 0;
    }
    if (bytes.len == scan->scanned)
        return false;
    return scan_lines(scan, bytes.at, bytes.len) ||
           (!scan->line_seen && bytes.len >= first_line_bytes);
}

/* What the parser said about the bytes that the limit leaves; the limit itself says the rest. */
static enum parse_result finish(struct reader *reader, enum parse_result result, const char *start,
                                struct h1_scan *scan, size_t *consumed)
{
    if (result == PARSE_MORE && (size_t)(reader->end - start) >= reader->limits->head_bytes)
        return bad(reader, 431, "header_too_large");
    if (result == PARSE_DONE) {
        *consumed = (size_t)(reader->at - start);
        *scan = (struct h1_scan){ 0 };
    }
    return result;
}

// NOLINTNEXTLINE(readability-function-size): the contract's seven, all of them views and results
enum parse_result h1_parse_request(struct text bytes, const struct h1_limits *limits,
                                   struct h1_scan *scan, struct field_line *lines,
                                   struct request_head *head, size_t *consumed,
                                   struct h1_refusal *refusal)
{
    struct text seen = text_first(bytes, limits->head_bytes);
    struct reader reader = { seen.at, seen.at + seen.len, limits, refusal };
    size_t first_line_bytes =
        METHOD_BYTES_MAX + limits->target_bytes + VERSION_BYTES + sizeof("\r\n  \r\n");

    if (!scan_advance(scan, seen, first_line_bytes) && seen.len < limits->head_bytes)
        return PARSE_MORE;
    *head = (struct request_head){ .fields = { .lines = lines, .capacity = FIELD_LINES_MAX } };
    return finish(&reader, read_request(&reader, head), seen.at, scan, consumed);
}

// NOLINTNEXTLINE(readability-function-size): as above
enum parse_result h1_parse_response(struct text bytes, const struct h1_limits *limits,
                                    struct h1_scan *scan, struct field_line *lines,
                                    struct response_head *head, size_t *consumed,
                                    struct h1_refusal *refusal)
{
    struct text seen = text_first(bytes, limits->head_bytes);
    struct reader reader = { seen.at, seen.at + seen.len, limits, refusal };
    enum parse_result result;

    if (!scan_advance(scan, seen, SIZE_MAX) && seen.len < limits->head_bytes)
        return PARSE_MORE;
    *head = (struct response_head){ .fields = { .lines = lines, .capacity = FIELD_LINES_MAX } };
    result = finish(&reader, read_response(&reader, head), seen.at, scan, consumed);
    if (result == PARSE_BAD)
        refusal->status = 502; /* RFC 9110 section 15.6.3: whatever it was, it is the backend's */
    return result;
}

// NOLINTNEXTLINE(readability-function-size): as above
enum parse_result h1_parse_trailers(struct text bytes, const struct h1_limits *limits,
                                    struct h1_scan *scan, struct field_line *lines,
                                    struct field_list *fields, size_t *consumed,
                                    struct h1_refusal *refusal)
{
    struct text seen = text_first(bytes, limits->head_bytes);
    struct reader reader = { seen.at, seen.at + seen.len, limits, refusal };

    if (!scan_advance(scan, seen, SIZE_MAX) && seen.len < limits->head_bytes)
        return PARSE_MORE;
    *fields = (struct field_list){ .lines = lines, .capacity = FIELD_LINES_MAX };
    return finish(&reader, read_fields(&reader, fields), seen.at, scan, consumed);
}
