/*
 * Loads: one at a time, from the request to the answer. The file, or a change in the swarm beneath
 * the file that is served, becomes a generation; the parent rolls it out, and only then is it what
 * control knows as running. Called by main.c with messages, by commands.c for `swarmward reload`
 * and by swarm_link.c when the swarm has changed.
 */

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/clock.h"
#include "base/log.h"
#include "control.h"
#include "good_labels.h"
#include "label_cache.h"
#include "mapping.h"
#include "mapping_file.h"
#include "publication.h"
#include "swarm_choice.h"
#include "swarm_link.h"

#define LINES_LOGGED 20
/* How long a load waits for the first look at the swarm. */
#define PATIENCE_MS 5000
/* Changes of the swarm are looked at this often at most: an update of many services is many. */
#define REFRESH_MS 100
/* After a rollout that failed. */
#define RETRY_MS 1000

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

/* --- answers -------------------------------------------------------------------------------------
 */

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

/* What was being loaded is gone, as if it had never been. */
static void forget_next(struct control *control)
{
    struct loader *loader = &control->loader;

    deadline_clear(&loader->patience);
    mapping_free(loader->next_mapping);
    mapping_file_free(loader->next_file);
    swarm_link_free(loader->next_link);
    loader->next_mapping = NULL;
    loader->next_file = NULL;
    loader->next_link = NULL;
    label_cache_drop(control->labels);
    loader->state = LOADER_IDLE;
}

static void refuse_load(struct control *control, struct problems *problems)
{
    char *reason;

    buffer_append_byte(&problems->lines, '\0');
    reason = problems->lines.bytes + problems->lines.start;
    /* Before anything is served the parent prints them and ends. */
    if (control->snapshot) {
        log_error("event=load result=refused errors=%zu generation_kept=%llu",
                  problems->error_count,
                  (unsigned long long)atomic_load(&control->board->generation));
        log_lines(text_of(reason), log_error);
    }
    forget_next(control);
    send_failure(control, text_of(reason));
    tell(control, reason, true);
}

/* --- from a mapping to a generation --------------------------------------------------------------
 */

static void publish(struct control *control, struct publication *publication,
                    const struct mapping_file *file)
{
    struct loader *loader = &control->loader;
    const int fds[] = { publication->snapshot_fd, publication->keyring_fd, publication->tickets_fd,
                        file->text_fd };
    struct buffer body = { 0 };

    message_publish_put(&body, &publication->publish);
    channel_send(control->channel, MESSAGE_PUBLISH, buffer_text(&body), fds, 4);
    buffer_done(&body);
    close(publication->keyring_fd);
    close(publication->tickets_fd);
    loader->snapshot_fd = publication->snapshot_fd;
    loader->next_content = publication->content;
    loader->state = LOADER_ROLLING_OUT;
    log_info("event=load generation=%llu domains=%u services=%u certificates=%u parse_ms=%lld "
             "build_ms=%lld encode_ms=%lld load_ms=%lld",
             (unsigned long long)loader->generation, publication->domains, publication->services,
             publication->certificates, (long long)loader->parse_ms,
             (long long)publication->build_ms, (long long)publication->encode_ms,
             (long long)ms_since(loader->started_us));
    log_set_level((enum log_level)publication->log_level);
}

static struct mapping_sources sources_of(const struct control *control,
                                         const struct mapping_file *file, struct swarm *swarm)
{
    return (struct mapping_sources){
        .file = file,
        .swarm = swarm,
        .labels = control->labels,
        .makes_certificates = control->authority != NULL,
    };
}

static void drop_slots(struct control *control)
{
    slot_map_drop(control->slots);
    slot_map_drop(control->domain_slots);
}

static void warn_of_ticket_secret(struct control *control, const struct mapping_file *file)
{
    if (!file->ticket_secret_missing || control->loader.warned_ticket_secret)
        return;
    control->loader.warned_ticket_secret = true;
    log_warn("event=load reason=\"tls.session_tickets is shared, but the file of tls.ticket_secret "
             "is not there: tickets of this run are of no use to other replicas or after a "
             "restart\"");
}

static int make_publication(struct control *control, struct mapping_file *file, struct swarm *swarm,
                            struct problems *problems, struct publication *publication_out)
{
    struct loader *loader = &control->loader;
    struct mapping_sources sources = sources_of(control, file, swarm);
    struct snapshot_builder builder = {
        .authority = control->authority,
        .slots = control->slots,
        .domain_slots = control->domain_slots,
        .boot_secret = control->boot_secret,
        .generation = loader->generation + 1,
        .now_s = clock_wall_s(),
    };

    slot_map_begin(control->slots);
    slot_map_begin(control->domain_slots);
    loader->next_mapping = mapping_new(&sources);
    if (publication_make(&builder, file, loader->next_mapping, problems, publication_out) == 0)
        return 0;
    drop_slots(control);
    return -1;
}

/* A publication that is made from less than what made the one that is served. */
static bool loses(const struct control *control, const struct publication *publication,
                  const struct settings *dropped, char lost_out[LOST_BYTES])
{
    struct err err;
    struct snapshot *next = snapshot_from_fd(publication->snapshot_fd, &err);
    bool less = next && swarm_loses(control->snapshot, next, dropped, lost_out);

    snapshot_unref(next);
    return less;
}

static void drop_publication(struct control *control, struct publication *publication)
{
    drop_slots(control);
    publication_close(publication);
}

/* What this process has not seen itself: the last good labels, those of the table on disk too. */
static void learn_labels(struct control *control, struct mapping_file *file,
                         struct swarm_link *link)
{
    struct mapping_sources sources =
        sources_of(control, file, link ? swarm_link_swarm(link) : NULL);

    if (control->loader.mapping)
        return;
    good_labels_read(control->good_labels, file->settings, control->labels);
    mapping_free(mapping_new(&sources));
    label_cache_keep(control->labels, file->settings, false);
}

/* --- a file --------------------------------------------------------------------------------------
 */

static struct swarm_link *link_of_next(const struct control *control)
{
    const struct loader *loader = &control->loader;

    if (!loader->next_file->settings->docker_given)
        return NULL;
    return loader->next_link ? loader->next_link : control->link;
}

/* -1: what is served must stay, and `problems` says why. */
static int make_next(struct control *control, struct problems *problems,
                     struct publication *publication_out)
{
    struct loader *loader = &control->loader;
    const struct settings *served = loader->file ? loader->file->settings : NULL;
    enum swarm_choice choice;
    struct swarm *swarm = swarm_choose(control, link_of_next(control), &choice);
    char lost[LOST_BYTES];

    loader->next_held = choice == SWARM_OF_BEFORE;
    if (make_publication(control, loader->next_file, swarm, problems, publication_out) < 0)
        return -1;
    if (loader->next_held)
        log_warn("event=load reason=\"the swarm does not answer: with this file its services are "
                 "served as they were known before\"");
    if (choice != SWARM_UNSURE || !loses(control, publication_out, served, lost))
        return 0;
    drop_publication(control, publication_out);
    problems_error(problems, loader->next_file->settings, (struct source_place){ 0 },
                   "the swarm does not answer, and without it %s, which is served, would be lost; "
                   "reload when `swarmward status` says that the link is live",
                   lost);
    return -1;
}

static void finish_load(struct control *control)
{
    struct loader *loader = &control->loader;
    struct problems problems = { 0 };
    struct publication publication;

    deadline_clear(&loader->patience);
    if (make_next(control, &problems, &publication) < 0) {
        loader->generation++;
        refuse_load(control, &problems);
    } else {
        loader->generation++;
        log_lines(buffer_text(&problems.lines), log_warn);
        warn_of_ticket_secret(control, loader->next_file);
        publish(control, &publication, loader->next_file);
    }
    problems_done(&problems);
    malloc_trim(0); /* a load takes much for a moment; the process then waits for hours */
}

/* The swarm that the new file names, looked at before its routes are served. */
static int open_link(struct control *control, struct problems *problems)
{
    struct loader *loader = &control->loader;
    const struct settings *settings = loader->next_file->settings;
    struct err err;
    struct swarm_link *link = swarm_link_for(control, settings, &err);

    if (!link && err.text[0]) {
        problems_error(problems, settings, (struct source_place){ 0 }, "%s", err.text);
        return -1;
    }
    if (link != control->link)
        loader->next_link = link;
    if (link)
        swarm_link_want(link, settings, loader->file ? loader->file->settings : NULL);
    return 0;
}

static void wait_or_finish(struct control *control)
{
    struct loader *loader = &control->loader;
    struct swarm_link *link = link_of_next(control);

    if (!link || swarm_link_is_settled(link)) {
        finish_load(control);
        return;
    }
    loader->state = LOADER_WAITING;
    deadline_set(&loader->patience, io_now_ms(control->io) + PATIENCE_MS);
}

static void on_patience_over(void *owner)
{
    struct control *control = owner;

    if (control->loader.state != LOADER_WAITING)
        return;
    log_warn("event=load reason=\"the swarm did not answer within %d s; what is known is served\"",
             PATIENCE_MS / 1000);
    finish_load(control);
}

static void load(struct control *control)
{
    struct loader *loader = &control->loader;
    struct problems problems = { 0 };

    loader->begun++;
    loader->load_again = false;
    loader->started_us = clock_monotonic_us();
    loader->next_file =
        mapping_file_load(control->config_path, control->store, clock_wall_s(), &problems);
    loader->parse_ms = ms_since(loader->started_us);
    if (!loader->next_file || open_link(control, &problems) < 0) {
        loader->generation++;
        refuse_load(control, &problems);
    } else {
        log_lines(buffer_text(&problems.lines), log_warn);
        learn_labels(control, loader->next_file, link_of_next(control));
        wait_or_finish(control);
    }
    problems_done(&problems);
}

uint64_t loader_request(struct control *control)
{
    struct loader *loader = &control->loader;

    if (loader->state != LOADER_IDLE) {
        loader->load_again = true;
        return loader->begun + 1;
    }
    load(control);
    return loader->begun;
}

/* --- the swarm beneath it ------------------------------------------------------------------------
 */

/* The new mapping is the one that runs, whether or not a worker sees a difference. */
static void take_mapping(struct control *control)
{
    struct loader *loader = &control->loader;
    const struct settings *settings = loader->file->settings;
    const struct swarm *swarm = loader->next_mapping->swarm;

    mapping_log_changes(loader->mapping, loader->next_mapping);
    mapping_free(loader->mapping);
    loader->mapping = loader->next_mapping;
    loader->next_mapping = NULL;
    label_cache_keep(control->labels, settings, !swarm || swarm->complete);
    good_labels_write(control->good_labels, settings, control->labels);
    loader->held = loader->next_held;
    loader->said_held &= loader->held;
}

/* The link does not know enough yet to take the place of what is served. */
static bool must_hold(struct control *control, const struct publication *publication)
{
    struct loader *loader = &control->loader;
    char lost[LOST_BYTES];

    if (!loader->held || swarm_link_is_known(control->link) ||
        !loses(control, publication, NULL, lost))
        return false;
    if (!loader->said_held)
        log_warn("event=swarm_unknown first_lost=%s reason=\"what was served before goes on being "
                 "served until the swarm is known\"",
                 lost);
    loader->said_held = true;
    return true;
}

static void refresh(struct control *control)
{
    struct loader *loader = &control->loader;
    struct problems problems = { 0 };
    struct publication publication;

    loader->refresh_again = false;
    loader->refreshed_ms = io_now_ms(control->io);
    loader->started_us = clock_monotonic_us();
    loader->parse_ms = 0;
    loader->next_held = false;
    if (make_publication(control, loader->file, swarm_link_swarm(control->link), &problems,
                         &publication) < 0) {
        log_lines(buffer_text(&problems.lines), log_error);
        forget_next(control);
    } else if (publication.content == loader->content) {
        drop_publication(control, &publication);
        take_mapping(control);
    } else if (must_hold(control, &publication)) {
        drop_publication(control, &publication);
        forget_next(control);
    } else {
        loader->generation++;
        publish(control, &publication, loader->file);
    }
    problems_done(&problems);
}

static void refresh_soon(struct control *control, int64_t wait_ms)
{
    struct loader *loader = &control->loader;

    loader->refresh_again = true;
    if (loader->state == LOADER_IDLE)
        deadline_set(&loader->refresh, io_now_ms(control->io) + wait_ms);
}

static void on_refresh(void *owner)
{
    struct control *control = owner;
    struct loader *loader = &control->loader;

    if (loader->state == LOADER_IDLE && loader->refresh_again && loader->file && control->link)
        refresh(control);
}

/* The swarm is another than before, or the first look at it is over. */
static void on_swarm_changed(struct control *control)
{
    struct loader *loader = &control->loader;
    int64_t quiet_ms = io_now_ms(control->io) - loader->refreshed_ms;

    if (loader->state == LOADER_WAITING) {
        struct swarm_link *link = link_of_next(control);

        loader->refresh_again = true;
        if (link && swarm_link_is_settled(link))
            finish_load(control);
        return;
    }
    refresh_soon(control, quiet_ms >= REFRESH_MS ? 0 : REFRESH_MS - quiet_ms);
}

void loader_resume(struct control *control, int text_fd)
{
    struct loader *loader = &control->loader;
    struct problems problems = { 0 };
    struct err err = { "" };

    loader->file = mapping_file_from_fd(control->config_path, text_fd, control->store,
                                        clock_wall_s(), &problems);
    loader->held = !loader->file || loader->file->settings->docker_given;
    if (loader->file) {
        control->link = swarm_link_for(control, loader->file->settings, &err);
        if (control->link)
            swarm_link_want(control->link, loader->file->settings, NULL);
        learn_labels(control, loader->file, control->link);
    }
    if (!loader->file || err.text[0])
        log_error("event=resume reason=\"the file that is served cannot be read again: the swarm "
                  "is not followed until the next reload\" %s%s%s",
                  err.text[0] ? "why=\"" : "", err.text, err.text[0] ? "\"" : "");
    log_lines(buffer_text(&problems.lines), log_error);
    problems_done(&problems);
}

/* --- after a rollout -----------------------------------------------------------------------------
 */

static void take_file(struct control *control)
{
    struct loader *loader = &control->loader;
    const struct settings *settings = loader->next_file->settings;

    if (loader->next_link || !settings->docker_given) {
        swarm_link_free(control->link);
        control->link = loader->next_link;
        loader->next_link = NULL;
    }
    mapping_file_free(loader->file);
    loader->file = loader->next_file;
    loader->next_file = NULL;
    certificate_store_sweep(control->store);
    if (control->link)
        swarm_link_want(control->link, settings, NULL);
}

/* What the workers serve now is what control shows: the same bytes, decoded from the same file. */
static void adopt(struct control *control)
{
    struct loader *loader = &control->loader;
    struct snapshot *snapshot;
    struct err err;

    slot_map_keep(control->slots);
    slot_map_keep(control->domain_slots);
    loader->content = loader->next_content;
    if (loader->next_file)
        take_file(control);
    take_mapping(control);
    snapshot = snapshot_from_fd(loader->snapshot_fd, &err);
    if (!snapshot) { /* every worker could decode it */
        log_error("event=adopt reason=\"%s\"", err.text);
        return;
    }
    snapshot_unref(control->snapshot);
    control->snapshot = snapshot;
    admin_settle(control->admin);
}

static void go_on(struct control *control, bool failed)
{
    struct loader *loader = &control->loader;

    if (loader->load_again)
        load(control);
    else if (loader->refresh_again || failed)
        refresh_soon(control, failed ? RETRY_MS : 0);
}

void loader_rolled_out(struct control *control, const char *reason)
{
    struct loader *loader = &control->loader;
    bool of_file = loader->next_file != NULL;

    if (loader->state != LOADER_ROLLING_OUT)
        return; /* of a control before this one */
    if (reason[0]) {
        drop_slots(control);
        log_error("event=load result=refused generation=%llu reason=\"%s\"",
                  (unsigned long long)loader->generation, reason);
        forget_next(control);
    } else {
        adopt(control);
        log_info("event=load result=served generation=%llu total_ms=%lld",
                 (unsigned long long)loader->generation, (long long)ms_since(loader->started_us));
    }
    close(loader->snapshot_fd);
    loader->snapshot_fd = -1;
    loader->state = LOADER_IDLE;
    if (of_file)
        tell(control, reason, false);
    go_on(control, reason[0] != '\0');
}

void loader_init(struct control *control)
{
    control->loader.snapshot_fd = -1;
    control->on_swarm_changed = on_swarm_changed;
    deadline_init(&control->loader.patience, control->io, on_patience_over, control);
    deadline_init(&control->loader.refresh, control->io, on_refresh, control);
}

void loader_done(struct control *control)
{
    struct loader *loader = &control->loader;

    mapping_free(loader->next_mapping);
    mapping_free(loader->mapping);
    mapping_file_free(loader->next_file);
    mapping_file_free(loader->file);
    swarm_link_free(loader->next_link);
    if (loader->snapshot_fd >= 0)
        close(loader->snapshot_fd);
    deadline_done(&loader->patience);
    deadline_done(&loader->refresh);
}
