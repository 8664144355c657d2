/*
 * The ledger of one connection: what grows with what its client sends, asks for or does not take is
 * summed up here. Asked where something is kept over the end of a turn, while an exchange of
 * HTTP/1.1 is watched, and when HTTP/2 brought something: a request that comes and goes in one
 * piece never pays for it.
 *
 * Of HTTP/2 it has the heads (a few bytes of HPACK make large ones, a hundred at a time) and the
 * tables. Bodies that wait are bounded by the windows that limits.http2 grants.
 */

#include "../backend/backend_conn.h"
#include "../exchange/exchange.h"
#include "client_h2.h"

/* What any request may hold: a hundred at once with ordinary heads are no attack. And not less than
 * an arena keeps of the request before, which need not have been this client's. */
#define HELD_FREE ARENA_KEPT_BYTES

static size_t exchange_memory(const struct exchange *exchange)
{
    const struct backend_conn *conn = exchange->backend;
    size_t bytes = exchange->arena.total;

    return conn ? bytes + conn->codec->memory(conn) : bytes;
}

static size_t h1_memory(const struct client *client)
{
    size_t bytes = client->input.capacity;

    if (client->stream)
        bytes += stream_pending(client->stream);
    if (client->h1.body_open)
        bytes += client->h1.body.trailer_bytes.capacity;
    if (client->h1.exchange)
        bytes += exchange_memory(client->h1.exchange);
    return bytes;
}

static size_t h2_memory(const struct client *client)
{
    size_t bytes = 2 * (size_t)client->worker->serving->snapshot->limits.http2_header_table;
    const struct client_stream *stream;

    TAILQ_FOREACH(stream, &client->h2->streams, link) {
        size_t held = stream->exchange->arena.total;

        bytes += held > HELD_FREE ? held - HELD_FREE : 0;
    }
    return bytes;
}

bool client_is_over_memory(const struct client *client)
{
    size_t most = (size_t)client->worker->serving->snapshot->limits.connection_memory;

    return (client->h2 ? h2_memory(client) : h1_memory(client)) > most;
}
