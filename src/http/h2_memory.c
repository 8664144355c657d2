/*
 * What a session holds, to the byte: nghttp2 takes its memory here, so that its tables, the heads
 * that wait in it and whatever else a peer makes it remember are counted too. Asked by the worker.
 */

#include <malloc.h>
#include <stdlib.h>

#include "h2_private.h"

static void *counted(struct h2_session *session, void *memory)
{
    session->allocated += malloc_usable_size(memory);
    return memory;
}

static void *on_malloc(size_t bytes, void *owner)
{
    return counted(owner, malloc(bytes));
}

static void *on_calloc(size_t count, size_t bytes, void *owner)
{
    return counted(owner, calloc(count, bytes));
}

static void on_free(void *memory, void *owner)
{
    struct h2_session *session = owner;

    session->allocated -= malloc_usable_size(memory);
    free(memory);
}

static void *on_realloc(void *memory, size_t bytes, void *owner)
{
    struct h2_session *session = owner;
    size_t before = malloc_usable_size(memory);
    void *now = realloc(memory, bytes);

    if (now || !bytes)
        session->allocated -= before;
    return now ? counted(session, now) : NULL;
}

nghttp2_mem h2_memory_of(struct h2_session *session)
{
    return (nghttp2_mem){
        .mem_user_data = session,
        .malloc = on_malloc,
        .free = on_free,
        .calloc = on_calloc,
        .realloc = on_realloc,
    };
}

size_t h2_stream_memory(const struct h2_stream *stream)
{
    return sizeof(*stream) + stream->kept.capacity + stream->last_bytes;
}

size_t h2_session_memory(const struct h2_session *session)
{
    size_t bytes = session->allocated + h2_head_memory(&session->builder) + session->text.capacity;
    const struct h2_stream *stream;

    TAILQ_FOREACH(stream, &session->streams, link) {
        bytes += h2_stream_memory(stream);
    }
    return bytes;
}
