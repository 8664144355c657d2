/*
 * Loads: one at a time, from the request to the answer. The files become a generation, the parent
 * rolls it out, and only then is it what control knows as running. Called by main.c with messages
 * and by commands.c for `swarmward reload`.
 */

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control.h"
#include "load_files.h"

#define LINES_LOGGED 20

static int64_t ms_since(int64_t started_us)
{
    return (clock_monotonic_us() - started_us + 500) / 1000;
}

/* The files' own words, one event a line. */
static void log_lines(struct text lines, void (*log_it)(const char *format, ...))
{
    char copy[1024];
    struct text line;

    for (int i = 0; lines.len && i < LINES_LOGGED; i++) {
        text_split(lines, '\n', &line, &lines);
        text_to_buffer(line, copy, sizeof(copy));
        for (char *quote = strchr(copy, '"'); quote; quote = strchr(quote, '"'))
            *quote = '\''; /* the line stands between quotes */
        if (line.len)
            log_it("event=load problem=\"%s\"", copy);
    }
}

static void send_failure(struct control *control, struct text reason)
{
    struct message_failure failure = {
        .generation = control->loader.generation,
        .reason = text_first(reason, MESSAGE_REASON_BYTES),
    };
    struct buffer body = { 0 };

    message_failure_put(&body, &failure);
    channel_send(control->channel, MESSAGE_LOAD_FAILED, buffer_text(&body), NULL, 0);
    buffer_done(&body);
}

static void tell(struct control *control, const char *reason, bool invalid)
{
    struct load_result result = {
        .number = control->loader.begun,
        .generation = control->loader.generation,
        .milliseconds = ms_since(control->loader.started_us),
        .invalid = invalid,
        .reason = reason,
    };

    command_server_loaded(control->server, &result);
}

static void refuse(struct control *control, struct problems *problems)
{
    char *reason;

    buffer_append_byte(&problems->lines, '\0');
    reason = problems->lines.bytes + problems->lines.start;
    /* Before anything is served the parent prints them and ends. */
    if (control->snapshot) {
        log_error("event=load result=refused errors=%zu generation_kept=%llu",
                  problems->error_count, (unsigned long long)control->snapshot->generation);
        log_lines(text_of(reason), log_error);
    }
    slot_map_drop(control->slots);
    send_failure(control, text_of(reason));
    tell(control, reason, true);
}

static void publish(struct control *control, struct loaded_files *loaded)
{
    struct loader *loader = &control->loader;
    const int fds[] = { loaded->snapshot_fd, loaded->keyring_fd };
    struct buffer body = { 0 };

    message_publish_put(&body, &loaded->publish);
    channel_send(control->channel, MESSAGE_PUBLISH, buffer_text(&body), fds, 2);
    buffer_done(&body);
    loader->snapshot_fd = loaded->snapshot_fd;
    close(loaded->keyring_fd);
    log_info("event=load generation=%llu domains=%u services=%u certificates=%u parse_ms=%lld "
             "build_ms=%lld encode_ms=%lld load_ms=%lld",
             (unsigned long long)loader->generation, loaded->domains, loaded->services,
             loaded->certificates, (long long)loaded->parse_ms, (long long)loaded->build_ms,
             (long long)loaded->encode_ms, (long long)ms_since(loader->started_us));
    log_set_level((enum log_level)loaded->log_level);
}

static void warn_of_ticket_secret(struct control *control, const struct snapshot_builder *builder)
{
    if (!builder->ticket_secret_missing || control->loader.warned_ticket_secret)
        return;
    control->loader.warned_ticket_secret = true;
    log_warn("event=load reason=\"tls.session_tickets is shared, but the file of tls.ticket_secret "
             "is not there: tickets of this run are of no use to other replicas or after a "
             "restart\"");
}

static void load(struct control *control)
{
    struct loader *loader = &control->loader;
    struct problems problems = { 0 };
    struct loaded_files loaded;
    struct snapshot_builder builder = {
        .store = control->store,
        .authority = control->authority,
        .slots = control->slots,
        .boot_secret = control->boot_secret,
        .generation = ++loader->generation,
        .now_s = clock_wall_s(),
    };

    loader->begun++;
    loader->again = false;
    loader->started_us = clock_monotonic_us();
    slot_map_begin(control->slots);
    if (load_files(control->config_path, &builder, &problems, &loaded) < 0) {
        refuse(control, &problems);
    } else {
        log_lines(buffer_text(&problems.lines), log_warn);
        warn_of_ticket_secret(control, &builder);
        publish(control, &loaded);
    }
    problems_done(&problems);
    certificate_store_sweep(control->store);
    malloc_trim(0); /* a load takes much for a moment; the process then waits for hours */
}

uint64_t loader_request(struct control *control)
{
    struct loader *loader = &control->loader;

    if (loader->snapshot_fd >= 0) {
        loader->again = true;
        return loader->begun + 1;
    }
    load(control);
    return loader->begun;
}

/* What the workers serve now is what control shows: the same bytes, decoded from the same file. */
static void adopt(struct control *control)
{
    struct loader *loader = &control->loader;
    struct snapshot *snapshot;
    struct err err;

    slot_map_keep(control->slots);
    snapshot = snapshot_from_fd(loader->snapshot_fd, &err);
    if (!snapshot) { /* every worker could decode it */
        log_error("event=adopt reason=\"%s\"", err.text);
        return;
    }
    snapshot_unref(control->snapshot);
    control->snapshot = snapshot;
}

void loader_rolled_out(struct control *control, const char *reason)
{
    struct loader *loader = &control->loader;

    if (loader->snapshot_fd < 0)
        return; /* of a control before this one */
    if (reason[0]) {
        slot_map_drop(control->slots);
        log_error("event=load result=refused generation=%llu reason=\"%s\"",
                  (unsigned long long)loader->generation, reason);
    } else {
        adopt(control);
        log_info("event=load result=served generation=%llu total_ms=%lld",
                 (unsigned long long)loader->generation, (long long)ms_since(loader->started_us));
    }
    close(loader->snapshot_fd);
    loader->snapshot_fd = -1;
    tell(control, reason, false);
    if (loader->again)
        load(control);
}
