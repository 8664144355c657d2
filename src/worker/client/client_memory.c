/*
 * The ledger of one connection: what grows with what its client sends, asks for or does not take is
 * summed up here. Asked where something is kept over the end of a turn, while an exchange of
 * HTTP/1.1 is watched, and when HTTP/2 brought something: a request that comes and goes in one
 * piece never pays for it.
 *
 * Nobody who only reads slowly, or whose service does, is to be ended by it. So what the relay
 * keeps has marks that are parts of the whole. With 1 MiB, a client of HTTP/2 that takes nothing of
 * a hundred downloads has 320 KiB of them, and one piece, from services of HTTP/1.1
 * (client_kept_most()), and at most 520 KiB that services of HTTP/2 had leave to send
 * (client_body_window()); one whose hundred uploads nobody takes, 512 KiB
 * (client_connection_window()). The rest is for heads, tables and frames.
 *
 * What compression holds is a bound of its own, policy/compression.c: who reached it gets the next
 * response as it is.
 */

#include "client_memory.h"

#include "../backend/backend_conn.h"
#include "../exchange/exchange.h"
#include "client_h2.h"

/* The heads that any request of HTTP/2 may hold besides: a hundred at once with ordinary heads are
 * no attack, and limits.http2.streams bounds them. And not less than an arena keeps of the request
 * before, which need not have been this client's. */
#define HELD_FREE ARENA_KEPT_BYTES

/* Of services that speak HTTP/2, one after the other: a single response has the window of CONFIG.md
 * section 4, two have it, four have half of it each; a hundred are bounded by 520 KiB together. */
#define WINDOWS_BYTES ((uint32_t)128 * 1024)
#define WINDOW_MOST   ((uint32_t)64 * 1024)

static size_t most(const struct client *client)
{
    return (size_t)client->worker->serving->snapshot->limits.connection_memory;
}

static size_t backend_memory(const struct exchange *exchange)
{
    const struct backend_conn *conn = exchange->backend;

    return conn ? conn->codec->memory(conn) : 0;
}

static size_t h1_memory(const struct client *client)
{
    size_t bytes = client->input.capacity;

    if (client->h1.body_open)
        bytes += client->h1.body.trailer_bytes.capacity;
    if (client->h1.exchange)
        bytes += client->h1.exchange->arena.total + backend_memory(client->h1.exchange);
    return bytes;
}

static size_t h2_memory(const struct client *client)
{
    size_t bytes = h2_session_memory(client->h2->session);
    const struct client_stream *stream;

    TAILQ_FOREACH(stream, &client->h2->streams, link) {
        size_t heads = stream->exchange->arena.total;

        bytes += heads > HELD_FREE ? heads - HELD_FREE : 0;
        bytes += stream->input.capacity + backend_memory(stream->exchange);
    }
    return bytes;
}

size_t client_memory(const struct client *client)
{
    size_t bytes = client->h2 ? h2_memory(client) : h1_memory(client);

    return client->stream ? bytes + stream_pending(client->stream) : bytes;
}

bool client_is_over_memory(const struct client *client)
{
    return client_memory(client) > most(client);
}

size_t client_kept_most(const struct client *client)
{
    return most(client) / 16 * 5;
}

uint32_t client_connection_window(const struct client *client)
{
    size_t granted = (size_t)client->worker->serving->snapshot->limits.http2_connection_window;

    return (uint32_t)(granted < most(client) / 2 ? granted : most(client) / 2);
}

uint32_t client_body_window(const struct client *client)
{
    size_t streams = client->h2 ? h2_session_streams(client->h2->session) : 1;
    uint32_t bytes = WINDOWS_BYTES;

    while (streams > 1 && bytes > CLIENT_WINDOW_LEAST) {
        bytes /= 2;
        streams = (streams + 1) / 2;
    }
    return bytes < WINDOW_MOST ? bytes : WINDOW_MOST;
}
