/*
 * Packets between processes: whatever comes, a decoder refuses it or makes something that encodes
 * to the same bytes again.
 */

#include <stdlib.h>

#include "fuzz_target.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

static void same_again(struct text body, struct buffer *again)
{
    if (!text_equal(body, buffer_text(again)))
        abort();
    buffer_done(again);
}

static void hello(struct text body)
{
    struct message_hello message;
    struct buffer again = { 0 };

    if (message_hello_get(body, &message) < 0)
        return;
    message_hello_put(&again, &message);
    same_again(body, &again);
}

static void load(struct text body)
{
    struct message_load message;
    struct buffer again = { 0 };

    if (message_load_get(body, &message) < 0)
        return;
    message_load_put(&again, &message);
    same_again(body, &again);
}

static void publish(struct text body)
{
    struct message_publish message;
    struct buffer again = { 0 };
    char text[ADDRESS_TEXT_BYTES];

    if (message_publish_get(body, &message) < 0)
        return;
    for (size_t i = 0; i < message.listener_count; i++)
        address_print(&message.listeners[i].address, text);
    message_publish_put(&again, &message);
    same_again(body, &again);
}

static void listener(struct text body)
{
    struct message_listener message;
    struct buffer again = { 0 };

    if (message_listener_get(body, &message) < 0)
        return;
    message_listener_put(&again, &message);
    same_again(body, &again);
}

static void generation(struct text body)
{
    struct message_generation message;
    struct buffer again = { 0 };

    if (message_generation_get(body, &message) < 0)
        return;
    message_generation_put(&again, &message);
    same_again(body, &again);
}

static void failure(struct text body)
{
    struct message_failure message;
    struct buffer again = { 0 };

    if (message_failure_get(body, &message) < 0)
        return;
    message_failure_put(&again, &message);
    same_again(body, &again);
}

static void signer(struct text body)
{
    struct message_signer message;
    struct buffer again = { 0 };

    if (message_signer_get(body, &message) < 0)
        return;
    message_signer_put(&again, &message);
    same_again(body, &again);
}

/* The body of each type; requests and answers of signatures have sign_fuzz.c; a type without one is
 * not looked into. */
static void (*const decoders[])(struct text body) = {
    [MESSAGE_HELLO] = hello,         [MESSAGE_LOAD] = load,          [MESSAGE_PUBLISH] = publish,
    [MESSAGE_LOAD_FAILED] = failure, [MESSAGE_ROLLED_OUT] = failure, [MESSAGE_LISTENER] = listener,
    [MESSAGE_LOG_SINK] = NULL,       [MESSAGE_PREPARE] = generation, [MESSAGE_READY] = generation,
    [MESSAGE_REFUSED] = failure,     [MESSAGE_COMMIT] = generation,  [MESSAGE_CANCEL] = generation,
    [MESSAGE_DRAIN] = NULL,          [MESSAGE_SIGNER] = signer,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct channel_message message;

    if (channel_decode(text_make((const char *)bytes, len), &message) < 0)
        return 0;
    (void)message_name(message.type);
    (void)message_allowed(ROLE_PARENT, ROLE_WORKER, message.type);
    if (message.type < sizeof(decoders) / sizeof(decoders[0]) && decoders[message.type])
        decoders[message.type](message.body);
    return 0;
}
