/*
 * Heads as bytes: to a backend, to a client. Called by the worker once for each head, after
 * framing.c and forwarding.c have said what may pass. The room is reserved once, from an upper
 * bound of all that will be written, then the bytes are laid down without further checks.
 *
 * Whatever the marks on the fields are, the fields that decide framing, routing and persistence
 * are never copied: they are written here, once each. No Via is added: it makes backends switch
 * compression off (nginx: gzip_proxied), and X-Request-Id tells more.
 */

#include <assert.h>

#include "field_names.h"
#include "http/forwarding.h"

#define ID(id)      (1U << (id))
#define FIXED_BYTES ((size_t)768) /* more than all literals and numbers of one head */
#define FIELD_EXTRA (sizeof(": \r\n") - 1)
#define HOP_BY_HOP                                                                                 \
    (ID(FIELD_CONNECTION) | ID(FIELD_KEEP_ALIVE) | ID(FIELD_PROXY_CONNECTION) | ID(FIELD_TE) |     \
     ID(FIELD_TRANSFER_ENCODING) | ID(FIELD_CONTENT_LENGTH) | ID(FIELD_UPGRADE))

static inline char *put(char *at, struct text text)
{
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

#define PUT(at, literal) (memcpy((at), (literal), sizeof(literal) - 1), (at) + sizeof(literal) - 1)

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    size_t from = sizeof(digits);

    do {
        digits[--from] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return put(at, text_make(digits + from, sizeof(digits) - from));
}

static inline char *put_field(char *at, struct text name, struct text value)
{
    at = put(at, name);
    at = PUT(at, ": ");
    at = put(at, value);
    return PUT(at, "\r\n");
}

static size_t fields_bytes(const struct field_list *fields)
{
    size_t bytes = 0;

    for (size_t i = 0; i < fields->count; i++)
        bytes += fields->lines[i].name.len + fields->lines[i].value.len + FIELD_EXTRA;
    return bytes;
}

static char *put_fields(char *at, const struct field_list *fields, uint32_t without)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (!line->dropped && !(ID(line->id) & without))
            at = put_field(at, line->name, line->value);
    }
    return at;
}

/* The peer's own word for the protocol; it was marked as dropped with the hop-by-hop fields. */
static char *put_upgrade(char *at, const struct field_list *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct field_line *line = &fields->lines[i];

        if (line->id != FIELD_UPGRADE)
            continue;
        at = PUT(at, "Connection: Upgrade\r\n");
        return put_field(at, line->name, line->value);
    }
    return at;
}

/* "name=value" pairs without those named `drop`; nothing at all when none is left. */
static char *put_cookie(char *at, const struct field_line *line, struct text drop)
{
    char *start = at;
    char *first;
    struct text rest = line->value;

    at = put(at, line->name);
    at = PUT(at, ": ");
    first = at;
    while (rest.len) {
        struct text pair;
        struct text name;
        struct text value;

        text_split(rest, ';', &pair, &rest);
        pair = text_trim(pair);
        text_split(pair, '=', &name, &value);
        if (pair.len == 0 || text_equal(text_trim(name), drop))
            continue;
        if (at != first)
            at = PUT(at, "; ");
        at = put(at, pair);
    }
    return at == first ? start : PUT(at, "\r\n");
}

static char *put_cookies(char *at, const struct field_list *fields, struct text drop)
{
    if (!field_list_has(fields, FIELD_COOKIE))
        return at;
    for (size_t i = 0; i < fields->count; i++)
        if (fields->lines[i].id == FIELD_COOKIE && !fields->lines[i].dropped)
            at = put_cookie(at, &fields->lines[i], drop);
    return at;
}

static char *put_length(char *at, bool chunked, bool counted, uint64_t length)
{
    assert(!(chunked && counted)); /* one framing or none */
    if (chunked)
        return PUT(at, "Transfer-Encoding: chunked\r\n");
    if (counted) {
        at = PUT(at, "Content-Length: ");
        at = put_number(at, length);
        at = PUT(at, "\r\n");
    }
    return at;
}

/* RFC 7239: a value with ":" is quoted, an IPv6 address is in brackets too. */
static char *put_forwarded(char *at, const struct request_head *head,
                           const struct forwarding *forwarding)
{
    at = PUT(at, "Forwarded: for=");
    if (forwarding->client_is_ipv6)
        at = PUT(at, "\"[");
    at = put(at, forwarding->client_address);
    if (forwarding->client_is_ipv6)
        at = PUT(at, "]\"");
    at = PUT(at, ";proto=http");
    if (forwarding->https)
        at = PUT(at, "s");
    if (head->authority.len) {
        at = PUT(at, ";host=\"");
        at = put(at, head->authority);
        at = PUT(at, "\"");
    }
    return PUT(at, "\r\n");
}

static char *put_x_forwarded(char *at, const struct request_head *head,
                             const struct forwarding *forwarding)
{
    at = put_field(at, TEXT("X-Forwarded-For"), forwarding->client_address);
    at = PUT(at, "X-Forwarded-Proto: http");
    if (forwarding->https)
        at = PUT(at, "s");
    at = PUT(at, "\r\n");
    if (head->authority.len)
        at = put_field(at, TEXT("X-Forwarded-Host"), head->authority);
    return at;
}

/* Who the client has proven to be. */
static char *put_client(char *at, const struct forwarding *forwarding)
{
    if (forwarding->client_subject.len)
        at = put_field(at, TEXT("X-Client-DN"), forwarding->client_subject);
    if (forwarding->client_cert.len)
        at = put_field(at, TEXT("Client-Cert"), forwarding->client_cert);
    if (forwarding->client_cert_chain.len)
        at = put_field(at, TEXT("Client-Cert-Chain"), forwarding->client_cert_chain);
    return at;
}

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
        ids |= ID(FIELD_TRAILER); /* no place for them */
    if (!forwarding->chunked && !(forwarding->counted && forwarding->length))
        ids |= ID(FIELD_EXPECT); /* RFC 9110 section 10.1.1: not without a body */
    return ids;
}

void h1_write_request(struct buffer *out, const struct request_head *head,
                      const struct forwarding *forwarding)
{
    size_t bound = FIXED_BYTES + head->method_text.len + head->path.len + head->query.len +
                   3 * head->authority.len + 2 * forwarding->client_address.len +
                   forwarding->request_id.len + forwarding->client_subject.len +
                   forwarding->client_cert.len + forwarding->client_cert_chain.len +
                   fields_bytes(&head->fields);
    char *start = buffer_reserve(out, bound);
    char *at = put(start, head->method_text);

    at = PUT(at, " ");
    at = put(at, head->path);
    if (head->has_query)
        at = PUT(at, "?");
    at = put(at, head->query);
    at = PUT(at, " HTTP/1.1\r\n");
    at = put_field(at, TEXT("Host"), head->authority); /* RFC 9112 section 3.2: first, always */
    at = put_fields(at, &head->fields, not_copied(forwarding));
    if (forwarding->drop_cookie.len)
        at = put_cookies(at, &head->fields, forwarding->drop_cookie);
    if (forwarding->x_forwarded)
        at = put_x_forwarded(at, head, forwarding);
    if (forwarding->rfc7239)
        at = put_forwarded(at, head, forwarding);
    if (forwarding->request_id.len)
        at = put_field(at, TEXT("X-Request-Id"), forwarding->request_id);
    at = put_client(at, forwarding);
    at = put_length(at, forwarding->chunked, forwarding->counted, forwarding->length);
    if (forwarding->upgrade)
        at = put_upgrade(at, &head->fields);
    else if (forwarding->accepts_trailers) /* RFC 9110 section 10.1.4: Connection names TE */
        at = PUT(at, "TE: trailers\r\nConnection: TE\r\n");
    at = PUT(at, "\r\n");
    assert((size_t)(at - start) <= bound);
    buffer_grew(out, (size_t)(at - start));
}

static char *put_status_line(char *at, const struct response_head *head)
{
    at = PUT(at, "HTTP/1.1 ");
    at = put_number(at, (uint64_t)head->status);
    at = PUT(at, " ");
    at = put(at, head->reason);
    return PUT(at, "\r\n");
}

void h1_write_response(struct buffer *out, const struct response_head *head,
                       const struct response_forwarding *forwarding)
{
    size_t bound = FIXED_BYTES + head->reason.len + fields_bytes(&head->fields) +
                   forwarding->hsts.len + forwarding->set_cookie.len;
    char *start = buffer_reserve(out, bound);
    char *at = put_status_line(start, head);
    uint32_t without = HOP_BY_HOP;

    assert(!(forwarding->chunked && forwarding->minor_version == 0));
    if (forwarding->hsts.len)
        without |= ID(FIELD_STRICT_TRANSPORT_SECURITY);
    if (!forwarding->chunked)
        without |= ID(FIELD_TRAILER);
    at = put_fields(at, &head->fields, without);
    if (forwarding->hsts.len)
        at = put_field(at, TEXT("Strict-Transport-Security"), forwarding->hsts);
    if (forwarding->set_cookie.len)
        at = put_field(at, TEXT("Set-Cookie"), forwarding->set_cookie);
    at = put_length(at, forwarding->chunked, forwarding->counted, forwarding->length);
    if (forwarding->upgrade)
        at = put_upgrade(at, &head->fields);
    else if (forwarding->close)
        at = PUT(at, "Connection: close\r\n");
    else if (forwarding->keep_alive_for_1_0)
        at = PUT(at, "Connection: keep-alive\r\n");
    at = PUT(at, "\r\n");
    assert((size_t)(at - start) <= bound);
    buffer_grew(out, (size_t)(at - start));
}

void h1_write_interim(struct buffer *out, const struct response_head *head)
{
    struct response_head cleaned = *head; /* its lines are marked in place */
    char *start = buffer_reserve(out, FIXED_BYTES + head->reason.len + fields_bytes(&head->fields));
    char *at = put_status_line(start, head);

    forwarding_clean_response(&cleaned);
    at = put_fields(at, &cleaned.fields, HOP_BY_HOP | ID(FIELD_TRAILER));
    at = PUT(at, "\r\n");
    buffer_grew(out, (size_t)(at - start));
}

void h1_write_last_chunk(struct buffer *out, const struct field_list *trailers)
{
    char *start = buffer_reserve(out, FIXED_BYTES + fields_bytes(trailers));
    char *at = PUT(start, "0\r\n");

    for (size_t i = 0; i < trailers->count; i++) {
        const struct field_line *line = &trailers->lines[i];

        if (!line->dropped && field_may_be_trailer(line))
            at = put_field(at, line->name, line->value);
    }
    at = PUT(at, "\r\n");
    buffer_grew(out, (size_t)(at - start));
}
