/*
 * Heads as lists of fields for HPACK: to a client, to a backend. The counterpart of h1_writer.c:
 * the same fields are never copied, the same are added, once each. Called by h2_send.c; names are
 * made lower-case by nghttp2, which copies all of it.
 */

#include <string.h>

#include "field_names.h"
#include "h2_private.h"

#define ID(id) (1U << (id))
#define HOP_BY_HOP                                                                                 \
    (ID(FIELD_CONNECTION) | ID(FIELD_KEEP_ALIVE) | ID(FIELD_PROXY_CONNECTION) | ID(FIELD_TE) |     \
     ID(FIELD_TRANSFER_ENCODING) | ID(FIELD_CONTENT_LENGTH) | ID(FIELD_UPGRADE))

struct list {
    nghttp2_nv *fields;
    size_t count;
    struct buffer *text; /* reserved: what is composed does not move */
};

static uint8_t *bytes_of(const char *at)
{
    uint8_t *bytes;

    memcpy(&bytes, &at, sizeof(at)); /* nghttp2 is not const-correct */
    return bytes;
}

static void add(struct list *list, struct text name, struct text value, uint8_t flags)
{
    if (list->count == H2_FIELDS_MOST)
        return;
    list->fields[list->count++] = (nghttp2_nv){
        .name = bytes_of(name.at),
        .value = bytes_of(value.len ? value.at : name.at),
        .namelen = name.len,
        .valuelen = value.len,
        .flags = flags,
    };
}

/* RFC 7541 section 7.1.3: what authenticates is not left to be guessed by length. */
static uint8_t flags_of(const struct field_line *line)
{
    return line->id == FIELD_AUTHORIZATION || line->id == FIELD_COOKIE ? NGHTTP2_NV_FLAG_NO_INDEX
                                                                       : NGHTTP2_NV_FLAG_NONE;
}

static void add_fields(struct list *list, const struct field_list *fields, uint32_t without)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (!line->dropped && !(ID(line->id) & without))
            add(list, line->name, line->value, flags_of(line));
    }
}

/* RFC 8441 section 5: the key is of HTTP/1.1 only. */
static void add_websocket_fields(struct list *list, const struct field_list *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (line->id == FIELD_SEC_WEBSOCKET && !line->dropped &&
            !text_equal_nocase(line->name, TEXT("sec-websocket-key")))
            add(list, line->name, line->value, NGHTTP2_NV_FLAG_NONE);
    }
}

/* What was appended to the reserved text since `from`. */
static struct text composed(const struct list *list, size_t from)
{
    return text_make(list->text->bytes + from, buffer_len(list->text) - from);
}

/* A name of ours is there for ever, and lower-case: nghttp2 need not copy it. */
static void add_own(struct list *list, struct text name, struct text value, uint8_t flags)
{
    add(list, name, value, flags | NGHTTP2_NV_FLAG_NO_COPY_NAME);
}

static void add_number(struct list *list, struct text name, uint64_t number)
{
    size_t from = buffer_len(list->text);

    buffer_append_u64(list->text, number);
    add_own(list, name, composed(list, from), NGHTTP2_NV_FLAG_NONE);
}

static void begin(struct list *list, struct buffer *text, nghttp2_nv *fields, size_t bytes)
{
    *list = (struct list){ .fields = fields, .text = text };
    buffer_clear(text);
    buffer_reserve(text, bytes + 256);
}

/* --- towards a client ----------------------------------------------------------------------------
 */

size_t h2_fields_of_response(struct buffer *text, const struct response_head *head,
                             const struct response_forwarding *forwarding, nghttp2_nv *fields)
{
    uint32_t without = HOP_BY_HOP;
    struct list list;

    begin(&list, text, fields, 0);
    add_number(&list, TEXT(":status"), (uint64_t)head->status);
    if (forwarding->hsts.len)
        without |= ID(FIELD_STRICT_TRANSPORT_SECURITY);
    add_fields(&list, &head->fields, without);
    if (forwarding->hsts.len)
        add_own(&list, TEXT("strict-transport-security"), forwarding->hsts, NGHTTP2_NV_FLAG_NONE);
    if (forwarding->set_cookie.len)
        add_own(&list, TEXT("set-cookie"), forwarding->set_cookie, NGHTTP2_NV_FLAG_NONE);
    if (forwarding->counted)
        add_number(&list, TEXT("content-length"), forwarding->length);
    return list.count;
}

size_t h2_fields_of_interim(struct buffer *text, const struct response_head *head,
                            nghttp2_nv *fields)
{
    struct response_head cleaned = *head; /* its lines are marked in place */
    struct list list;

    begin(&list, text, fields, 0);
    forwarding_clean_response(&cleaned);
    add_number(&list, TEXT(":status"), (uint64_t)head->status);
    add_fields(&list, &cleaned.fields, HOP_BY_HOP | ID(FIELD_TRAILER));
    return list.count;
}

size_t h2_fields_of_trailers(const struct field_list *trailers, nghttp2_nv *fields)
{
    struct list list = { .fields = fields };

    add_fields(&list, trailers, 0);
    return list.count;
}

/* --- towards a backend ---------------------------------------------------------------------------
 */

/* Of the client's fields, those that are written here in another way or do not fit. */
static uint32_t not_copied(const struct forwarding *forwarding)
{
    uint32_t ids = HOP_BY_HOP | ID(FIELD_HOST) | ID(FIELD_X_REQUEST_ID) | ID(FIELD_IDENTITY) |
                   ID(FIELD_PROXY_AUTHENTICATE) | ID(FIELD_PROXY_AUTHORIZATION) |
                   ID(FIELD_FORWARDED) | ID(FIELD_X_FORWARDED);

    if (forwarding->drop_cookie.len)
        ids |= ID(FIELD_COOKIE);
    if (!forwarding->pass_traceparent)
        ids |= ID(FIELD_TRACEPARENT) | ID(FIELD_TRACESTATE);
    if (!forwarding->chunked)
        ids |= ID(FIELD_TRAILER); /* as over HTTP/1.1: nobody announced any */
    if (!forwarding->chunked && !(forwarding->counted && forwarding->length))
        ids |= ID(FIELD_EXPECT); /* RFC 9110 section 10.1.1: not without a body */
    if (forwarding->upgrade)
        ids |= ID(FIELD_SEC_WEBSOCKET);
    return ids;
}

/* "name=value" pairs without those named `drop`; nothing at all when none is left. */
static void add_cookie(struct list *list, const struct field_line *line, struct text drop)
{
    size_t from = buffer_len(list->text);
    struct text rest = line->value;

    while (rest.len) {
        struct text pair;
        struct text name;
        struct text value;

        text_split(rest, ';', &pair, &rest);
        pair = text_trim(pair);
        text_split(pair, '=', &name, &value);
        if (pair.len == 0 || text_equal(text_trim(name), drop))
            continue;
        if (buffer_len(list->text) > from)
            buffer_append_text(list->text, TEXT("; "));
        buffer_append_text(list->text, pair);
    }
    if (buffer_len(list->text) > from)
        add(list, line->name, composed(list, from), NGHTTP2_NV_FLAG_NO_INDEX);
}

static void add_cookies(struct list *list, const struct field_list *fields, struct text drop)
{
    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == FIELD_COOKIE && !fields->lines[i].dropped)
            add_cookie(list, &fields->lines[i], drop);
}

/* RFC 7239: a value with ":" is quoted, an IPv6 address is in brackets too. */
static void add_forwarded(struct list *list, const struct request_head *head,
                          const struct forwarding *forwarding)
{
    const char *quote = forwarding->client_is_ipv6 ? "\"" : "";
    size_t from = buffer_len(list->text);

    buffer_format(list->text, "for=%s%s%.*s%s%s;proto=%s", quote,
                  forwarding->client_is_ipv6 ? "[" : "", TEXT_ARGS(forwarding->client_address),
                  forwarding->client_is_ipv6 ? "]" : "", quote,
                  forwarding->https ? "https" : "http");
    if (head->authority.len)
        buffer_format(list->text, ";host=\"%.*s\"", TEXT_ARGS(head->authority));
    add_own(list, TEXT("forwarded"), composed(list, from), NGHTTP2_NV_FLAG_NONE);
}

static void add_ours(struct list *list, const struct request_head *head,
                     const struct forwarding *forwarding)
{
    if (forwarding->x_forwarded) {
        add_own(list, TEXT("x-forwarded-for"), forwarding->client_address, NGHTTP2_NV_FLAG_NONE);
        add_own(list, TEXT("x-forwarded-proto"), forwarding->https ? TEXT("https") : TEXT("http"),
                NGHTTP2_NV_FLAG_NONE);
        if (head->authority.len)
            add_own(list, TEXT("x-forwarded-host"), head->authority, NGHTTP2_NV_FLAG_NONE);
    }
    if (forwarding->rfc7239)
        add_forwarded(list, head, forwarding);
    if (forwarding->request_id.len)
        add_own(list, TEXT("x-request-id"), forwarding->request_id, NGHTTP2_NV_FLAG_NO_INDEX);
    if (forwarding->client_subject.len)
        add_own(list, TEXT("x-client-dn"), forwarding->client_subject, NGHTTP2_NV_FLAG_NONE);
    if (forwarding->client_cert.len)
        add_own(list, TEXT("client-cert"), forwarding->client_cert, NGHTTP2_NV_FLAG_NONE);
    if (forwarding->client_cert_chain.len)
        add_own(list, TEXT("client-cert-chain"), forwarding->client_cert_chain,
                NGHTTP2_NV_FLAG_NONE);
    if (forwarding->counted && !forwarding->upgrade)
        add_number(list, TEXT("content-length"), forwarding->length);
    if (forwarding->accepts_trailers)
        add_own(list, TEXT("te"), TEXT("trailers"), NGHTTP2_NV_FLAG_NONE);
}

static size_t cookies_bytes(const struct field_list *fields)
{
    size_t bytes = 0;

    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == FIELD_COOKIE)
            bytes += fields->lines[i].value.len * 2; /* "a;b" becomes "a; b" */
    return bytes;
}

/* An upgrade is an extended CONNECT here (RFC 8441 section 4). */
static void add_method(struct list *list, const struct request_head *head,
                       const struct forwarding *forwarding)
{
    add_own(list, TEXT(":method"), forwarding->upgrade ? TEXT("CONNECT") : head->method_text,
            NGHTTP2_NV_FLAG_NONE);
    if (forwarding->upgrade)
        add_own(list, TEXT(":protocol"), TEXT("websocket"), NGHTTP2_NV_FLAG_NONE);
}

size_t h2_fields_of_request(struct buffer *text, const struct request_head *head,
                            const struct forwarding *forwarding, nghttp2_nv *fields)
{
    size_t path;
    struct list list;

    begin(&list, text, fields,
          head->path.len + head->query.len + head->authority.len + forwarding->client_address.len +
              cookies_bytes(&head->fields));
    path = buffer_len(text);
    buffer_append_text(text, head->path);
    if (head->has_query)
        buffer_append_byte(text, '?');
    buffer_append_text(text, head->query);
    add_method(&list, head, forwarding);
    add_own(&list, TEXT(":scheme"), forwarding->https ? TEXT("https") : TEXT("http"),
            NGHTTP2_NV_FLAG_NONE);
    add_own(&list, TEXT(":authority"), head->authority, NGHTTP2_NV_FLAG_NONE);
    add_own(&list, TEXT(":path"), composed(&list, path), NGHTTP2_NV_FLAG_NONE);
    add_fields(&list, &head->fields, not_copied(forwarding));
    if (forwarding->upgrade)
        add_websocket_fields(&list, &head->fields);
    if (forwarding->drop_cookie.len)
        add_cookies(&list, &head->fields, forwarding->drop_cookie);
    add_ours(&list, head, forwarding);
    return list.count;
}
