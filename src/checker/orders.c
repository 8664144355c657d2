/*
 * The parent's messages, carried out: both phases of taking over a snapshot, and the end. A message
 * that the parent may not send, or that can not be read, ends this process; the parent starts
 * another one.
 */

#include "orders.h"

#include "base/log.h"
#include "checker.h"
#include "ipc/messages.h"
#include "ipc/verdict.h"
#include "tls/signer.h"
#include "tls/tls_backend.h"

static void cancel(struct checker *checker)
{
    snapshot_unref(checker->prepared);
    checker->prepared = NULL;
    tls_backend_unref(checker->prepared_tls);
    checker->prepared_tls = NULL;
}

/* Only the snapshot comes here: keys are swarmward-keys', which is asked to sign. */
static int prepare(struct checker *checker, const struct channel_message *message)
{
    const struct tls_client_keys keys = { .signer = checker->signer };
    struct message_generation order;
    struct err err;

    if (message_generation_get(message->body, &order) < 0 || message->fd_count != 1)
        return -1;
    cancel(checker);
    checker->prepared = snapshot_from_fd(message->fds[0], &err);
    if (checker->prepared && checker->prepared->generation != order.generation) {
        err_set(&err, "snapshot: it is generation %llu, not %llu",
                (unsigned long long)checker->prepared->generation,
                (unsigned long long)order.generation);
        cancel(checker);
    }
    if (checker->prepared && checker->prepared->backend_tls.ca.len) {
        checker->prepared_tls = tls_backend_new(checker->prepared, &keys, &err);
        if (!checker->prepared_tls)
            cancel(checker);
    }
    verdict_send(checker->channel, order.generation, checker->prepared ? NULL : err.text);
    return 0;
}

static int commit(struct checker *checker, const struct channel_message *message)
{
    struct message_generation order;

    if (message_generation_get(message->body, &order) < 0 || !checker->prepared ||
        checker->prepared->generation != order.generation)
        return -1;
    checker_commit(checker, checker->prepared);
    log_set_level((enum log_level)checker->prepared->log.error_level);
    cancel(checker); /* all that is needed of it was copied */
    return 0;
}

static int use_signer(struct checker *checker, struct channel_message *message)
{
    int fd = channel_message_take_fd(message, 0);

    if (fd < 0 || !checker->signer)
        return -1;
    signer_use(checker->signer, fd);
    return 0;
}

static int carry_out(struct checker *checker, struct channel_message *message)
{
    switch (message->type) {
    case MESSAGE_PREPARE:
        return prepare(checker, message);
    case MESSAGE_COMMIT:
        return commit(checker, message);
    case MESSAGE_CANCEL:
        cancel(checker);
        return 0;
    case MESSAGE_SIGNER:
        return use_signer(checker, message);
    case MESSAGE_DRAIN: /* a question under way serves nobody any more */
        io_stop(checker->io);
        return 0;
    default:
        return -1;
    }
}

static void on_message(void *owner, struct channel_message *message)
{
    struct checker *checker = owner;

    if (message_allowed(ROLE_PARENT, ROLE_CHECKER, message->type) &&
        carry_out(checker, message) == 0)
        return;
    log_error("event=bad_order type=%s reason=\"the parent may not send this, or not like this\"",
              message_name(message->type));
    io_stop(checker->io);
}

static void on_closed(void *owner, const char *why)
{
    struct checker *checker = owner;

    log_debug("event=channel_closed reason=\"%s\"", why);
    io_stop(checker->io);
}

const struct channel_handler checker_orders = {
    .on_message = on_message,
    .on_closed = on_closed,
};
