/*
 * The life of one HTTP/2 connection and what is asked of it as a whole. Messages are in
 * h2_receive.c and h2_send.c. Called by the worker, for clients and for backends.
 */

#include "http/h2_session.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "h2_private.h"

/* More than the largest head that is taken from the other side, and what is added to it. */
#define HEAD_BYTES_MOST ((size_t)512 * 1024)

#define NEVER_BY_NGHTTP2 UINT32_MAX

static nghttp2_option *make_option(const struct h2_session *session)
{
    nghttp2_option *option;

    if (nghttp2_option_new(&option))
        abort(); /* out of memory */
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_http_messaging(option, 1); /* h2_head.c says why */
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_deflate_dynamic_table_size(option, session->grants.table_bytes);
    nghttp2_option_set_max_send_header_block_length(option, HEAD_BYTES_MOST);
#ifdef NGHTTP2_HAS_RATE_LIMITS
    /* h2_receive.c counts both, by the settings; these must not come before */
    nghttp2_option_set_max_continuations(option, NEVER_BY_NGHTTP2);
    nghttp2_option_set_stream_reset_rate_limit(option, NEVER_BY_NGHTTP2, NEVER_BY_NGHTTP2);
#endif
    return option;
}

static void make_nghttp2(struct h2_session *session)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option = make_option(session);
    nghttp2_mem memory = h2_memory_of(session);
    int status;

    if (nghttp2_session_callbacks_new(&callbacks))
        abort();
    h2_receive_install(callbacks);
    h2_send_install(callbacks);
    if (session->role == H2_SERVER)
        status =
            nghttp2_session_server_new3(&session->nghttp2, callbacks, session, option, &memory);
    else
        status =
            nghttp2_session_client_new3(&session->nghttp2, callbacks, session, option, &memory);
    if (status)
        abort();
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
}

/* SETTINGS_MAX_HEADER_LIST_SIZE counts 32 bytes a field more than we do (RFC 9113 6.5.2). */
static uint32_t header_list_bytes(const struct h1_limits *limits)
{
    return (uint32_t)(limits->head_bytes + 32 * limits->fields);
}

static void submit_preface(struct h2_session *session, const struct h1_limits *limits)
{
    const struct h2_grants *grants = &session->grants;
    bool server = session->role == H2_SERVER;
    nghttp2_settings_entry entries[] = {
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, grants->stream_bytes },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_bytes(limits) },
        { NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, grants->table_bytes },
        /* RFC 9218: the old tree of priorities is not kept, and nobody can make it grow */
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
        { server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
          server ? grants->streams : 0 },
        { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
    };
    size_t count = sizeof(entries) / sizeof(entries[0]);

    if (!server || !grants->extended_connect)
        count--;
    nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, entries, count);
    nghttp2_session_set_local_window_size(session->nghttp2, NGHTTP2_FLAG_NONE, 0,
                                          (int32_t)grants->connection_bytes);
}

// NOLINTNEXTLINE(readability-function-size): who, what, and whom to tell
struct h2_session *h2_session_new(enum h2_role role, const struct h2_grants *grants,
                                  const struct h1_limits *limits, const struct h2_handler *handler,
                                  void *owner)
{
    struct h2_session *session = memory_new(sizeof(*session));

    session->role = role;
    session->grants = *grants;
    session->handler = handler;
    session->owner = owner;
    session->scan.skip = role == H2_SERVER ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
    session->builder.limits = *limits;
    session->builder.extended_connect = grants->extended_connect;
    TAILQ_INIT(&session->streams);
    TAILQ_INIT(&session->dirty);
    make_nghttp2(session);
    submit_preface(session, limits);
    return session;
}

void h2_session_free(struct h2_session *session)
{
    if (!session)
        return;
    assert(!session->busy);
    nghttp2_session_del(session->nghttp2);
    while (!TAILQ_EMPTY(&session->streams))
        h2_stream_free(TAILQ_FIRST(&session->streams));
    h2_head_done(&session->builder);
    buffer_done(&session->text);
    free(session);
}

void h2_session_set_limits(struct h2_session *session, const struct h1_limits *limits)
{
    session->builder.limits = *limits;
}

static const char *reason_of_nghttp2(int error)
{
    switch (error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        return "bad_preface";
    case NGHTTP2_ERR_FLOODED:
        return "ping_flood";
    default:
        return "h2_internal";
    }
}

int h2_session_receive(struct h2_session *session, struct text bytes, int64_t now_ms)
{
    ssize_t used;

    assert(!session->busy);
    session->now_ms = now_ms;
    if (session->failure || h2_count_frames(session, bytes) < 0)
        return -1;
    session->busy = true;
    used = nghttp2_session_mem_recv(session->nghttp2, (const uint8_t *)bytes.at, bytes.len);
    session->busy = false;
    if (used < 0 && !session->failure)
        h2_session_fail(session,
                        used == NGHTTP2_ERR_FLOODED ? H2_ENHANCE_YOUR_CALM : H2_PROTOCOL_ERROR,
                        reason_of_nghttp2((int)used));
    return session->failure ? -1 : 0;
}

const char *h2_session_failure(const struct h2_session *session)
{
    return session->failure;
}

bool h2_session_is_over(const struct h2_session *session)
{
    return !nghttp2_session_want_read(session->nghttp2) &&
           !nghttp2_session_want_write(session->nghttp2);
}

uint64_t h2_session_open_head(const struct h2_session *session)
{
    return session->scan.head_open || !session->preface_seen ? session->scan.heads + 1 : 0;
}

size_t h2_session_streams(const struct h2_session *session)
{
    return session->stream_count;
}

size_t h2_session_kept(const struct h2_session *session)
{
    return session->kept;
}

/* The time begins to count when it is first looked at: nobody says when bytes were given. */
struct h2_stream *h2_session_stalled(struct h2_session *session, int64_t now_ms, int64_t idle_ms)
{
    struct h2_stream *stream;

    TAILQ_FOREACH(stream, &session->streams, link) {
        bool owed =
            h2_stream_waiting(stream) || (stream->ended && !stream->end_sent) || stream->blocked;

        if (!owed || stream->resetting)
            stream->owed_since_ms = 0;
        else if (!stream->owed_since_ms)
            stream->owed_since_ms = now_ms;
        else if (now_ms - stream->owed_since_ms >= idle_ms)
            return stream;
    }
    return NULL;
}

void h2_session_fail(struct h2_session *session, uint32_t code, const char *reason)
{
    if (session->failure)
        return;
    session->failure = reason;
    session->going_away = true;
    nghttp2_session_terminate_session(session->nghttp2, code);
}

void h2_session_shutdown_notice(struct h2_session *session)
{
    if (!session->going_away)
        nghttp2_submit_shutdown_notice(session->nghttp2);
}

void h2_session_goaway(struct h2_session *session)
{
    if (session->going_away)
        return;
    session->going_away = true;
    nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session->nghttp2), H2_NO_ERROR,
                          NULL, 0);
}

void h2_session_ping(struct h2_session *session)
{
    nghttp2_submit_ping(session->nghttp2, NGHTTP2_FLAG_NONE, NULL);
}

size_t h2_session_room(const struct h2_session *session)
{
    uint32_t most = nghttp2_session_get_remote_settings(session->nghttp2,
                                                        NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

    if (session->failure || session->going_away || session->peer_goes_away ||
        !nghttp2_session_check_request_allowed(session->nghttp2))
        return 0;
    if (most > session->grants.streams)
        most = session->grants.streams;
    return most > session->stream_count ? most - session->stream_count : 0;
}

bool h2_session_takes_websocket(const struct h2_session *session)
{
    return nghttp2_session_get_remote_settings(session->nghttp2,
                                               NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void h2_stream_set_user(struct h2_stream *stream, void *user)
{
    stream->user = user;
}

void *h2_stream_user(const struct h2_stream *stream)
{
    return stream->user;
}

void h2_stream_set_window(struct h2_stream *stream, uint32_t bytes)
{
    nghttp2_session *nghttp2 = stream->session->nghttp2;
    bool has_left = nghttp2_session_find_stream(nghttp2, stream->id);

    stream->window = has_left ? 0 : bytes;
    if (has_left)
        nghttp2_session_set_local_window_size(nghttp2, NGHTTP2_FLAG_NONE, stream->id,
                                              (int32_t)bytes);
}

void h2_stream_consume(struct h2_stream *stream, size_t bytes)
{
    assert(bytes <= stream->unconsumed);
    stream->unconsumed -= bytes;
    nghttp2_session_consume(stream->session->nghttp2, stream->id, bytes);
}
