/*
 * What a worker may send to swarmward-keys: whatever comes, it is no request, or one that encodes
 * to the same bytes again; and only what a server of TLS signs passes for it, or a client, never
 * the same for both.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz_target.h"
#include "ipc/signing.h"

static void check(const struct sign_request *request, struct text bytes)
{
    struct buffer again = { 0 };

    sign_request_put(&again, request);
    if (!text_equal(buffer_text(&again), bytes))
        abort();
    buffer_done(&again);
    if (request->message_bytes < 1 || request->message_bytes > SIGN_MESSAGE_BYTES)
        abort();
    if (sign_request_is_tls_server(request) && request->message[64] != 'T' &&
        request->message[64] != 3)
        abort();
    if (sign_request_is_tls_server(request) + sign_request_is_tls_client(request) +
            sign_request_is_digest(request) >
        1)
        abort();
}

static void answers(struct text body)
{
    struct sign_answer answer;

    while (body.len && sign_answer_get(&body, &answer) == 0) {
        struct buffer again = { 0 };

        sign_answer_put(&again, &answer);
        if (buffer_len(&again) != 12 + answer.signature.len)
            abort();
        buffer_done(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct text body = text_make((const char *)bytes, len);
    struct sign_request request;

    answers(body);
    while (body.len) {
        struct text before = body;

        if (sign_request_get(&body, &request) < 0)
            return 0;
        check(&request, text_first(before, before.len - body.len));
    }
    return 0;
}
