#ifndef SWARMWARD_HTTP_HEAD_H
#define SWARMWARD_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

/*
 * A request or response head as views of bytes that somebody else holds, and the ordered list of
 * its fields. Both codecs, HTTP/1.1 and HTTP/2, speak in these.
 */

/* Fields that our own code looks at, found by the parser once; everything else is FIELD_OTHER. */
enum field_id {
    FIELD_OTHER,
    FIELD_HOST,
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_TE,
    FIELD_TRAILER,
    FIELD_UPGRADE,
    FIELD_EXPECT,
    FIELD_KEEP_ALIVE,
    FIELD_PROXY_CONNECTION,
    FIELD_PROXY_AUTHENTICATE,
    FIELD_PROXY_AUTHORIZATION,
    FIELD_FORWARDED,
    FIELD_X_FORWARDED, /* X-Forwarded-For, -Proto, -Host, -Port, -Server, -Prefix, ... */
    FIELD_IDENTITY,    /* other names by which a proxy vouches for a client: X-Real-IP, ... */
    FIELD_X_REQUEST_ID,
    FIELD_TRACEPARENT,
    FIELD_TRACESTATE,
    FIELD_COOKIE,
    FIELD_AUTHORIZATION,
    FIELD_STRICT_TRANSPORT_SECURITY,
    FIELD_SET_COOKIE,
    FIELD_SEC_WEBSOCKET, /* Sec-WebSocket-* */
    FIELD_ID_COUNT,
};

struct field_line {
    struct text name;
    struct text value; /* without the white space around it */
    enum field_id id;
    bool dropped;  /* not to be forwarded */
    bool odd_name; /* something else than letters, digits and "-" is in the name */
};

#define FIELD_LINES_MAX 512 /* hard ceiling; the limit in force is h1_limits.fields */

struct field_list {
    /* owned by an arena or the heap of whoever made it */
    struct field_line *lines;
    size_t count;
    size_t capacity;
    uint32_t present; /* bit per enum field_id */
};

enum http_method {
    METHOD_OTHER,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_PATCH,
    METHOD_TRACE,
    METHOD_CONNECT,
};

struct request_head {
    enum http_method method;
    struct text method_text;
    struct text target; /* as it came: origin-form, absolute-form, "*" */
    struct text scheme; /* of an absolute-form target, case as it came; else "" */
    /* Settled by the parser from target and Host (RFC 9112 section 3.3). */
    struct text host;      /* without port and final dot; case as it came; "" in 1.0 only */
    uint16_t port;         /* 0: not given */
    struct text authority; /* host and port as they came */
    struct text path;      /* begins with "/", or "*" */
    struct text query;     /* behind "?", without it; may be empty */
    bool has_query;
    int minor_version;    /* HTTP/1.x; 1 for HTTP/2 */
    struct text protocol; /* HTTP/2: of an extended CONNECT (RFC 8441), else "" */
    struct field_list fields;
};

struct response_head {
    int status;
    struct text reason;
    int minor_version;
    struct field_list fields;
};

bool method_is_idempotent(enum http_method method); /* RFC 9110 section 9.2.2 */

enum field_id field_identify(struct text name);
/* The first field with this id that is not dropped, or NULL. */
const struct field_line *field_list_find(const struct field_list *fields, enum field_id id);
const struct field_line *field_list_find_name(const struct field_list *fields, struct text name);
static inline bool field_list_has(const struct field_list *fields, enum field_id id)
{
    return fields->present & 1U << id;
}
/* Grows in `arena`. */
void field_list_add(struct field_list *fields, struct arena *arena, struct text name,
                    struct text value);
/* Does a comma-separated field (all its lines together, also dropped ones) name `token`? Without
 * case. */
bool field_list_has_token(const struct field_list *fields, enum field_id id, struct text token);

/*
 * Move a head whose views point into [from, from + len) over to a copy of those bytes at `to`, its
 * field lines into `arena`: a head that was parsed in a receive buffer becomes one that lasts.
 */
void request_head_rebase(struct request_head *head, const char *from, size_t len, const char *to,
                         struct arena *arena);
void response_head_rebase(struct response_head *head, const char *from, size_t len, const char *to,
                          struct arena *arena);

#endif
