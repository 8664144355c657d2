/*
 * The channels between the workers and swarmward-keys: one for each worker, made when either of its
 * ends begins. A worker finds a new one in the place of one whose other end died. Called by
 * member.c.
 */

#include <unistd.h>

#include "base/log.h"
#include "parent.h"

bool signers_are_wanted(const struct parent *parent)
{
    return !parent->options->keys_in_workers;
}

static void connect_worker(struct parent *parent, struct child *worker)
{
    struct message_signer signer = { .worker = (uint32_t)worker->index };
    struct buffer body = { 0 };
    struct err err;
    int ends[2];

    if (!child_runs(worker) || !child_runs(&parent->keys))
        return;
    if (channel_pair(ends, &err) < 0) {
        log_error("event=signer worker=%zu reason=\"%s\"", worker->index, err.text);
        child_kill(worker, "it can have no channel to swarmward-keys"); /* the next one may */
        return;
    }
    message_signer_put(&body, &signer);
    child_send(&parent->keys, MESSAGE_SIGNER, &body, ends[0]);
    child_send(worker, MESSAGE_SIGNER, &body, ends[1]);
    buffer_done(&body);
    close(ends[0]);
    close(ends[1]);
}

void signers_connect(struct child *child)
{
    struct parent *parent = child->parent;

    if (!signers_are_wanted(parent))
        return;
    if (child->kind->role == ROLE_WORKER)
        connect_worker(parent, child);
    for (size_t i = 0; child->kind->role == ROLE_KEYS && i < parent->worker_count; i++)
        connect_worker(parent, &parent->workers[i]);
}
