/*
 * The length of every body and the life of every connection, decided here from all fields of a
 * head at once. Called by the worker as soon as a head is complete, before anything of it is sent
 * on. What could be read in two ways is refused: request smuggling lives on the second reading.
 */

#include "http/framing.h"

#include "connection_options.h"
#include "h1_bytes.h"

static int refuse(struct h1_refusal *refusal, int status, const char *reason)
{
    *refusal = (struct h1_refusal){ .status = status, .reason = reason };
    return -1;
}

static const struct field_line *find_only(const struct field_list *fields, enum field_id id,
                                          bool *repeated_out)
{
    const struct field_line *found = NULL;

    *repeated_out = false;
    if (!field_list_has(fields, id))
        return NULL;
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id != id)
            continue;
        *repeated_out = found != NULL;
        if (found)
            return found;
        found = &fields->lines[i];
    }
    return found;
}

/* Transfer-Encoding is "chunked", alone. Else say what is wrong (RFC 9112 sections 6.1 and 7). */
static int read_transfer_encoding(struct text value, struct h1_refusal *refusal)
{
    struct text coding = TEXT_NONE;
    struct text rest = value;
    size_t chunked = 0;

    if (text_equal_nocase(value, TEXT("chunked")))
        return 0;
    while (h1_list_next(&rest, &coding)) {
        if (coding.len == 0)
            return refuse(refusal, 400, "empty_transfer_coding");
        chunked += text_equal_nocase(coding, TEXT("chunked"));
    }
    if (chunked == 1 && text_equal_nocase(coding, TEXT("chunked")))
        return refuse(refusal, 501, "transfer_coding_not_implemented");
    return refuse(refusal, 400, "bad_transfer_encoding"); /* section 6.3, rule 4 */
}

/*
 * Digits only. The grammar's list of equal numbers ("5, 5", or two lines) is refused: RFC 9112
 * section 6.3, rule 5 allows that. Behind INT64_MAX some would see a negative number.
 */
static int read_content_length(struct text value, uint64_t *length_out, struct h1_refusal *refusal)
{
    uint64_t length;

    if (value.len == 0 || !h1_all_bytes_are(value, BYTE_DIGIT))
        return refuse(refusal, 400, "bad_content_length");
    if (!text_to_u64(value, &length) || length > INT64_MAX)
        return refuse(refusal, 400, "content_length_overflow");
    *length_out = length;
    return 0;
}

/* Fills kind (BODY_NONE without any length field), length, has_length. */
static int read_lengths(const struct field_list *fields, int minor_version, struct framing *framing,
                        struct h1_refusal *refusal)
{
    bool repeated_encoding;
    bool repeated_length;
    const struct field_line *encoding =
        find_only(fields, FIELD_TRANSFER_ENCODING, &repeated_encoding);
    const struct field_line *length = find_only(fields, FIELD_CONTENT_LENGTH, &repeated_length);

    if (encoding && length) /* section 6.1: "ought to be handled as an error" */
        return refuse(refusal, 400, "length_and_transfer_encoding");
    if (repeated_encoding)
        return refuse(refusal, 400, "repeated_transfer_encoding");
    if (repeated_length)
        return refuse(refusal, 400, "repeated_content_length");
    if (encoding) {
        if (minor_version == 0) /* section 6.1: faulty framing */
            return refuse(refusal, 400, "transfer_encoding_in_http_1_0");
        if (read_transfer_encoding(encoding->value, refusal) < 0)
            return -1;
        framing->kind = BODY_CHUNKED;
    }
    if (length) {
        if (read_content_length(length->value, &framing->length, refusal) < 0)
            return -1;
        framing->kind = BODY_COUNTED;
        framing->has_length = true;
    }
    return 0;
}

/*
 * A client that names the fields which say where a message goes and where it ends wants them read
 * by us and not by the backend: refused. (What it names of ours is gone before ours come.)
 */
static int check_named_fields(const struct connection_options *options, struct h1_refusal *refusal)
{
    for (size_t i = 0; i < options->count; i++) {
        enum field_id id = field_identify(options->names[i]);

        if (id == FIELD_HOST || id == FIELD_CONTENT_LENGTH)
            return refuse(refusal, 400, "connection_names_framing");
    }
    return 0;
}

/* RFC 9110 section 10.1.1: 1.0 does not know it; another expectation can not be met. */
static int read_expect(const struct request_head *head, struct framing *framing,
                       struct h1_refusal *refusal)
{
    if (!field_list_has(&head->fields, FIELD_EXPECT) || head->minor_version == 0)
        return 0;
    for (size_t i = 0; i < head->fields.count; i++) {
        const struct field_line *line = &head->fields.lines[i];

        if (line->id == FIELD_EXPECT && !text_equal_nocase(line->value, TEXT("100-continue")))
            return refuse(refusal, 417, "unknown_expectation");
    }
    framing->expects_continue =
        framing->kind == BODY_CHUNKED || (framing->kind == BODY_COUNTED && framing->length > 0);
    return 0;
}

/* Exactly one protocol, and that one: h2c would be a tunnel past every check of ours. */
static bool upgrade_is_websocket(const struct field_list *fields)
{
    bool repeated;
    const struct field_line *upgrade = find_only(fields, FIELD_UPGRADE, &repeated);

    return upgrade && !repeated && text_equal_nocase(upgrade->value, TEXT("websocket"));
}

/* Other upgrades are ignored, as RFC 9110 section 7.8 lets us; the request goes on without. */
static bool request_wants_upgrade(const struct request_head *head, const struct framing *framing,
                                  const struct connection_options *options)
{
    return options->upgrade && head->minor_version == 1 && head->method == METHOD_GET &&
           (framing->kind == BODY_NONE || (framing->kind == BODY_COUNTED && !framing->length)) &&
           upgrade_is_websocket(&head->fields);
}

int framing_of_request(const struct request_head *head, struct framing *framing_out,
                       struct h1_refusal *refusal)
{
    struct framing framing = { .kind = BODY_NONE };
    struct connection_options options;
    const char *wrong = connection_options_read(&head->fields, &options);

    if (wrong)
        return refuse(refusal, 400, wrong);
    if (check_named_fields(&options, refusal) < 0 ||
        read_lengths(&head->fields, head->minor_version, &framing, refusal) < 0 ||
        read_expect(head, &framing, refusal) < 0)
        return -1;
    framing.persistent = !options.close && (head->minor_version == 1 || options.keep_alive);
    framing.wants_upgrade = request_wants_upgrade(head, &framing, &options);
    framing.accepts_trailers =
        head->minor_version == 1 && field_list_has_token(&head->fields, FIELD_TE, TEXT("trailers"));
    *framing_out = framing;
    return 0;
}

/* 101 (RFC 9110 section 7.8): only as the answer to the upgrade that we sent. */
static int frame_switch(const struct response_head *head, bool upgrade_sent,
                        const struct connection_options *options, struct framing *framing,
                        struct h1_refusal *refusal)
{
    if (!upgrade_sent)
        return refuse(refusal, 502, "unasked_101");
    if (head->minor_version == 0 || !options->upgrade || !upgrade_is_websocket(&head->fields))
        return refuse(refusal, 502, "bad_101");
    *framing = (struct framing){ .kind = BODY_TUNNEL };
    return 0;
}

/*
 * Responses without a body whatever their fields say (RFC 9112 section 6.3, rule 1). A length in
 * them is no length of bytes that come; where it must not be (1xx, 204), the backend can not be
 * trusted to send none, so its connection carries no other message.
 */
static void frame_without_body(const struct response_head *head, enum http_method method,
                               struct framing *framing)
{
    bool claims_body =
        framing->kind == BODY_CHUNKED || (framing->kind == BODY_COUNTED && framing->length > 0);

    framing->kind = BODY_NONE;
    if (head->status == 304 ||
        (method == METHOD_HEAD && head->status >= 200 && head->status != 204))
        return;
    framing->persistent = framing->persistent && !claims_body;
    framing->has_length = false;
    framing->length = 0;
}

int framing_of_response(const struct response_head *head, enum http_method method,
                        bool upgrade_sent, struct framing *framing_out, struct h1_refusal *refusal)
{
    struct framing framing = { .kind = BODY_NONE };
    struct connection_options options;
    const char *wrong = connection_options_read(&head->fields, &options);

    if (wrong)
        return refuse(refusal, 502, wrong);
    if (read_lengths(&head->fields, head->minor_version, &framing, refusal) < 0) {
        refusal->status = 502;
        return -1;
    }
    framing.persistent = !options.close && (head->minor_version == 1 || options.keep_alive);
    if (head->status == 101) {
        if (frame_switch(head, upgrade_sent, &options, &framing, refusal) < 0)
            return -1;
    } else if (head->status < 200 || head->status == 204 || head->status == 304 ||
               method == METHOD_HEAD) {
        frame_without_body(head, method, &framing);
    } else if (framing.kind == BODY_NONE) { /* section 6.3, rule 8 */
        framing.kind = BODY_UNTIL_CLOSE;
        framing.persistent = false;
    }
    *framing_out = framing;
    return 0;
}

/* --- HTTP/2 --------------------------------------------------------------------------------------
 */

/* RFC 9113 section 8.1.1: a length that differs from that of the frames is malformed. */
static int frame_by_end(struct framing *framing, bool ended, struct h1_refusal *refusal)
{
    if (ended && framing->length > 0)
        return refuse(refusal, 400, "length_differs_from_data");
    if (!ended && !framing->has_length)
        framing->kind = BODY_CHUNKED;
    return 0;
}

int framing_of_h2_request(const struct request_head *head, bool ended, struct framing *framing_out,
                          struct h1_refusal *refusal)
{
    struct framing framing = { .kind = BODY_NONE, .persistent = true };

    if (read_lengths(&head->fields, 1, &framing, refusal) < 0)
        return -1;
    if (head->method == METHOD_CONNECT) { /* RFC 8441: bytes both ways, no body */
        if (ended || framing.has_length)
            return refuse(refusal, 400, "bad_connect");
        framing.wants_upgrade = true;
        *framing_out = framing;
        return 0;
    }
    if (frame_by_end(&framing, ended, refusal) < 0 || read_expect(head, &framing, refusal) < 0)
        return -1;
    framing.accepts_trailers = field_list_has(&head->fields, FIELD_TE);
    *framing_out = framing;
    return 0;
}

int framing_of_h2_response(const struct response_head *head, enum http_method method, bool ended,
                           struct framing *framing_out, struct h1_refusal *refusal)
{
    struct framing framing = { .kind = BODY_NONE };
    bool bodiless = head->status == 204 || head->status == 304 || method == METHOD_HEAD;

    if (method == METHOD_CONNECT && head->status / 100 == 2) {
        /* RFC 9113 section 8.5; a length in it says nothing (RFC 9110 section 9.3.6) */
        *framing_out = (struct framing){ .kind = BODY_TUNNEL, .persistent = true };
        return 0;
    }
    if (read_lengths(&head->fields, 1, &framing, refusal) < 0 ||
        (!bodiless && frame_by_end(&framing, ended, refusal) < 0)) {
        refusal->status = 502;
        return -1;
    }
    if (bodiless)
        frame_without_body(head, method, &framing);
    framing.persistent = true;
    *framing_out = framing;
    return 0;
}
