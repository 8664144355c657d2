/*
 * swarmward-control: reads the mapping file and what it names, publishes snapshots, answers on the
 * command socket. Boots on the descriptors that the parent left open. A crash of it leaves traffic
 * running: the next one goes on from the snapshot that the parent hands it.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/log.h"
#include "base/memory.h"
#include "check.h"
#include "control.h"
#include "doctor.h"
#include "good_labels.h"
#include "ipc/messages.h"
#include "label_cache.h"
#include "process/descriptors.h"
#include "process/sandbox.h"
#include "process/spawn.h"
#include "publication.h"
#include "swarm_link.h"

static int open_authority(struct control *control, struct err *err)
{
    if (!control->dev)
        return 0;
    control->authority = dev_authority_open(control->state_directory, err);
    if (!control->authority)
        return -1;
    log_warn(
        "event=dev reason=\"--dev: certificates are made for domains that have none, signed by "
        "a CA that no browser knows; never for production\" ca=\"%s%s\"",
        control->state_directory[0] ? control->state_directory : "in memory",
        control->state_directory[0] ? "/ca.crt" : "");
    return 0;
}

/* After a restart: what runs is what the parent handed over, not what the files say by now. */
static int take_running(struct control *control, const struct message_hello *hello,
                        struct channel_message *message, struct err *err)
{
    if (message->fd_count < 3)
        return err_set(err, "the parent sent no snapshot of generation %llu",
                       (unsigned long long)hello->generation);
    control->snapshot = snapshot_from_fd(message->fds[1], err);
    if (!control->snapshot)
        return -1;
    control->loader.generation = hello->generation;
    control->loader.content = publication_content(message->fds[1]);
    slot_map_seed(control->slots, control->snapshot);
    slot_map_seed_domains(control->domain_slots, control->snapshot);
    log_set_level((enum log_level)control->snapshot->log.error_level);
    log_info("event=resume generation=%llu", (unsigned long long)hello->generation);
    loader_resume(control, message->fds[2]);
    admin_settle(control->admin);
    return 0;
}

static void cannot_start(struct control *control, const char *reason)
{
    struct buffer line = { 0 };
    struct buffer body = { 0 };
    struct message_failure failure = { 0 };

    buffer_format(&line, "swarmward: cannot start: %s\n", reason);
    failure.reason = buffer_text(&line);
    message_failure_put(&body, &failure);
    channel_send(control->channel, MESSAGE_LOAD_FAILED, buffer_text(&body), NULL, 0);
    buffer_done(&line);
    buffer_done(&body);
}

static int on_hello(struct control *control, struct channel_message *message)
{
    struct message_hello hello;
    struct err err;

    if (control->server || message_hello_get(message->body, &hello) < 0 || message->fd_count < 1)
        return -1;
    control->config_path = text_to_heap(hello.config_path);
    control->state_directory = text_to_heap(hello.state_directory);
    control->dev = hello.dev;
    memcpy(control->boot_secret, hello.boot_secret, sizeof(control->boot_secret));
    control->server = command_server_new(control, channel_message_take_fd(message, 0));
    sandbox_confine_writes(control->state_directory);
    if (open_authority(control, &err) < 0) {
        cannot_start(control, err.text);
        return 0;
    }
    if (!hello.generation)
        loader_request(control);
    else if (take_running(control, &hello, message, &err) < 0)
        log_error("event=resume reason=\"%s; status shows nothing until the next reload\"",
                  err.text);
    return 0;
}

static int on_rolled_out(struct control *control, const struct channel_message *message)
{
    struct message_failure result;
    char *reason;

    if (!control->server || message_failure_get(message->body, &result) < 0)
        return -1;
    reason = text_to_heap(result.reason);
    loader_rolled_out(control, reason);
    free(reason);
    return 0;
}

static int carry_out(struct control *control, struct channel_message *message)
{
    if (message->type == MESSAGE_HELLO)
        return on_hello(control, message);
    if (message->type == MESSAGE_ROLLED_OUT)
        return on_rolled_out(control, message);
    if (message->type == MESSAGE_LOAD && control->server) {
        loader_request(control);
        return 0;
    }
    return -1;
}

static void on_message(void *owner, struct channel_message *message)
{
    struct control *control = owner;

    if (!message_allowed(ROLE_PARENT, ROLE_CONTROL, message->type) ||
        carry_out(control, message) < 0) {
        log_error("event=bad_order message=%s", message_name(message->type));
        io_stop(control->io);
    }
}

static void on_closed(void *owner, const char *why)
{
    struct control *control = owner;

    log_debug("event=channel_closed reason=\"%s\"", why);
    io_stop(control->io);
}

static const struct channel_handler parent_handler = { on_message, on_closed };

/* Much is needed for a moment, at a load and for a status of ten thousand domains; then this waits
 * for hours. Large pieces go back to the kernel when they are freed. */
static void tune_heap(void)
{
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

static int control_open(struct control *control, struct err *err)
{
    control->board = board_map(CHILD_BOARD, err);
    if (!control->board)
        return -1;
    control->io = io_new();
    control->store = certificate_store_new();
    control->slots = slot_map_new();
    control->domain_slots = slot_map_new();
    control->labels = label_cache_new();
    control->good_labels = good_labels_new();
    control->admin = admin_new(control);
    loader_init(control);
    control->channel = channel_new(control->io, CHILD_CHANNEL, &parent_handler, control);
    return 0;
}

static void control_close(struct control *control)
{
    command_server_free(control->server);
    channel_free(control->channel);
    admin_free(control->admin);
    loader_done(control);
    swarm_link_free(control->link);
    label_cache_free(control->labels);
    good_labels_free(control->good_labels);
    snapshot_unref(control->snapshot);
    certificate_store_free(control->store);
    dev_authority_free(control->authority);
    slot_map_free(control->slots);
    slot_map_free(control->domain_slots);
    free(control->config_path);
    free(control->state_directory);
    io_free(control->io);
    board_unmap(control->board);
    memory_wipe(control->boot_secret, sizeof(control->boot_secret));
}

int main(int argc, char **argv)
{
    struct control control = { 0 };
    struct err err;

    if (argc > 1 && strcmp(argv[1], "--check") == 0)
        return check_main(argc, argv);
    if (argc > 1 && strcmp(argv[1], "--doctor") == 0)
        return doctor_main(argc, argv);
    child_begin("swarmward-control");
    tune_heap();
    if (control_open(&control, &err) < 0) {
        log_error("event=start_failed reason=\"%s\"", err.text);
        return 1;
    }
    sandbox_confine(SANDBOX_CONTROL, &control.board->control.refused_call);
    io_run(control.io);
    control_close(&control);
    return 0;
}
