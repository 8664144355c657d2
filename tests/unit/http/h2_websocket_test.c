/* WebSocket towards backends that speak HTTP/2: what a request for it becomes (RFC 8441). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "h2_peer.h"

static struct h2_peer *client(void)
{
    struct h2_peer *peer = peer_new(H2_CLIENT);

    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, TEXT_NONE);
    assert_int_equal(peer_feed(peer), 0);
    return peer;
}

/* RFC 8441: no key, no length, no end; what else is WebSocket's goes on. */
static void an_upgrade_leaves_as_an_extended_connect(void **state)
{
    struct field_line lines[] = {
        { TEXT("Upgrade"), TEXT("websocket"), .id = FIELD_UPGRADE, .dropped = true },
        { TEXT("Sec-WebSocket-Key"), TEXT("a"), .id = FIELD_SEC_WEBSOCKET },
        { TEXT("Sec-WebSocket-Version"), TEXT("13"), .id = FIELD_SEC_WEBSOCKET },
        { TEXT("Sec-WebSocket-Protocol"), TEXT("x"), .id = FIELD_SEC_WEBSOCKET, .dropped = true },
        { TEXT("Origin"), TEXT("o"), .id = FIELD_OTHER },
    };
    const struct request_head head = {
        .method = METHOD_GET,
        .method_text = TEXT("GET"),
        .authority = TEXT("a.test"),
        .path = TEXT("/chat"),
        .fields = { lines, COUNT(lines), 0, 1U << FIELD_SEC_WEBSOCKET },
    };
    const struct forwarding forwarding = { .https = true, .upgrade = true, .counted = true };
    struct h2_peer *peer = client();

    (void)state;
    assert_false(h2_session_takes_websocket(peer->session));
    peer_frame(peer, NGHTTP2_SETTINGS, 0, 0, text_make("\0\x08\0\0\0\x01", 6));
    assert_int_equal(peer_feed(peer), 0);
    buffer_clear(&peer->out); /* the preface, and what answers SETTINGS */
    assert_true(h2_session_takes_websocket(peer->session));
    assert_non_null(h2_session_request(peer->session, &head, &forwarding, false, peer));
    buffer_clear(&peer->frames);
    assert_int_equal(peer_feed(peer), 0); /* packs */
    peer_expect_frames(peer, "request",
                       "HEADERS 1 :method=CONNECT :protocol=websocket :scheme=https "
                       ":authority=a.test :path=/chat origin=o sec-websocket-version=13\n");
    peer_headers(peer, 0, 1, ":status: 200\ncontent-length: 1");
    peer_frame(peer, NGHTTP2_DATA, 0, 1, TEXT("more"));
    assert_int_equal(peer_feed(peer), 0);
    peer_expect(peer, "a tunnel", "response 200 tunnel content-length=1\ndata 4\n");
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_leaves_as_an_extended_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
