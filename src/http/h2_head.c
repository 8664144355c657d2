/*
 * Heads of HTTP/2. Called by the session for each field that HPACK gives, and once at the end. What
 * passes here can be written as HTTP/1.1 without a second thought: the octets, the target and Host
 * are held to the same rules by the same code. nghttp2's own checks are off: they would reset the
 * stream before anybody could say why (tests/fuzz/h2_session_fuzz.c lets them judge, too).
 */

#include "h2_head.h"

#include <stdlib.h>

#include "base/array.h"
#include "h1_bytes.h"
#include "h1_method.h"
#include "h1_target.h"
#include "http/forwarding.h"

/* So far beyond the limits a head is still decoded, for a proper answer. */
#define PATIENCE 4

#define FIELD_EXTRA (sizeof(": \r\n") - 1)
#define SEEN(which) (1U << (which))
#define KEPT_BYTES  ((size_t)4096)

struct h2_raw_field {
    uint32_t name_at;
    uint32_t name_len;
    uint32_t value_at;
    uint32_t value_len;
    enum field_id id;
    bool odd_name;
};

static int refuse(struct h2_head_builder *builder, int status, const char *reason)
{
    builder->refusal = (struct h1_refusal){ .status = status, .reason = reason };
    return -1;
}

void h2_head_begin(struct h2_head_builder *builder, enum h2_head_kind kind)
{
    builder->kind = kind;
    builder->decoded = 0;
    builder->decoded_fields = 0;
    builder->field_count = 0;
    builder->pseudo_seen = 0;
    builder->pseudo_count = 0;
    builder->regular_seen = false;
    builder->cookies = 0;
    builder->refusal = (struct h1_refusal){ 0 };
    for (size_t i = 0; i < H2_PSEUDO_COUNT; i++)
        builder->pseudo[i] = TEXT_NONE;
    buffer_clear(&builder->bytes);
}

void h2_head_end(struct h2_head_builder *builder)
{
    if (builder->bytes.capacity > KEPT_BYTES) { /* an idle connection holds little */
        h2_head_done(builder);
        return;
    }
    buffer_clear(&builder->bytes);
    arena_reset(&builder->arena);
    builder->field_count = 0;
}

size_t h2_head_memory(const struct h2_head_builder *builder)
{
    return builder->bytes.capacity + builder->field_capacity * sizeof(*builder->fields) +
           builder->arena.total;
}

void h2_head_done(struct h2_head_builder *builder)
{
    buffer_done(&builder->bytes);
    arena_done(&builder->arena);
    free(builder->fields);
    builder->fields = NULL;
    builder->field_count = builder->field_capacity = 0;
}

/* --- field by field ------------------------------------------------------------------------------
 */

static const struct {
    struct text name;
    enum h2_head_kind kind;
} pseudo_fields[H2_PSEUDO_COUNT] = {
    [H2_PSEUDO_METHOD] = { { ":method", 7 }, H2_HEAD_REQUEST },
    [H2_PSEUDO_SCHEME] = { { ":scheme", 7 }, H2_HEAD_REQUEST },
    [H2_PSEUDO_AUTHORITY] = { { ":authority", 10 }, H2_HEAD_REQUEST },
    [H2_PSEUDO_PATH] = { { ":path", 5 }, H2_HEAD_REQUEST },
    [H2_PSEUDO_PROTOCOL] = { { ":protocol", 9 }, H2_HEAD_REQUEST },
    [H2_PSEUDO_STATUS] = { { ":status", 7 }, H2_HEAD_RESPONSE },
};

static int find_pseudo(const struct h2_head_builder *builder, struct text name)
{
    for (int i = 0; i < H2_PSEUDO_COUNT; i++)
        if (pseudo_fields[i].kind == builder->kind && text_equal(name, pseudo_fields[i].name) &&
            (i != H2_PSEUDO_PROTOCOL || builder->extended_connect))
            return i;
    return -1;
}

/* RFC 9113 section 8.2.1: no control octets, and no white space at the ends. */
static bool is_value(struct text value)
{
    const char *end = value.at + value.len;

    return value.len == 0 ||
           (h1_skip_value(value.at, end) == end && text_trim(value).len == value.len);
}

static struct h2_raw_field *keep(struct h2_head_builder *builder, struct text name,
                                 struct text value)
{
    struct h2_raw_field *field =
        ARRAY_PUSH(builder->fields, builder->field_count, builder->field_capacity);

    *field = (struct h2_raw_field){
        .name_at = (uint32_t)buffer_len(&builder->bytes),
        .name_len = (uint32_t)name.len,
        .value_at = (uint32_t)(buffer_len(&builder->bytes) + name.len),
        .value_len = (uint32_t)value.len,
    };
    buffer_append_text(&builder->bytes, name);
    buffer_append_text(&builder->bytes, value);
    return field;
}

/* RFC 9113 section 8.3: before the others, known, and once. */
static void add_pseudo(struct h2_head_builder *builder, struct text name, struct text value)
{
    int which = find_pseudo(builder, name);

    if (which < 0)
        refuse(builder, 400, "pseudo_field_unknown");
    else if (builder->regular_seen)
        refuse(builder, 400, "pseudo_field_order");
    else if (builder->pseudo_seen & SEEN(which))
        refuse(builder, 400, "pseudo_field_repeated");
    else if (!is_value(value))
        refuse(builder, 400, "bad_field_value");
    if (builder->refusal.status)
        return;
    builder->pseudo_seen |= SEEN(which);
    builder->pseudo_count++;
    keep(builder, name, value);
    builder->pseudo[which].len = builder->field_count; /* which one: its place comes later */
}

static const char *wrong_name(struct text name)
{
    if (name.len == 0)
        return "empty_field_name";
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] >= 'A' && name.at[i] <= 'Z')
            return "upper_case_field_name";
        if (!byte_is(name.at[i], BYTE_TOKEN))
            return "bad_field_name";
    }
    return NULL;
}

/* RFC 9113 section 8.2.2: what HTTP/1.1 says about the connection has no place here. */
static const char *wrong_for_h2(enum field_id id, struct text value)
{
    switch (id) {
    case FIELD_CONNECTION:
    case FIELD_PROXY_CONNECTION:
    case FIELD_KEEP_ALIVE:
    case FIELD_TRANSFER_ENCODING:
    case FIELD_UPGRADE:
        return "connection_field";
    case FIELD_TE:
        return text_equal_nocase(value, TEXT("trailers")) ? NULL : "connection_field";
    default:
        return NULL;
    }
}

static void add_regular(struct h2_head_builder *builder, struct text name, struct text value)
{
    size_t most =
        builder->limits.fields < FIELD_LINES_MAX ? builder->limits.fields : FIELD_LINES_MAX;
    enum field_id id = field_identify(name);
    const char *wrong = wrong_name(name);
    struct h2_raw_field *field;

    builder->regular_seen = true;
    if (!wrong && !is_value(value))
        wrong = "bad_field_value";
    if (!wrong)
        wrong = wrong_for_h2(id, value);
    if (wrong) {
        refuse(builder, 400, wrong);
        return;
    }
    if (builder->decoded_fields > most + H2_PSEUDO_COUNT ||
        builder->field_count >= most + builder->pseudo_count) {
        refuse(builder, 431, "too_many_fields");
        return;
    }
    field = keep(builder, name, value);
    field->id = id;
    field->odd_name = !h1_all_bytes_are(name, BYTE_PLAIN);
    builder->cookies += id == FIELD_COOKIE;
}

bool h2_head_add(struct h2_head_builder *builder, struct text name, struct text value)
{
    const struct h1_limits *limits = &builder->limits;

    builder->decoded += name.len + value.len + FIELD_EXTRA;
    builder->decoded_fields++;
    if (builder->decoded > PATIENCE * limits->head_bytes ||
        builder->decoded_fields > PATIENCE * limits->fields + H2_PSEUDO_COUNT)
        return false;
    if (builder->refusal.status)
        return true;
    if (builder->decoded > limits->head_bytes)
        refuse(builder, 431, "header_too_large");
    else if (name.len && name.at[0] == ':')
        add_pseudo(builder, name, value);
    else
        add_regular(builder, name, value);
    return true;
}

/* --- the whole head ------------------------------------------------------------------------------
 */

static struct text at(const struct h2_head_builder *builder, uint32_t from, uint32_t len)
{
    return text_make(builder->bytes.bytes + from, len);
}

static void place_pseudo(struct h2_head_builder *builder)
{
    for (size_t i = 0; i < H2_PSEUDO_COUNT; i++) {
        const struct h2_raw_field *field;

        if (!(builder->pseudo_seen & SEEN(i)))
            continue;
        field = &builder->fields[builder->pseudo[i].len - 1];
        builder->pseudo[i] = at(builder, field->value_at, field->value_len);
    }
}

/* RFC 9113 section 8.2.3: crumbs become one line for whoever does not speak HTTP/2. */
static struct text join_cookies(struct h2_head_builder *builder, size_t offset)
{
    size_t len = buffer_len(&builder->bytes) - offset;

    return text_make(builder->bytes.bytes + offset, len);
}

static void append_cookies(struct h2_head_builder *builder)
{
    size_t bytes = 0;
    bool first = true;

    for (size_t i = 0; i < builder->field_count; i++)
        if (builder->fields[i].id == FIELD_COOKIE)
            bytes += builder->fields[i].value_len + 2;
    buffer_reserve(&builder->bytes, bytes); /* the crumbs stay where they are */
    for (size_t i = 0; i < builder->field_count; i++) {
        const struct h2_raw_field *field = &builder->fields[i];

        if (field->id != FIELD_COOKIE)
            continue;
        if (!first)
            buffer_append_text(&builder->bytes, TEXT("; "));
        first = false;
        buffer_append_text(&builder->bytes, at(builder, field->value_at, field->value_len));
    }
}

static void make_lines(struct h2_head_builder *builder, struct field_list *fields)
{
    size_t joined = buffer_len(&builder->bytes);
    bool crumbs = builder->kind == H2_HEAD_REQUEST && builder->cookies > 1;
    bool joining = crumbs;

    if (crumbs)
        append_cookies(builder);
    *fields = (struct field_list){ .capacity = builder->field_count };
    fields->lines =
        arena_alloc(&builder->arena, (builder->field_count + 1) * sizeof(*fields->lines));
    for (size_t i = 0; i < builder->field_count; i++) {
        const struct h2_raw_field *field = &builder->fields[i];
        struct field_line *line = &fields->lines[fields->count];
        struct text name = at(builder, field->name_at, field->name_len);

        if (name.at[0] == ':' || (crumbs && field->id == FIELD_COOKIE && !joining))
            continue;
        *line = (struct field_line){
            .name = name,
            .value = at(builder, field->value_at, field->value_len),
            .id = field->id,
            .odd_name = field->odd_name,
        };
        if (crumbs && field->id == FIELD_COOKIE) {
            line->value = join_cookies(builder, joined);
            joining = false;
        }
        fields->present |= 1U << line->id;
        fields->count++;
    }
}

static int read_method(struct h2_head_builder *builder, struct request_head *head)
{
    struct text method = builder->pseudo[H2_PSEUDO_METHOD];

    if (!(builder->pseudo_seen & SEEN(H2_PSEUDO_METHOD)))
        return refuse(builder, 400, "pseudo_field_missing");
    if (method.len == 0)
        return refuse(builder, 400, "bad_method");
    if (method.len > METHOD_BYTES_MAX)
        return refuse(builder, 501, "method_too_long");
    if (!h1_all_bytes_are(method, BYTE_TOKEN))
        return refuse(builder, 400, "bad_method");
    head->method_text = method;
    if (!h1_all_bytes_are(method, BYTE_METHOD))
        return refuse(builder, 501, "method_not_implemented");
    head->method = h1_identify_method(method);
    if (head->method == METHOD_TRACE)
        return refuse(builder, 501, "method_not_implemented");
    return 0;
}

/* RFC 9113 section 8.5 and RFC 8441 section 4. */
static int read_connect(struct h2_head_builder *builder, struct request_head *head)
{
    uint32_t seen = builder->pseudo_seen;
    bool extended = seen & SEEN(H2_PSEUDO_PROTOCOL);

    if (head->method != METHOD_CONNECT)
        return extended ? refuse(builder, 400, "bad_connect") : 0;
    if (!(seen & SEEN(H2_PSEUDO_AUTHORITY)))
        return refuse(builder, 400, "bad_connect");
    if (extended) {
        head->protocol = builder->pseudo[H2_PSEUDO_PROTOCOL];
        if (!text_equal(head->protocol, TEXT("websocket")))
            return refuse(builder, 501, "protocol_not_implemented");
        return 0;
    }
    if (seen & (SEEN(H2_PSEUDO_SCHEME) | SEEN(H2_PSEUDO_PATH)))
        return refuse(builder, 400, "bad_connect");
    return refuse(builder, 501, "method_not_implemented");
}

static int read_target(struct h2_head_builder *builder, struct request_head *head)
{
    if (!(builder->pseudo_seen & SEEN(H2_PSEUDO_SCHEME)) ||
        !(builder->pseudo_seen & SEEN(H2_PSEUDO_PATH)))
        return refuse(builder, 400, "pseudo_field_missing");
    head->scheme = builder->pseudo[H2_PSEUDO_SCHEME];
    head->target = builder->pseudo[H2_PSEUDO_PATH];
    if (!text_equal(head->scheme, TEXT("https")) && !text_equal(head->scheme, TEXT("http")))
        return refuse(builder, 400, "bad_target_scheme");
    if (head->target.len > builder->limits.target_bytes)
        return refuse(builder, 414, "target_too_long");
    if (head->target.len == 0 || !h1_all_bytes_are(head->target, BYTE_TARGET))
        return refuse(builder, 400, "bad_target");
    if (builder->pseudo_seen & SEEN(H2_PSEUDO_AUTHORITY))
        head->authority = builder->pseudo[H2_PSEUDO_AUTHORITY];
    return h2_settle_target(head, builder->pseudo_seen & SEEN(H2_PSEUDO_AUTHORITY),
                            &builder->refusal);
}

/* What is good for the log of a head that was refused within its fields. */
static void fill_for_log(const struct h2_head_builder *builder, struct request_head *head)
{
    struct text method = builder->pseudo[H2_PSEUDO_METHOD];
    struct text path = builder->pseudo[H2_PSEUDO_PATH];

    if (method.len <= METHOD_BYTES_MAX && h1_all_bytes_are(method, BYTE_TOKEN))
        head->method_text = method;
    if (h1_all_bytes_are(path, BYTE_TARGET))
        text_split(path, '?', &head->path, &head->query);
    head->method = h1_identify_method(head->method_text);
}

int h2_head_finish_request(struct h2_head_builder *builder, struct request_head *head)
{
    *head = (struct request_head){ .minor_version = 1 };
    if (builder->refusal.status) {
        place_pseudo(builder);
        fill_for_log(builder, head);
        return -1;
    }
    make_lines(builder, &head->fields); /* bytes are appended here, views come afterwards */
    place_pseudo(builder);
    if (read_method(builder, head) == 0 && read_connect(builder, head) == 0 &&
        read_target(builder, head) == 0)
        return 0;
    if (!head->path.at)
        fill_for_log(builder, head);
    return -1;
}

int h2_head_finish_response(struct h2_head_builder *builder, struct response_head *head)
{
    struct text digits;
    uint64_t status;

    *head = (struct response_head){ .minor_version = 1 };
    if (builder->refusal.status)
        return -1;
    make_lines(builder, &head->fields);
    place_pseudo(builder);
    digits = builder->pseudo[H2_PSEUDO_STATUS];
    if (!(builder->pseudo_seen & SEEN(H2_PSEUDO_STATUS)))
        return refuse(builder, 502, "pseudo_field_missing");
    if (digits.len != 3 || !text_to_u64(digits, &status) || status < 100 || status > 599)
        return refuse(builder, 502, "bad_status");
    if (status == 101) /* RFC 9113 section 8.6 */
        return refuse(builder, 502, "unasked_101");
    head->status = (int)status;
    head->reason = text_of(http_reason(head->status));
    return 0;
}

int h2_head_finish_trailers(struct h2_head_builder *builder, struct field_list *fields)
{
    *fields = (struct field_list){ 0 };
    if (builder->refusal.status)
        return -1;
    make_lines(builder, fields);
    return 0;
}
