/*
 * Where a request goes: target and Host together (RFC 9112 sections 3.2 and 3.3), stricter than
 * the grammar so that no backend can read another authority out of the same bytes. Called by the
 * parser when a head is complete; the path is cut, not normalised (http_path.c).
 */

#include "h1_target.h"

#include "h1_bytes.h"

#define HOST_BYTES_MAX 255
#define IPV6_BYTES_MAX 45

struct authority {
    struct text all;
    struct text host;
    uint16_t port;
};

static int refuse(struct h1_refusal *refusal, const char *reason)
{
    *refusal = (struct h1_refusal){ .status = 400, .reason = reason };
    return -1;
}

/* ":443" or nothing. An empty port, port 0 and leading zeros are written by nobody honest. */
static bool read_port(struct text text, uint16_t *port_out)
{
    uint64_t port = 0;

    if (text.len) {
        if (text.at[0] != ':' || text.len > 6 || text_from(text, 1).at[0] == '0')
            return false;
        if (!text_to_u64(text_from(text, 1), &port) || port > UINT16_MAX)
            return false;
    }
    *port_out = (uint16_t)port;
    return true;
}

/* "[...]" at the front. No name is mapped to an address, so the digits are not looked at closely.
 */
static bool read_ipv6(struct text text, struct text *host_out, struct text *rest_out)
{
    size_t close = text_find(text, ']');
    size_t colons = 0;

    if (close == text.len || close > IPV6_BYTES_MAX + 1)
        return false;
    for (size_t i = 1; i < close; i++) {
        if (!byte_is(text.at[i], BYTE_HEX) && text.at[i] != ':' && text.at[i] != '.')
            return false;
        colons += text.at[i] == ':';
    }
    *host_out = text_first(text, close + 1);
    *rest_out = text_from(text, close + 1);
    return colons >= 2;
}

/*
 * A name of letters, digits, "-", "_" and dots between labels; one dot at the end is cut off.
 * The grammar also allows percent escapes and sub-delims ("a,b", "a;b"): no real name has them.
 */
static bool read_name(struct text text, struct text *host_out, struct text *rest_out)
{
    size_t len = text_find(text, ':');
    struct text host = text_first(text, len);

    *rest_out = text_from(text, len);
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len > HOST_BYTES_MAX || host.at[0] == '.' ||
        host.at[host.len - 1] == '.' || !h1_all_bytes_are(host, BYTE_NAME))
        return false;
    for (size_t i = 1; i < host.len; i++)
        if (host.at[i] == '.' && host.at[i - 1] == '.')
            return false;
    *host_out = host;
    return true;
}

/* No user information: "@" is in neither grammar. */
static bool read_authority(struct text text, struct authority *out)
{
    struct text rest = TEXT_NONE;
    bool good = text.len && text.at[0] == '[' ? read_ipv6(text, &out->host, &rest)
                                              : read_name(text, &out->host, &rest);

    out->all = text;
    return good && read_port(rest, &out->port);
}

static void set_path(struct request_head *head, struct text text)
{
    head->has_query = text_split(text, '?', &head->path, &head->query);
}

/* RFC 9112 section 3.2.2. `*authority_out` is filled. */
static int read_absolute(struct request_head *head, struct authority *authority_out,
                         struct h1_refusal *refusal)
{
    size_t colon = text_find(head->target, ':');
    struct text rest = text_from(head->target, colon);
    size_t end = 0;

    head->scheme = text_first(head->target, colon);
    if (!text_starts(rest, TEXT("://")))
        return refuse(refusal, "bad_target");
    if (!text_equal_nocase(head->scheme, TEXT("https")) &&
        !text_equal_nocase(head->scheme, TEXT("http")))
        return refuse(refusal, "bad_target_scheme");
    rest = text_from(rest, 3);
    while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
        end++;
    if (!read_authority(text_first(rest, end), authority_out))
        return refuse(refusal, "bad_target_authority");
    set_path(head, text_from(rest, end));
    if (head->path.len == 0) /* section 3.2.4 for OPTIONS, section 3.2.1 for the others */
        head->path = head->method == METHOD_OPTIONS && !head->has_query ? TEXT("*") : TEXT("/");
    return 0;
}

static uint16_t port_or_default(uint16_t port, struct text scheme)
{
    if (port)
        return port;
    return text_equal_nocase(scheme, TEXT("https")) ? 443 : 80;
}

/* RFC 9112 section 3.2: one Host, always there in 1.1. */
static int read_host_field(const struct request_head *head, bool required, struct authority *out,
                           struct h1_refusal *refusal)
{
    const struct field_line *host = field_list_find(&head->fields, FIELD_HOST);
    size_t count = 0;

    if (!host)
        return required ? refuse(refusal, "host_missing") : 0;
    for (size_t i = 0; i < head->fields.count; i++)
        count += head->fields.lines[i].id == FIELD_HOST;
    if (count > 1)
        return refuse(refusal, "host_repeated");
    if (!read_authority(host->value, out))
        return refuse(refusal, "bad_host");
    return 0;
}

/* `settled` is Host or what stands above it: the authority of the target. */
static int settle(struct request_head *head, const struct authority *settled,
                  const struct authority *host, struct h1_refusal *refusal)
{
    /* RFC 9112 section 3.2.2 would ignore Host; a backend that does not would be led astray. */
    if (settled != host && host->all.len &&
        (!text_equal_nocase(host->host, settled->host) ||
         port_or_default(host->port, head->scheme) != port_or_default(settled->port, head->scheme)))
        return refuse(refusal, "host_differs_from_target");
    head->host = settled->host;
    head->port = settled->port;
    head->authority = settled->all;
    return 0;
}

int h1_settle_target(struct request_head *head, struct h1_refusal *refusal)
{
    struct authority target = { 0 };
    struct authority host = { 0 };
    struct authority *settled = &host;

    if (head->target.at[0] == '/') {
        set_path(head, head->target);
    } else if (text_equal(head->target, TEXT("*"))) {
        if (head->method != METHOD_OPTIONS)
            return refuse(refusal, "asterisk_without_options");
        head->path = head->target;
    } else {
        if (read_absolute(head, &target, refusal) < 0)
            return -1;
        settled = &target;
    }
    if (read_host_field(head, head->minor_version == 1, &host, refusal) < 0)
        return -1;
    return settle(head, settled, &host, refusal);
}

/* RFC 9113 section 8.3.1. */
int h2_settle_target(struct request_head *head, bool has_authority, struct h1_refusal *refusal)
{
    struct authority target = { 0 };
    struct authority host = { 0 };

    if (has_authority && !read_authority(head->authority, &target))
        return refuse(refusal, "bad_target_authority");
    if (head->target.at[0] == '/')
        set_path(head, head->target);
    else if (!text_equal(head->target, TEXT("*")))
        return refuse(refusal, "bad_target");
    else if (head->method != METHOD_OPTIONS)
        return refuse(refusal, "asterisk_without_options");
    else
        head->path = head->target;
    if (read_host_field(head, !has_authority, &host, refusal) < 0)
        return -1;
    return settle(head, has_authority ? &target : &host, &host, refusal);
}
