/*
 * Whole exchanges with HTTP/2 on one side or on both. The first byte of the input says on which:
 * its bit 0, to clients; bit 1, to backends; bit 2: clients send their preface themselves; bit 3:
 * what is passed on is edited and compressed. What follows is a play of exchange_world.h with two
 * more steps, "f" for a frame of the client and "g" for one of the backend, in the letters of
 * h2_frames.h; raw bytes go as everywhere.
 *
 * Whatever is played: what we say is HTTP/2 that somebody else's HPACK reads, in both directions
 * (h2_check.h), within the windows, and with lengths that hold; every stream that a client began
 * gets an answer, or a reset, or the end of its connection; nothing reaches a backend but requests
 * that a client began; nobody holds more than limits.connection_memory; nobody spins.
 */

#include "client/client.h"
#include "client/client_h2.h"
#include "exchange_world.h"
#include "h2_check.h"
#include "h2_frames.h"
#include "http_check.h"

#define BYTES_MAX 16384
#define QUIET_MS  (INT64_C(3) * 3600 * 1000) /* longer than every limit */

static struct world_rules rules;
static bool sends_preface;
static uint32_t next_stream[WORLD_CLIENTS_MAX];
static uint32_t next_push;

static void client_frame(struct text letters)
{
    struct buffer bytes = { 0 };

    if (rules.h2_clients)
        h2_frame_write(&bytes, letters, &next_stream[world.client_count - 1]);
    world_client_sends(buffer_text(&bytes));
    buffer_done(&bytes);
}

static void backend_frame(struct text letters)
{
    static const char settings[] = "\0\0\0\4\0\0\0\0\0";
    struct stream *backend = world_newest_backend();
    struct buffer bytes = { 0 };

    if (!backend || !rules.h2_backends)
        return;
    if (!backend->greeted) { /* before which it is asked nothing */
        backend->greeted = true;
        memory_peer_sends(backend, text_make(settings, sizeof(settings) - 1));
        CHECK(memory_net_run());
    }
    if (backend->closed)
        return;
    h2_frame_write(&bytes, letters, &next_push);
    memory_peer_sends(backend, buffer_text(&bytes));
    buffer_done(&bytes);
}

static void new_client(void)
{
    static const char preface[] = H2_MAGIC "\0\0\0\4\0\0\0\0\0";

    next_stream[world.client_count - 1] = 1;
    if (rules.h2_clients && sends_preface)
        world_client_sends(text_make(preface, sizeof(preface) - 1));
}

static void more(char letter, struct text bytes)
{
    if (letter == 'n')
        new_client();
    else if (letter == 'f')
        client_frame(bytes);
    else if (letter == 'g')
        backend_frame(bytes);
}

/* Behind its preface. */
static struct text frames_of(size_t client)
{
    return text_from(buffer_text(&world.sent[client]), sizeof(H2_MAGIC) - 1);
}

/* Nobody is still at work: what was asked is answered, or was given up. */
static void check_nothing_waits(void)
{
    CHECK(memory_net_wait(QUIET_MS));
    CHECK(world.worker.open_exchanges == 0);
    for (size_t i = 0; i < world.client_count; i++) {
        const struct client *client = world.clients[i]->closed ? NULL : world.clients[i]->owner;

        CHECK(!client || !client->h2 || TAILQ_EMPTY(&client->h2->streams));
    }
}

static void check_clients(bool over)
{
    static struct h2_peer_said said;

    for (size_t i = 0; i < world.client_count && rules.h2_clients; i++) {
        const struct stream *stream = world.clients[i];

        h2_peer_said(frames_of(i), &said);
        h2_check_responses(buffer_text(&stream->out), &said, over && !stream->closed);
    }
}

static void check_backends(void)
{
    static struct h2_peer_said said;
    size_t requests = 0;

    for (size_t i = 0; i < memory_net.count; i++) {
        const struct stream *stream = memory_net.streams[i];

        if (stream->is_backend && rules.h2_backends)
            h2_check_requests(buffer_text(&stream->out));
        else if (stream->is_backend)
            check_backend_h1(stream);
    }
    for (size_t i = 0; i < world.client_count; i++) {
        if (!rules.h2_clients) {
            requests += check_requests_begun(buffer_text(&world.sent[i]));
            continue;
        }
        h2_peer_said(frames_of(i), &said);
        requests += said.requests;
    }
    CHECK(check_counted() <= requests);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1 || len > BYTES_MAX)
        return 0;
    rules = (struct world_rules){
        .h2_clients = bytes[0] & 1,
        .h2_backends = bytes[0] & 2,
        .delivery = bytes[0] & 8,
        .steps = 256,
        .more = more,
    };
    sends_preface = !(bytes[0] & 4);
    next_push = 2;
    world_begin(&rules);
    world_play(text_make((const char *)bytes + 1, len - 1));
    check_clients(false);
    if (len % 2)
        check_nothing_waits();
    check_clients(len % 2);
    world_end_play();
    check_clients(false);
    check_backends();
    world_end();
    return 0;
}
