/*
 * Names of fields: the ids that our own code looks at, the one table of names by which a proxy
 * vouches for a client, and what may not be a trailer. Called once for each field of each message,
 * so it is a switch on the length and the first letter. No state.
 */

#include "field_names.h"

#include "h1_bytes.h"

#define ALIAS_BYTES 64 /* longer than every name known here */

/* `lower` has letters, digits and "-" only, so one bit makes the case equal and nothing else. */
static inline bool same(const char *name, const char *lower, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((name[i] | 0x20) != lower[i])
            return false;
    return true;
}

struct known_name {
    const char *lower;
    uint8_t len;
    bool prefix; /* every name that begins like this */
};

#define NAME(literal)                                                                              \
    {                                                                                              \
        .lower = (literal), .len = sizeof(literal) - 1                                             \
    }
#define PREFIX(literal)                                                                            \
    {                                                                                              \
        .lower = (literal), .len = sizeof(literal) - 1, .prefix = true                             \
    }

/*
 * FIELD_IDENTITY: what proxies write for backends to believe (who the client is, what it asked for,
 * how it was authenticated), and what redirects a backend's own proxying. A client may send none of
 * them. Sorted by first letter. X-Forwarded-* and Forwarded have ids of their own.
 */
static const struct known_name identity_names[] = {
    PREFIX("cf-connecting-ip"), /* Cloudflare, and -ipv6 */
    NAME("cf-ipcountry"),
    NAME("cf-pseudo-ipv4"),
    NAME("cf-visitor"),
    PREFIX("client-cert"), /* RFC 9440, and -chain */
    NAME("client-ip"),
    NAME("fastly-client-ip"),
    NAME("front-end-https"),
    NAME("http2-settings"), /* only for an upgrade to h2c, which never happens (framing.c) */
    NAME("proxy"),          /* HTTP_PROXY: CVE-2016-5385 */
    NAME("proxy-client-ip"),
    PREFIX("remote-"), /* Remote-User, -Addr, -Groups, -Name, -Email */
    PREFIX("ssl-client-"),
    NAME("true-client-ip"),
    NAME("wl-proxy-client-ip"),
    NAME("wl-proxy-ssl"),
    NAME("x-appengine-user-ip"),
    PREFIX("x-arr-"), /* IIS ARR: X-ARR-SSL, X-ARR-ClientCert, X-ARR-LOG-ID */
    PREFIX("x-auth-request-"),
    PREFIX("x-authenticated-"),
    NAME("x-azure-clientip"),
    NAME("x-azure-socketip"),
    PREFIX("x-client-cert"),
    PREFIX("x-client-dn"),
    NAME("x-client-ip"),
    PREFIX("x-client-verify"),
    NAME("x-clientip"),
    NAME("x-cluster-client-ip"),
    NAME("x-envoy-external-address"),
    NAME("x-host"),
    NAME("x-http-host-override"),
    PREFIX("x-original-"), /* -URL, -Host, -Forwarded-For, -Remote-Addr */
    NAME("x-originating-ip"),
    NAME("x-proxyuser-ip"),
    NAME("x-real-ip"),
    PREFIX("x-remote-"), /* -User, -Addr, -IP, -Group */
    NAME("x-rewrite-url"),
    NAME("x-scheme"),
    PREFIX("x-ssl-"), /* X-SSL-Client-Cert, -DN, -Verify, X-SSL-Cipher */
    NAME("x-url-scheme"),
};

#define LETTER(c) (1U << ((c) - 'a'))
static const uint32_t identity_letters = LETTER('c') | LETTER('f') | LETTER('h') | LETTER('p') |
                                         LETTER('r') | LETTER('s') | LETTER('t') | LETTER('w') |
                                         LETTER('x');

static bool is_known(const struct known_name *known, struct text name)
{
    if (known->prefix ? name.len < known->len : name.len != known->len)
        return false;
    return same(name.at, known->lower, known->len);
}

static enum field_id identify_other(struct text name)
{
    char first = (char)(name.at[0] | 0x20);

    if (first < 'a' || first > 'z' || !(identity_letters & LETTER(first)))
        return FIELD_OTHER;
    if (first == 'x' && name.len >= 11 && same(name.at, "x-forwarded", 11))
        return FIELD_X_FORWARDED;
    if (first == 's' && name.len > 14 && same(name.at, "sec-websocket-", 14))
        return FIELD_SEC_WEBSOCKET;
    for (size_t i = 0; i < sizeof(identity_names) / sizeof(identity_names[0]); i++) {
        const struct known_name *known = &identity_names[i];

        if (known->lower[0] < first)
            continue;
        if (known->lower[0] > first)
            break;
        if (is_known(known, name))
            return FIELD_IDENTITY;
    }
    return FIELD_OTHER;
}

#define IS(literal, id)                                                                            \
    if (same(name.at, (literal), sizeof(literal) - 1))                                             \
    return (id)

static enum field_id identify_ten(struct text name)
{
    IS("connection", FIELD_CONNECTION);
    IS("keep-alive", FIELD_KEEP_ALIVE);
    IS("set-cookie", FIELD_SET_COOKIE);
    IS("tracestate", FIELD_TRACESTATE);
    return FIELD_OTHER;
}

static enum field_id identify_short(struct text name)
{
    switch (name.len) {
    case 2:
        IS("te", FIELD_TE);
        break;
    case 4:
        IS("host", FIELD_HOST);
        break;
    case 6:
        IS("cookie", FIELD_COOKIE);
        IS("expect", FIELD_EXPECT);
        break;
    case 7:
        IS("upgrade", FIELD_UPGRADE);
        IS("trailer", FIELD_TRAILER);
        break;
    case 9:
        IS("forwarded", FIELD_FORWARDED);
        break;
    default:
        break;
    }
    return FIELD_OTHER;
}

static enum field_id identify_long(struct text name)
{
    switch (name.len) {
    case 11:
        IS("traceparent", FIELD_TRACEPARENT);
        break;
    case 12:
        IS("x-request-id", FIELD_X_REQUEST_ID);
        break;
    case 13:
        IS("authorization", FIELD_AUTHORIZATION);
        break;
    case 14:
        IS("content-length", FIELD_CONTENT_LENGTH);
        break;
    case 16:
        IS("proxy-connection", FIELD_PROXY_CONNECTION);
        break;
    case 17:
        IS("transfer-encoding", FIELD_TRANSFER_ENCODING);
        break;
    case 18:
        IS("proxy-authenticate", FIELD_PROXY_AUTHENTICATE);
        break;
    case 19:
        IS("proxy-authorization", FIELD_PROXY_AUTHORIZATION);
        break;
    case 25:
        IS("strict-transport-security", FIELD_STRICT_TRANSPORT_SECURITY);
        break;
    default:
        break;
    }
    return FIELD_OTHER;
}

enum field_id field_identify(struct text name)
{
    enum field_id id;

    if (name.len < 2)
        return FIELD_OTHER;
    id = name.len < 10    ? identify_short(name)
         : name.len == 10 ? identify_ten(name)
                          : identify_long(name);
    return id != FIELD_OTHER || name.len < 5 ? id : identify_other(name);
}

/* All marks as "-"; cut at the room, which is longer than every name and prefix known here. */
static struct text plain_spelling(struct text name, char room[ALIAS_BYTES])
{
    size_t len = name.len < ALIAS_BYTES ? name.len : ALIAS_BYTES;

    for (size_t i = 0; i < len; i++)
        room[i] = (char)(byte_is(name.at[i], BYTE_PLAIN) ? name.at[i] : '-');
    return text_make(room, len);
}

enum field_id field_identify_alias(struct text name)
{
    char room[ALIAS_BYTES];

    return field_identify(plain_spelling(name, room));
}

/*
 * Besides all that has an id: RFC 9110 section 6.5.1 forbids fields that are needed for framing,
 * routing, request modifiers, authentication, response control, or that say how to process content.
 */
static const struct known_name not_trailers[] = {
    NAME("accept"),
    PREFIX("accept-"),
    NAME("age"),
    NAME("allow"),
    NAME("cache-control"),
    PREFIX("content-"),
    NAME("date"),
    NAME("expires"),
    NAME("from"),
    PREFIX("if-"),
    NAME("location"),
    NAME("max-forwards"),
    NAME("origin"),
    NAME("pragma"),
    PREFIX("proxy-"),
    NAME("range"),
    NAME("referer"),
    NAME("retry-after"),
    NAME("user-agent"),
    NAME("vary"),
    NAME("via"),
    NAME("warning"),
    NAME("www-authenticate"),
};

bool field_may_be_trailer(const struct field_line *line)
{
    char room[ALIAS_BYTES];
    struct text name = plain_spelling(line->name, room);

    if (field_identify(name) != FIELD_OTHER)
        return false;
    for (size_t i = 0; i < sizeof(not_trailers) / sizeof(not_trailers[0]); i++)
        if (is_known(&not_trailers[i], name))
            return false;
    return true;
}
