/* Requests for signatures as bytes, and which of them a server of TLS could have. */

#include "ipc/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CONTEXT "TLS 1.3, server CertificateVerify"

static struct sign_request a_request(void)
{
    struct sign_request request = {
        .id = 7,
        .scheme = SIGN_ECDSA_SHA256,
        .key = { 1, 2, 3 },
        .message_bytes = 64 + sizeof(CONTEXT) + 32,
    };

    memset(request.message, ' ', 64);
    memcpy(request.message + 64, CONTEXT, sizeof(CONTEXT));
    memset(request.message + 64 + sizeof(CONTEXT), 0xaa, 32);
    return request;
}

/* ServerKeyExchange of TLS 1.2 with X25519. */
static struct sign_request an_older_request(void)
{
    struct sign_request request = { .scheme = SIGN_RSA_PKCS1_SHA256, .message_bytes = 64 + 4 + 32 };

    memset(request.message, 0x55, request.message_bytes);
    memcpy(request.message + 64, "\x03\x00\x1d\x20", 4);
    return request;
}

static void a_request_comes_out_as_it_went_in(void **state)
{
    struct sign_request sent = a_request();
    struct sign_request got;
    struct buffer bytes = { 0 };
    struct text body;

    (void)state;
    sign_request_put(&bytes, &sent);
    sign_request_put(&bytes, &sent);
    assert_int_equal(buffer_len(&bytes), 2 * SIGN_REQUEST_BYTES);
    body = buffer_text(&bytes);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sign_request_get(&body, &got), 0);
        assert_int_equal(got.id, sent.id);
        assert_int_equal(got.scheme, sent.scheme);
        assert_int_equal(got.message_bytes, sent.message_bytes);
        assert_memory_equal(got.key, sent.key, sizeof(sent.key));
        assert_memory_equal(got.message, sent.message, sizeof(sent.message));
    }
    assert_int_equal(body.len, 0);
    buffer_done(&bytes);
}

static void what_is_cut_or_out_of_bounds_is_no_request(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
    } wrong[] = {
        { 8, 0 },
        { 8, 0x0402 },
        { 8, 0x0201 /* SHA-1 */ },
        { 8, 0x0807 /* Ed25519 */ },
        { 12, 0 },
        { 12, SIGN_MESSAGE_BYTES + 1 },
        { 12, UINT32_MAX },
    };
    struct sign_request sent = a_request();
    struct sign_request got;
    struct buffer bytes = { 0 };

    (void)state;
    sign_request_put(&bytes, &sent);
    for (size_t cut = 0; cut < SIGN_REQUEST_BYTES; cut++) {
        struct text body = text_first(buffer_text(&bytes), cut);

        assert_int_equal(sign_request_get(&body, &got), -1);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char copy[SIGN_REQUEST_BYTES];
        struct text body = text_make(copy, sizeof(copy));

        memcpy(copy, buffer_text(&bytes).at, sizeof(copy));
        for (size_t byte = 0; byte < 4; byte++)
            copy[wrong[i].at + byte] = (char)(wrong[i].value >> 8 * byte);
        assert_int_equal(sign_request_get(&body, &got), -1);
    }
    buffer_done(&bytes);
}

static void an_answer_keeps_its_signature(void **state)
{
    char signature[SIGN_SIGNATURE_BYTES + 1] = "signature";
    struct sign_answer sent = { .id = 9, .signature = text_make(signature, SIGN_SIGNATURE_BYTES) };
    struct sign_answer got;
    struct buffer bytes = { 0 };
    struct text body;

    (void)state;
    sign_answer_put(&bytes, &sent);
    body = buffer_text(&bytes);
    assert_int_equal(sign_answer_get(&body, &got), 0);
    assert_int_equal(got.id, 9);
    assert_true(text_equal(got.signature, sent.signature));
    for (size_t cut = 0; cut < buffer_len(&bytes); cut++) {
        body = text_first(buffer_text(&bytes), cut);
        assert_int_equal(sign_answer_get(&body, &got), -1);
    }
    bytes.bytes[bytes.start + 8] = 1; /* one more than the most: 1025 */
    buffer_append_byte(&bytes, 'x');
    body = buffer_text(&bytes);
    assert_int_equal(sign_answer_get(&body, &got), -1);
    buffer_done(&bytes);
}

static void a_server_of_tls_signs_this(void **state)
{
    struct sign_request request = a_request();

    (void)state;
    assert_true(sign_request_is_tls_server(&request));
    request.message_bytes += 16; /* SHA-384 of the handshake */
    assert_true(sign_request_is_tls_server(&request));
    request = an_older_request();
    assert_true(sign_request_is_tls_server(&request));
    request.message[67] = 133; /* P-521 */
    request.message_bytes = 64 + 4 + 133;
    assert_true(sign_request_is_tls_server(&request));
}

static void and_nothing_else(void **state)
{
    struct sign_request request = a_request();

    (void)state;
    for (size_t i = 0; i < 64 + sizeof(CONTEXT); i++) {
        request = a_request();
        request.message[i] ^= 1;
        assert_false(sign_request_is_tls_server(&request));
    }
    request = a_request();
    assert_false(sign_request_is_tls_client(&request));
    memcpy(request.message + 64 + 9, "client", 6); /* a client's CertificateVerify */
    assert_false(sign_request_is_tls_server(&request));
    assert_true(sign_request_is_tls_client(&request));
    request.scheme = SIGN_RSA_PKCS1_SHA256;
    assert_false(sign_request_is_tls_client(&request));
    for (size_t bytes = 1; bytes <= SIGN_MESSAGE_BYTES; bytes++) {
        request = a_request();
        request.message_bytes = bytes;
        if (bytes != 64 + sizeof(CONTEXT) + 32 && bytes != 64 + sizeof(CONTEXT) + 48)
            assert_false(sign_request_is_tls_server(&request));
        request = an_older_request();
        request.message_bytes = bytes;
        if (bytes != 64 + 4 + 32)
            assert_false(sign_request_is_tls_server(&request));
    }
    request = a_request();
    request.scheme = SIGN_RSA_PKCS1_SHA256; /* not in TLS 1.3 */
    assert_false(sign_request_is_tls_server(&request));
    request = an_older_request();
    request.message[64] = 1; /* explicit_prime */
    assert_false(sign_request_is_tls_server(&request));
    request = an_older_request();
    request.message[67] = 31;
    request.message_bytes--;
    assert_false(sign_request_is_tls_server(&request));
}

static void a_digest_is_as_long_as_its_hash(void **state)
{
    static const struct {
        enum sign_scheme scheme;
        size_t bytes;
    } cases[] = {
        { SIGN_ECDSA_SHA256, 32 },   { SIGN_ECDSA_SHA384, 48 },   { SIGN_ECDSA_SHA512, 64 },
        { SIGN_RSA_PSS_SHA256, 32 }, { SIGN_RSA_PSS_SHA384, 48 }, { SIGN_RSA_PKCS1_SHA512, 64 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t bytes = 1; bytes <= SIGN_MESSAGE_BYTES; bytes++) {
            struct sign_request request = a_request();

            request.scheme = cases[i].scheme;
            request.message_bytes = bytes;
            assert_int_equal(sign_request_is_digest(&request), bytes == cases[i].bytes);
            if (bytes == cases[i].bytes) /* so that nothing is both */
                assert_false(sign_request_is_tls_server(&request));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_out_as_it_went_in),
        cmocka_unit_test(what_is_cut_or_out_of_bounds_is_no_request),
        cmocka_unit_test(an_answer_keeps_its_signature),
        cmocka_unit_test(a_server_of_tls_signs_this),
        cmocka_unit_test(and_nothing_else),
        cmocka_unit_test(a_digest_is_as_long_as_its_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
