/*
 * The parent's side of control: greet it, ask it to load, take what it publishes. Control may die
 * at any moment; the next one is greeted with what is served now, so that it goes on from there.
 */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "parent.h"

static void send_load(struct parent *parent)
{
    struct buffer body = { 0 };

    message_load_put(&body, &(struct message_load){ .id = 0 });
    child_send(&parent->control, MESSAGE_LOAD, &body, -1);
    buffer_done(&body);
    parent->link.load_wanted = false;
}

static void send_hello(struct parent *parent)
{
    const struct run_options *options = parent->options;
    const struct generation *current = &parent->publish.current;
    const int fds[] = { parent->command_socket, current->snapshot, current->file };
    struct message_hello hello = {
        .config_path = text_of(options->config_path),
        .state_directory = text_of(options->state_directory),
        .dev = options->dev,
        .generation = current->number,
    };
    struct buffer body = { 0 };

    memcpy(hello.boot_secret, parent->boot_secret, sizeof(hello.boot_secret));
    message_hello_put(&body, &hello);
    channel_send(parent->control.channel, MESSAGE_HELLO, buffer_text(&body), fds,
                 current->number ? 3 : 1);
    buffer_done(&body);
    parent->link.greeted = true;
}

/* Not while a rollout is under way: what it is told must still be true when it is over. */
static void greet(struct parent *parent)
{
    if (!child_runs(&parent->control) || parent->link.greeted ||
        parent->publish.state != PUBLISH_IDLE)
        return;
    send_hello(parent);
    if (parent->link.load_wanted && parent->publish.current.number)
        send_load(parent);
    parent->link.load_wanted = false; /* the first load is under way without being asked for */
}

void control_link_reload(struct parent *parent)
{
    if (parent->shutdown.state != SHUTDOWN_NONE) {
        log_warn("event=reload reason=\"swarmward is shutting down; nothing is loaded\"");
        return;
    }
    parent->link.load_wanted = true;
    if (parent->link.greeted)
        send_load(parent);
}

void control_link_rolled_out(struct parent *parent, uint64_t load_id, uint64_t generation,
                             const char *reason)
{
    struct message_failure result = {
        .id = load_id,
        .generation = generation,
        .reason = text_of(reason),
    };
    struct buffer body = { 0 };

    message_failure_put(&body, &result);
    if (parent->link.greeted)
        child_send(&parent->control, MESSAGE_ROLLED_OUT, &body, -1);
    buffer_done(&body);
    greet(parent);
}

static void on_started(struct child *child)
{
    greet(child->parent);
}

/* Control has logged it. Without a generation there is nothing to go on with. */
static void on_load_failed(struct parent *parent, const struct message_failure *failure)
{
    if (parent->publish.current.number)
        return;
    fprintf(stderr, "%.*s", TEXT_ARGS(failure->reason));
    shutdown_end(parent, EXIT_INVALID);
}

static void on_message(struct child *child, struct channel_message *message)
{
    struct message_failure failure;

    if (message->type == MESSAGE_PUBLISH)
        publish_begin(child->parent, message);
    else if (message->type == MESSAGE_LOAD_FAILED &&
             message_failure_get(message->body, &failure) == 0)
        on_load_failed(child->parent, &failure);
    else
        child_kill(child, "it sent a message that cannot be read");
}

static void on_died(struct child *child)
{
    struct parent *parent = child->parent;

    parent->link.greeted = false;
    if (child->wanted && !parent->publish.current.number && parent->publish.state == PUBLISH_IDLE) {
        publish_cannot_start(parent, EXIT_FAILED,
                             "swarmward-control died before it had loaded the file");
    }
}

const struct child_kind control_kind = {
    .program = "swarmward-control",
    .role = ROLE_CONTROL,
    .reads_files = true,
    .on_started = on_started,
    .on_message = on_message,
    .on_died = on_died,
};
