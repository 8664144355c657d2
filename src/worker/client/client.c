/* One accepted connection: its life from accept to close, whatever protocol it speaks. */

#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../access_log.h"
#include "../admission.h"
#include "../exchange/exchange.h"
#include "../exchange/exchange_counters.h"
#include "base/memory.h"
#include "net/socket.h"
#include "tls/tls_server.h"

/* After our last word the peer has this long to end its side; longer while it takes the word. */
#define LINGER_MS 2000

static const struct stream_handler handshake_handler;

static const struct limit_settings *limits_of(const struct client *client)
{
    return &client->worker->serving->snapshot->limits;
}

struct stream_layer *client_tls(const struct client *client)
{
    return stream_get_layer(client->stream);
}

/* OpenSSL's names; those of 3.0 and 3.5 differ in case and in what they call a curve. */
static void count_group(struct worker *worker, const char *group)
{
    if (strcasecmp(group, "X25519MLKEM768") == 0)
        COUNT(worker, group_x25519mlkem768, 1);
    else if (strcasecmp(group, "X25519") == 0)
        COUNT(worker, group_x25519, 1);
    else if (strcasecmp(group, "secp256r1") == 0 || strcasecmp(group, "prime256v1") == 0)
        COUNT(worker, group_secp256r1, 1);
    else if (strcasecmp(group, "secp384r1") == 0)
        COUNT(worker, group_secp384r1, 1);
    else
        COUNT(worker, group_other, 1);
}

static void count_handshake(struct client *client)
{
    struct tls_session_facts facts;

    tls_session_facts(client_tls(client), &facts);
    if (facts.resumed)
        COUNT(client->worker, handshakes_resumed, 1);
    else
        COUNT(client->worker, handshakes_full, 1);
    if (strcmp(facts.version, "TLSv1.3") == 0)
        COUNT(client->worker, tls_1_3, 1);
    else
        COUNT(client->worker, tls_1_2, 1);
    count_group(client->worker, facts.group);
}

void client_note_refusal(struct client *client, const char *reason)
{
    exchange_counters_refused(client->worker, reason);
    access_log_refused_client(client->worker->log, client, reason);
}

static void begin(struct client *client, const struct client_protocol *protocol)
{
    client->protocol = protocol;
    protocol->begin(client);
}

static bool speaks_h2(const struct client *client)
{
    struct tls_session_facts facts;

    tls_session_facts(client_tls(client), &facts);
    return text_equal(facts.alpn, TEXT("h2"));
}

static void on_ready(void *owner)
{
    struct client *client = owner;

    client->ready = true;
    client->handshake_us = io_now_us(client->worker->io) - client->accepted_us;
    count_handshake(client);
    begin(client, speaks_h2(client) ? &client_h2_protocol : &client_h1_protocol);
}

static void on_broken(void *owner)
{
    struct client *client = owner;
    const char *refusal = tls_session_refusal(client_tls(client));

    COUNT(client->worker, handshakes_failed, 1);
    /* who only knocked and left, a port probe for one, was refused nothing */
    if (refusal[0] && strcmp(refusal, "closed") != 0)
        client_note_refusal(client, refusal);
    client_close(client);
}

static void on_deadline(void *owner)
{
    struct client *client = owner;

    switch (client->phase) {
    case CLIENT_PROXY:
        client_refuse(client, "proxy_header_timeout");
        break;
    case CLIENT_HANDSHAKE:
        COUNT(client->worker, handshakes_failed, 1);
        client_note_refusal(client, "handshake_timeout");
        client_close_reset(client);
        break;
    case CLIENT_HEAD:
    case CLIENT_BODY:
    case CLIENT_WAIT:
    case CLIENT_TUNNEL:
    case CLIENT_CLOSING:
        client->protocol->deadline(client);
        break;
    }
}

static const struct stream_handler handshake_handler = {
    .on_ready = on_ready,
    .on_broken = on_broken,
};

static void refuse(struct client *client, int fd)
{
    COUNT(client->worker, connections_refused, 1);
    client_note_refusal(client, "connections_per_address");
    socket_close_reset(fd);
    free(client);
}

void client_refuse(struct client *client, const char *reason)
{
    COUNT(client->worker, connections_refused, 1);
    client_note_refusal(client, reason);
    client_close_reset(client);
}

void client_set_address(struct client *client, const struct address *address)
{
    client->address = *address;
    address_print_host(address, client->address_text);
}

static void await_handshake(struct client *client)
{
    deadline_set(&client->deadline,
                 client->accepted_us / 1000 + limits_of(client)->handshake_timeout_ms);
}

/* The stream of a client whose first bytes are its own. */
static void open_stream(struct client *client, int fd)
{
    struct worker *worker = client->worker;
    struct stream_layer *layer = NULL;

    if (client->kind == LISTENER_HTTPS)
        layer = tls_session_new(worker->tls);
    client->stream = stream_new(worker->io, fd, layer, &handshake_handler, client);
    if (layer) {
        client->phase = CLIENT_HANDSHAKE;
        await_handshake(client);
    } else {
        begin(client, &client_h1_protocol);
    }
}

/* The stream of one whose proxy may have something to say first. */
static void open_proxied_stream(struct client *client, int fd)
{
    client->phase = CLIENT_PROXY;
    client->stream = stream_new(client->worker->io, fd, NULL, &client_proxy_handler, client);
    stream_resume_reading(client->stream);
    await_handshake(client);
}

void client_begin_protocol(struct client *client, struct text rest)
{
    if (client->kind == LISTENER_HTTPS) {
        client->phase = CLIENT_HANDSHAKE;
        stream_set_handler(client->stream, &handshake_handler, client);
        stream_put_layer(client->stream, tls_session_new(client->worker->tls), rest.at, rest.len);
        buffer_done(&client->input);
        return;
    }
    buffer_consume(&client->input, buffer_len(&client->input) - rest.len);
    begin(client, &client_h1_protocol);
    if (rest.len)
        stream_kick(client->stream);
}

void client_new(struct worker *worker, enum listener_kind kind, int fd,
                const struct address *address)
{
    const struct listener_settings *listeners = &worker->serving->snapshot->listeners;
    struct client *client = memory_new(sizeof(*client));

    client->worker = worker;
    client->kind = kind;
    client->peer = *address;
    client_set_address(client, address);
    client->by_proxy = serving_trusts(worker->serving, address);
    client->proxy_versions = (unsigned)(kind == LISTENER_HTTPS ? listeners->https_proxy_protocol
                                                               : listeners->http_proxy_protocol);
    client->accepted_us = io_now_us(worker->io);
    COUNT(worker, connections_accepted, 1);
    if (!admission_enter(worker->admission, client, fd)) {
        refuse(client, fd);
        return;
    }
    TAILQ_INSERT_TAIL(&worker->clients, client, link);
    deadline_init(&client->deadline, worker->io, on_deadline, client);
    if (client->proxy_versions)
        open_proxied_stream(client, fd);
    else
        open_stream(client, fd);
    stream_start(client->stream);
}

static void release(struct client *client)
{
    struct worker *worker = client->worker;

    admission_leave(worker->admission, client);
    TAILQ_REMOVE(&worker->clients, client, link);
    if (client->protocol)
        client->protocol->release(client);
    buffer_done(&client->input);
    deadline_done(&client->deadline);
    io_free_later(worker->io, client, free);
    worker_check_drained(worker);
}

static void close_it(struct client *client, bool reset)
{
    struct stream *stream = client->stream;

    if (!stream)
        return; /* it is being closed: the exchange came back here */
    if (client->protocol)
        client->protocol->gone(client);
    if (!client->stream)
        return;
    client->stream = NULL;
    if (reset)
        stream_free_reset(stream);
    else
        stream_free(stream);
    release(client);
}

void client_close(struct client *client)
{
    close_it(client, false);
}

void client_close_reset(struct client *client)
{
    close_it(client, true);
}

void client_linger(struct client *client)
{
    admission_is_busy(client->worker->admission, client);
    client->phase = CLIENT_CLOSING;
    stream_linger(client->stream);
    client->write_progress_ms = io_now_ms(client->worker->io);
    deadline_set(&client->deadline, client->write_progress_ms + LINGER_MS);
}

void client_drain(struct client *client)
{
    if (client->protocol && client->protocol->drain)
        client->protocol->drain(client);
}

/* --- limits in time, alike in both protocols -----------------------------------------------------
 */

int64_t client_watch_interval_ms(const struct client *client)
{
    const struct limit_settings *limits = limits_of(client);
    int64_t least =
        limits->write_idle_ms < limits->body_idle_ms ? limits->write_idle_ms : limits->body_idle_ms;

    least /= 4;
    return least < 20 ? 20 : least > 5000 ? 5000 : least;
}

bool client_write_is_stuck(struct client *client)
{
    uint64_t sent = stream_sent(client->stream);
    int64_t now_ms = io_now_ms(client->worker->io);

    if (stream_pending(client->stream) == 0 || sent != client->sent_seen) {
        client->sent_seen = sent;
        client->write_progress_ms = now_ms;
    }
    return now_ms - client->write_progress_ms >= limits_of(client)->write_idle_ms;
}

/* After our last word: no hurry while the client takes what is left of it. */
void client_closing_deadline(struct client *client)
{
    if (!stream_is_backed_up(client->stream))
        client_close(client);
    else if (client_write_is_stuck(client))
        client_close_reset(client);
    else
        deadline_set(&client->deadline,
                     io_now_ms(client->worker->io) + client_watch_interval_ms(client));
}
