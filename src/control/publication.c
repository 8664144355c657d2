/*
 * One mapping to two sealed memory files. Called by loader.c, which publishes them, and by check.c,
 * which does not.
 */

#include "publication.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"

/* Magic, version and length are before it: the generation, then all that matters. */
#define GENERATION_OFFSET 20
#define CONTENT_OFFSET    (GENERATION_OFFSET + 8)

static int64_t lap_ms(int64_t *since_us)
{
    int64_t now_us = clock_monotonic_us();
    int64_t lap = (now_us - *since_us + 500) / 1000;

    *since_us = now_us;
    return lap;
}

static void fill_publish(struct publication *publication, const struct settings *settings,
                         uint64_t generation)
{
    publication->publish = (struct message_publish){
        .generation = generation,
        .listener_count = 2,
        .listeners = { { LISTENER_HTTPS, settings->listeners.https },
                       { LISTENER_HTTP, settings->listeners.http } },
        .shutdown_delay_ms = settings->shutdown.delay_ms,
        .shutdown_drain_ms = settings->shutdown.drain_ms,
    };
    publication->publish.access_log =
        text_make(publication->access_log,
                  text_to_buffer(settings->log.access_output, publication->access_log,
                                 sizeof(publication->access_log)));
    publication->log_level = settings->log.error_level;
}

uint64_t publication_content(int snapshot_fd)
{
    struct stat info;
    uint64_t content;
    void *bytes;

    if (fstat(snapshot_fd, &info) < 0 || info.st_size <= CONTENT_OFFSET)
        return 0;
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, snapshot_fd, 0);
    if (bytes == MAP_FAILED)
        return 0;
    content =
        hash_bytes((const char *)bytes + CONTENT_OFFSET, (size_t)info.st_size - CONTENT_OFFSET);
    munmap(bytes, (size_t)info.st_size);
    return content;
}

static int encode(const struct built_snapshot *built, struct publication *publication,
                  struct err *err)
{
    publication->domains = built->snapshot->domain_count;
    publication->services = built->snapshot->service_count;
    publication->certificates = built->snapshot->certificate_count;
    publication->snapshot_fd = snapshot_to_fd(built->snapshot, err);
    if (publication->snapshot_fd < 0)
        return -1;
    publication->content = publication_content(publication->snapshot_fd);
    publication->keyring_fd = keyring_to_fd(built->keyring, KEYRING_KEYS, err);
    publication->tickets_fd =
        publication->keyring_fd < 0 ? -1 : keyring_to_fd(built->keyring, KEYRING_TICKETS, err);
    if (publication->tickets_fd >= 0)
        return 0;
    close(publication->snapshot_fd);
    if (publication->keyring_fd >= 0)
        close(publication->keyring_fd);
    return -1;
}

int publication_make(struct snapshot_builder *builder, struct mapping_file *file,
                     const struct mapping *mapping, struct problems *problems,
                     struct publication *publication_out)
{
    struct publication publication = { .snapshot_fd = -1, .keyring_fd = -1, .tickets_fd = -1 };
    struct built_snapshot built = { 0 };
    int64_t since_us = clock_monotonic_us();
    struct err err;
    int status = snapshot_build(builder, file, mapping, problems, &built);

    publication.build_ms = lap_ms(&since_us);
    if (status == 0) {
        fill_publish(&publication, file->settings, builder->generation);
        status = encode(&built, &publication, &err);
        if (status < 0)
            problems_error(problems, file->settings, (struct source_place){ 0 }, "%s", err.text);
        publication.encode_ms = lap_ms(&since_us);
    }
    problems_settle(problems, file->settings);
    snapshot_unref(built.snapshot);
    keyring_unref(built.keyring);
    if (status < 0)
        return -1;
    *publication_out = publication;
    publication_out->publish.access_log.at = publication_out->access_log;
    return 0;
}

void publication_close(struct publication *publication)
{
    close(publication->snapshot_fd);
    close(publication->keyring_fd);
    close(publication->tickets_fd);
}
