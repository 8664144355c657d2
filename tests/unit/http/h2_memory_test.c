/* What a session of HTTP/2 says that it holds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "h2_peer.h"

/* A head that did not leave is held by nghttp2, which counts as all else. */
static void what_a_session_holds_is_known(void **state)
{
    struct h2_peer *peer = peer_new(H2_SERVER);
    char *large = memory_new(20000);
    struct field_line line = { .name = TEXT("x-a"), .value = text_make(large, 20000) };
    struct response_head head = { .status = 200, .fields = { .lines = &line, .count = 1 } };
    struct response_forwarding forwarding = { .minor_version = 1 };
    struct h2_stream *stream;
    size_t before;

    (void)state;
    peer_get(peer, 1);
    assert_int_equal(peer_feed(peer), 0);
    stream = peer->last;
    before = h2_session_memory(peer->session);
    memset(large, 'a', 20000);
    h2_stream_respond(stream, &head, &forwarding, false);
    assert_in_range(h2_session_memory(peer->session) - before, 20000, 80000);
    h2_stream_send(stream, text_make(large, 20000));
    h2_session_pack(peer->session, NULL, 1000); /* nothing leaves now, and the piece is kept */
    assert_in_range(h2_stream_memory(stream), 20000, 40000);
    assert_in_range(h2_session_memory(peer->session) - before, 40000, 120000);
    buffer_clear(&peer->frames);
    assert_int_equal(peer_feed(peer), 0);
    h2_stream_end(stream, NULL);
    buffer_clear(&peer->frames);
    assert_int_equal(peer_feed(peer), 0);
    peer_drop_frames(peer);
    assert_in_range(h2_session_memory(peer->session), 1, before + 40000); /* HPACK's, and buffers */
    free(large);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_session_holds_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
