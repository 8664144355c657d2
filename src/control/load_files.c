/*
 * One load from the files to two sealed memory files. Called by loader.c, which publishes them, and
 * by check.c, which does not.
 */

#include "load_files.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tls_check.h"

static int64_t lap_ms(int64_t *since_us)
{
    int64_t now_us = clock_monotonic_us();
    int64_t lap = (now_us - *since_us + 500) / 1000;

    *since_us = now_us;
    return lap;
}

static void fill_publish(struct loaded_files *loaded, const struct settings *settings,
                         uint64_t generation)
{
    loaded->publish = (struct message_publish){
        .generation = generation,
        .listener_count = 2,
        .listeners = { { LISTENER_HTTPS, settings->listeners.https },
                       { LISTENER_HTTP, settings->listeners.http } },
        .shutdown_delay_ms = settings->shutdown.delay_ms,
        .shutdown_drain_ms = settings->shutdown.drain_ms,
    };
    loaded->publish.access_log = text_make(
        loaded->access_log, text_to_buffer(settings->log.access_output, loaded->access_log,
                                           sizeof(loaded->access_log)));
    loaded->log_level = settings->log.error_level;
}

static int encode(const struct snapshot *snapshot, const struct keyring *keyring,
                  struct loaded_files *loaded, struct err *err)
{
    loaded->domains = snapshot->domain_count;
    loaded->services = snapshot->service_count;
    loaded->certificates = snapshot->certificate_count;
    loaded->snapshot_fd = snapshot_to_fd(snapshot, err);
    if (loaded->snapshot_fd < 0)
        return -1;
    loaded->keyring_fd = keyring_to_fd(keyring, err);
    if (loaded->keyring_fd < 0) {
        close(loaded->snapshot_fd);
        return -1;
    }
    return 0;
}

int load_files(const char *path, struct snapshot_builder *builder, struct problems *problems,
               struct loaded_files *loaded_out)
{
    struct loaded_files loaded = { .snapshot_fd = -1, .keyring_fd = -1 };
    struct snapshot *snapshot = NULL;
    struct keyring *keyring = NULL;
    int64_t since_us = clock_monotonic_us();
    struct settings *settings = settings_load(path, problems);
    struct err err;
    int status;

    if (!settings)
        return -1;
    loaded.parse_ms = lap_ms(&since_us);
    status = tls_check(settings, problems);
    if (snapshot_build(builder, settings, problems, &snapshot, &keyring) < 0)
        status = -1;
    loaded.build_ms = lap_ms(&since_us);
    if (status == 0) {
        fill_publish(&loaded, settings, builder->generation);
        status = encode(snapshot, keyring, &loaded, &err);
        if (status < 0)
            problems_error(problems, settings, (struct source_place){ 0 }, "%s", err.text);
        loaded.encode_ms = lap_ms(&since_us);
    }
    problems_settle(problems, settings);
    snapshot_unref(snapshot);
    keyring_unref(keyring);
    settings_free(settings);
    if (status < 0)
        return -1;
    *loaded_out = loaded;
    loaded_out->publish.access_log.at = loaded_out->access_log;
    return 0;
}
