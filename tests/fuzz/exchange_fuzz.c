/*
 * Whole exchanges: a worker between clients and backends that are nothing but bytes of the input.
 * The input is a play of exchange_world.h.
 *
 * Whatever is played: every exchange ends when its peers have; nobody spins; what backends get are
 * requests that our own parser takes, each with one framing, our fields and no other Host; what
 * clients get are responses, no more than there were requests, and one that is not complete is cut
 * so that it can be seen; when a client is shown out, nothing of it reaches a backend any more.
 */

#include "client/client.h"
#include "exchange/exchange.h"
#include "exchange_world.h"
#include "http/framing.h"
#include "http_check.h"

#define BYTES_MAX 16384

static const struct h1_limits wide = WORLD_LIMITS;
static struct field_line lines[FIELD_LINES_MAX];

/* Is somebody still at work on its response? */
static bool is_answered(const struct stream *stream)
{
    return !stream->closed && ((const struct client *)stream->owner)->h1.exchange;
}

static void check_client(const struct stream *stream, struct text requests)
{
    struct text output = buffer_text(&stream->out);
    struct sent_request request = { 0 };
    bool known = false;
    bool refused = false;

    while (output.len) {
        struct response_head head;
        struct h1_scan scan = { 0 };
        struct h1_refusal refusal;
        struct framing framing;
        size_t used;

        CHECK(h1_parse_response(output, &wide, &scan, lines, &head, &used, &refusal) == PARSE_DONE);
        output = text_from(output, used);
        if (!known) {
            CHECK(!refused); /* an answer to a request that was none is the last */
            request = (struct sent_request){ 0 };
            known = check_next_request(&requests, &request);
            refused = !known;
        }
        if (head.status == 101)
            return;
        CHECK(framing_of_response(&head, request.method, false, &framing, &refusal) == 0);
        CHECK(head.status >= 200 || (known && !request.old));
        if (head.status < 200)
            continue;
        CHECK(!request.old || framing.kind != BODY_CHUNKED);
        CHECK(known || head.status >= 400);
        known = false;
        if (framing.kind != BODY_NONE && !check_skip_body(&framing, true, &output)) {
            /* cut, or not there yet, or ended by the end of all */
            CHECK(stream->closed || is_answered(stream) ||
                  (framing.kind == BODY_UNTIL_CLOSE && stream->lingering));
            CHECK(!output.len);
            return;
        }
        CHECK(framing.persistent || !output.len);
    }
}

static void check_clients(void)
{
    for (size_t i = 0; i < world.client_count; i++)
        check_client(world.clients[i], buffer_text(&world.sent[i]));
}

static void check_backends(void)
{
    size_t sent_whole = 0;

    for (size_t i = 0; i < memory_net.count; i++)
        if (memory_net.streams[i]->is_backend)
            check_backend_h1(memory_net.streams[i]);
    for (size_t i = 0; i < world.client_count; i++)
        sent_whole += check_whole_requests(buffer_text(&world.sent[i]));
    CHECK(check_counted() <= sent_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const struct world_rules rules = { .steps = 64 };

    if (len > BYTES_MAX)
        return 0;
    world_begin(&rules);
    world_play(text_make((const char *)bytes, len));
    check_clients();
    world_end_play();
    check_clients();
    check_backends();
    world_end();
    return 0;
}
