/*
 * The channels between swarmward-keys and who asks it: one for each worker and for the checker,
 * made when either of its ends begins. A worker finds a new one in the place of one whose other end
 * died. Called by member.c.
 */

#include <unistd.h>

#include "base/log.h"
#include "parent.h"

bool signers_are_wanted(const struct parent *parent)
{
    return !parent->options->keys_in_workers;
}

static void connect_child(struct parent *parent, struct child *child)
{
    uint32_t number =
        child->kind->role == ROLE_CHECKER ? SIGNER_OF_CHECKER : (uint32_t)child->index;
    struct message_signer signer = { .worker = number };
    struct buffer body = { 0 };
    struct err err;
    int ends[2];

    if (!child_runs(child) || !child_runs(&parent->keys))
        return;
    if (channel_pair(ends, &err) < 0) {
        log_error("event=signer worker=%u reason=\"%s\"", (unsigned)number, err.text);
        child_kill(child, "it can have no channel to swarmward-keys"); /* the next one may */
        return;
    }
    message_signer_put(&body, &signer);
    child_send(&parent->keys, MESSAGE_SIGNER, &body, ends[0]);
    child_send(child, MESSAGE_SIGNER, &body, ends[1]);
    buffer_done(&body);
    close(ends[0]);
    close(ends[1]);
}

void signers_connect(struct child *child)
{
    struct parent *parent = child->parent;

    if (!signers_are_wanted(parent))
        return;
    if (child->kind->role != ROLE_KEYS) {
        connect_child(parent, child);
        return;
    }
    for (size_t i = 0; i < parent->worker_count; i++)
        connect_child(parent, &parent->workers[i]);
    connect_child(parent, &parent->checker);
}
