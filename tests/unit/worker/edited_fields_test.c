/* What the mapping file may edit, against what the parsers and writers take for their own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/head.h"
#include "model/text_check.h"

/* One name for each id that our own code looks at. A new id needs a row. */
static const struct {
    const char *name;
    enum field_id id;
    bool may_be_edited;
} rows[] = {
    { "Accept", FIELD_OTHER, true },
    { "Host", FIELD_HOST, false },
    { "Connection", FIELD_CONNECTION, false },
    { "Content-Length", FIELD_CONTENT_LENGTH, false },
    { "Transfer-Encoding", FIELD_TRANSFER_ENCODING, false },
    { "TE", FIELD_TE, false },
    { "Trailer", FIELD_TRAILER, false },
    { "Upgrade", FIELD_UPGRADE, false },
    { "Expect", FIELD_EXPECT, false },
    { "Keep-Alive", FIELD_KEEP_ALIVE, false },
    { "Proxy-Connection", FIELD_PROXY_CONNECTION, false },
    { "Proxy-Authenticate", FIELD_PROXY_AUTHENTICATE, false },
    { "Proxy-Authorization", FIELD_PROXY_AUTHORIZATION, false },
    { "Forwarded", FIELD_FORWARDED, false },
    { "X-Forwarded-For", FIELD_X_FORWARDED, false },
    { "Remote-User", FIELD_IDENTITY, true }, /* of an operator or of a service that was asked */
    { "X-Request-Id", FIELD_X_REQUEST_ID, false },
    { "traceparent", FIELD_TRACEPARENT, true },
    { "tracestate", FIELD_TRACESTATE, true },
    { "Cookie", FIELD_COOKIE, true },
    { "Authorization", FIELD_AUTHORIZATION, true },
    { "Strict-Transport-Security", FIELD_STRICT_TRANSPORT_SECURITY, false },
    { "Set-Cookie", FIELD_SET_COOKIE, true },
    { "Sec-WebSocket-Key", FIELD_SEC_WEBSOCKET, false },
    /* what swarmward proves is its own to say */
    { "Client-Cert", FIELD_IDENTITY, false },
    { "Client-Cert-Chain", FIELD_IDENTITY, false },
    { "X-Client-DN", FIELD_IDENTITY, false },
    { "Proxy", FIELD_IDENTITY, false },
    { "HTTP2-Settings", FIELD_IDENTITY, false },
    { "Content-Encoding", FIELD_OTHER, false },
    { "Content-Range", FIELD_OTHER, false },
};

static void what_is_our_own_can_not_be_edited(void **state)
{
    uint32_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text name = text_of(rows[i].name);
        struct err err;

        if (field_identify(name) != rows[i].id)
            fail_msg("%s has another id", rows[i].name);
        if ((text_check_edited_field(name, &err) == 0) != rows[i].may_be_edited)
            fail_msg("%s", rows[i].name);
        seen |= 1U << rows[i].id;
    }
    for (int id = 0; id < FIELD_ID_COUNT; id++)
        if (!(seen & 1U << id))
            fail_msg("no row has id %d", id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_our_own_can_not_be_edited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
