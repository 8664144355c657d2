/*
 * Life of a snapshot: counted, and one with the memory file that it is a view of. Control builds
 * and sends it, workers and the checker receive it. The bytes are snapshot_codec.c, choosing
 * domains and routes is route_table.c.
 */

#include "model/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/reasons.h"
#include "sealed_map.h"

struct snapshot *snapshot_new(void)
{
    struct snapshot *snapshot = memory_new(sizeof(*snapshot));

    snapshot->references = 1;
    for (int kind = 0; kind < KEY_KIND_COUNT; kind++)
        snapshot->fallback_certificates[kind] = SNAPSHOT_NONE;
    return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    assert(snapshot->references > 0);
    snapshot->references++;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    assert(snapshot->references > 0);
    if (--snapshot->references)
        return;
    string_map_done(&snapshot->exact);
    string_map_done(&snapshot->wildcard);
    arena_done(&snapshot->arena);
    if (snapshot->mapping)
        munmap(snapshot->mapping, snapshot->mapping_bytes);
    free(snapshot);
}

int snapshot_to_fd(const struct snapshot *snapshot, struct err *err)
{
    struct buffer bytes = { 0 };
    int fd = -1;

    snapshot_encode(snapshot, &bytes);
    if (buffer_len(&bytes) > SNAPSHOT_BYTES_MAX)
        err_set(err, "snapshot: %zu bytes, the limit is %zu: map fewer domains or shorten chains",
                buffer_len(&bytes), SNAPSHOT_BYTES_MAX);
    else
        fd = file_sealed_memory("swarmward-snapshot", bytes.bytes, buffer_len(&bytes), err);
    buffer_done(&bytes);
    return fd;
}

struct snapshot *snapshot_from_fd(int fd, struct err *err)
{
    struct snapshot *snapshot = snapshot_new();

    snapshot->mapping =
        sealed_map(fd, "snapshot", SNAPSHOT_BYTES_MAX, &snapshot->mapping_bytes, err);
    if (snapshot->mapping &&
        snapshot_decode(snapshot, text_make(snapshot->mapping, snapshot->mapping_bytes), err) == 0)
        return snapshot;
    snapshot_unref(snapshot);
    return NULL;
}

const char *service_refusal_reason(enum service_refusal refusal)
{
    switch (refusal) {
    case SERVICE_SERVED:
    case SERVICE_REFUSAL_COUNT:
        return NULL;
    case SERVICE_NOT_FOUND:
        return reason_word(REASON_service_not_found);
    case SERVICE_NOT_ENCRYPTED:
        return reason_word(REASON_backend_not_encrypted);
    case SERVICE_NETWORK:
        return reason_word(REASON_service_network);
    case SERVICE_PORT:
        return reason_word(REASON_service_port);
    }
    return NULL;
}

struct text snapshot_service_host(const struct snapshot_service *service)
{
    return service->in_swarm ? text_first(service->name, text_find_last(service->name, ':'))
                             : TEXT_NONE;
}
