/* The digest of WebSocket's handshake, by the example of RFC 6455. */

#include "tls/websocket_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_example_of_rfc_6455_section_1_3(void **state)
{
    char accept[WEBSOCKET_ACCEPT_BYTES];

    (void)state;
    websocket_key_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void each_key_is_another(void **state)
{
    char key[2][WEBSOCKET_KEY_BYTES];
    char accept[2][WEBSOCKET_ACCEPT_BYTES];
    char again[WEBSOCKET_ACCEPT_BYTES];

    (void)state;
    websocket_key_make(key[0], accept[0]);
    websocket_key_make(key[1], accept[1]);
    assert_int_equal(strlen(key[0]), WEBSOCKET_KEY_BYTES - 1);
    assert_string_not_equal(key[0], key[1]);
    websocket_key_accept(key[1], again);
    assert_string_equal(again, accept[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_6455_section_1_3),
        cmocka_unit_test(each_key_is_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
