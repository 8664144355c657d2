/* The answer of whoever was asked to prepare a generation: workers, checker, keys. */

#include "ipc/verdict.h"

#include "ipc/messages.h"

void verdict_send(struct channel *channel, uint64_t generation, const char *refusal)
{
    struct buffer body = { 0 };

    if (refusal) {
        struct message_failure failure = { .generation = generation, .reason = text_of(refusal) };

        message_failure_put(&body, &failure);
        channel_send(channel, MESSAGE_REFUSED, buffer_text(&body), NULL, 0);
    } else {
        struct message_generation ready = { .generation = generation };

        message_generation_put(&body, &ready);
        channel_send(channel, MESSAGE_READY, buffer_text(&body), NULL, 0);
    }
    buffer_done(&body);
}
