/*
 * The parent's messages, carried out: both phases of taking over a keyring, and the channels of the
 * workers. A message that the parent may not send, or that cannot be read, ends this process; the
 * parent starts another one.
 */

#include "base/log.h"
#include "ipc/messages.h"
#include "ipc/verdict.h"
#include "keys.h"

/* Handshakes that began before a commit ask for the keys of before: within moments. */
#define PREVIOUS_MS 10000

/* What OpenSSL makes of keys is there. */
static bool lock_heap(struct keys *keys)
{
    return keys->all_locked || locked_memory_for_heap(&keys->heap);
}

static int prepare(struct keys *keys, const struct channel_message *message)
{
    struct message_generation order;
    struct keyring *keyring;
    struct err err;

    if (message_generation_get(message->body, &order) < 0 || message->fd_count != 1)
        return -1;
    keyring = keyring_from_fd(message->fds[0], &err);
    if ((keyring && !keyring->locked) || !lock_heap(keys))
        log_warn("event=unlocked reason=\"private keys could be swapped out: RLIMIT_MEMLOCK is too "
                 "low; LimitMEMLOCK=infinity for a service, `memlock: -1` for a container\"");
    if (keyring)
        keystore_prepare(keys->store, keyring);
    else
        keystore_cancel(keys->store);
    verdict_send(keys->channel, order.generation, keyring ? NULL : err.text);
    return 0;
}

static void on_previous_over(void *owner)
{
    struct keys *keys = owner;

    keystore_forget_previous(keys->store);
}

static int commit(struct keys *keys, const struct channel_message *message)
{
    struct message_generation order;

    if (message_generation_get(message->body, &order) < 0 || !keystore_has_prepared(keys->store))
        return -1;
    keystore_commit(keys->store);
    deadline_set(&keys->previous, io_now_ms(keys->io) + PREVIOUS_MS);
    return 0;
}

static void on_desk_closed(void *owner, struct desk *desk, const char *why)
{
    struct keys *keys = owner;

    for (size_t i = 0; i < KEYS_DESKS; i++)
        if (keys->desks[i] == desk) {
            log_debug("event=desk_closed worker=%zu reason=\"%s\"", i, why);
            keys->desks[i] = NULL;
        }
    desk_free(desk);
}

static int open_desk(struct keys *keys, struct channel_message *message)
{
    struct message_signer signer;
    int fd = channel_message_take_fd(message, 0);

    if (fd < 0 || message_signer_get(message->body, &signer) < 0 || signer.worker >= KEYS_DESKS)
        return -1;
    desk_free(keys->desks[signer.worker]);
    keys->desks[signer.worker] =
        desk_new(keys->io, fd, signer.worker == SIGNER_OF_CHECKER ? ROLE_CHECKER : ROLE_WORKER,
                 keys->store, on_desk_closed, keys);
    return 0;
}

static int carry_out(struct keys *keys, struct channel_message *message)
{
    switch (message->type) {
    case MESSAGE_PREPARE:
        return prepare(keys, message);
    case MESSAGE_COMMIT:
        return commit(keys, message);
    case MESSAGE_CANCEL:
        keystore_cancel(keys->store);
        return 0;
    case MESSAGE_SIGNER:
        return open_desk(keys, message);
    default:
        return -1;
    }
}

static void on_message(void *owner, struct channel_message *message)
{
    struct keys *keys = owner;

    if (message_allowed(ROLE_PARENT, ROLE_KEYS, message->type) && carry_out(keys, message) == 0)
        return;
    log_error("event=bad_order type=%s reason=\"the parent may not send this, or not like this\"",
              message_name(message->type));
    io_stop(keys->io);
}

static void on_closed(void *owner, const char *why)
{
    struct keys *keys = owner;

    log_debug("event=channel_closed reason=\"%s\"", why);
    io_stop(keys->io);
}

static const struct channel_handler handler = { on_message, on_closed };

void keys_open(struct keys *keys, int fd)
{
    *keys = (struct keys){ .io = io_new(), .store = keystore_new() };
    keys->all_locked = locked_memory_for_all();
    (void)lock_heap(keys); /* looked at again when keys come */
    deadline_init(&keys->previous, keys->io, on_previous_over, keys);
    keys->channel = channel_new(keys->io, fd, &handler, keys);
}

void keys_close(struct keys *keys)
{
    for (size_t i = 0; i < KEYS_DESKS; i++)
        desk_free(keys->desks[i]);
    channel_free(keys->channel);
    deadline_done(&keys->previous);
    keystore_free(keys->store);
    io_free(keys->io);
}
