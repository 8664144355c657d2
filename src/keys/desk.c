/*
 * Requests of one worker, or of the checker, answered in their order as they come: what came with
 * one message is answered with one, unless a signature takes so long that those before it should
 * not wait.
 */

#include "desk.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

struct desk {
    /* owned */
    struct channel *channel;
    struct buffer answers;
    /* borrowed */
    struct keystore *store;
    void (*on_closed)(void *owner, struct desk *desk, const char *why);
    void *owner;
    enum process_role role; /* who asks */
};

static void send_answers(struct desk *desk)
{
    if (!buffer_len(&desk->answers))
        return;
    channel_send(desk->channel, MESSAGE_SIGNED, buffer_text(&desk->answers), NULL, 0);
    buffer_clear(&desk->answers);
}

static void answer(struct desk *desk, const struct sign_request *request)
{
    struct signing_key *key = keystore_find(desk->store, request->key);
    uint8_t signature[SIGN_SIGNATURE_BYTES];
    struct sign_answer answer = { .id = request->id };
    unsigned as = KEYRING_AS_CLIENT; /* the checker is nobody's server */

    if (desk->role == ROLE_WORKER)
        as |= KEYRING_AS_SERVER;

    if (key && signing_key_is_slow(key))
        send_answers(desk);
    if (key)
        answer.signature =
            text_make((const char *)signature, signing_key_sign(key, request, as, signature));
    sign_answer_put(&desk->answers, &answer);
}

static void on_message(void *owner, struct channel_message *message)
{
    struct desk *desk = owner;
    struct text body = message->body;
    struct sign_request request;

    if (!message_allowed(desk->role, ROLE_KEYS, message->type) || message->fd_count ||
        body.len > (size_t)SIGN_BATCH * SIGN_REQUEST_BYTES) {
        desk->on_closed(desk->owner, desk, "it sent a message that its role may not send");
        return;
    }
    while (body.len) {
        if (sign_request_get(&body, &request) < 0) {
            desk->on_closed(desk->owner, desk, "it sent what is no request");
            return;
        }
        answer(desk, &request);
    }
    send_answers(desk);
}

static void on_closed(void *owner, const char *why)
{
    struct desk *desk = owner;

    desk->on_closed(desk->owner, desk, why);
}

static const struct channel_handler handler = { on_message, on_closed };

// NOLINTNEXTLINE(readability-function-size): as the header says
struct desk *desk_new(struct io *io, int fd, enum process_role role, struct keystore *store,
                      void (*on_closed_desk)(void *owner, struct desk *desk, const char *why),
                      void *owner)
{
    struct desk *desk = memory_new(sizeof(*desk));

    desk->store = store;
    desk->on_closed = on_closed_desk;
    desk->owner = owner;
    desk->role = role;
    desk->channel = channel_new(io, fd, &handler, desk);
    return desk;
}

void desk_free(struct desk *desk)
{
    if (!desk)
        return;
    channel_free(desk->channel);
    buffer_done(&desk->answers);
    free(desk);
}
