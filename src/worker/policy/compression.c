/*
 * Which responses are compressed, and the way of their bytes through the encoder. Called by
 * exchange_backend.c. The codec is given pieces of one buffer and flushed before it is used again.
 */

#include "compression.h"

#include <stdlib.h>

#include "../client/client.h"
#include "../exchange/exchange.h"
#include "base/memory.h"
#include "delivery.h"
#include "encoder.h"
#include "http/content_coding.h"
#include "model/snapshot.h"

#define OUT_BYTES ((size_t)16 * 1024)
/*
 * Of what compression may hold in all, one connection has no more than this part: a hundred bodies
 * at once by gzip, 32 by brotli. It is no part of limits.connection_memory, since it ends nobody:
 * the next response goes by gzip, or as it is.
 */
#define CLIENT_SHARE 4

struct compression {
    /* owned */
    struct encoder *encoder;
    size_t taken;  /* of the client's share */
    size_t filled; /* of `out`; the codec may still hold pieces of it */
    size_t said;   /* of those, given to the codec */
    bool streams;  /* what came in a turn leaves with it */
    bool holds;    /* something was fed since the last flush */
    char out[OUT_BYTES];
};

/* --- which ---------------------------------------------------------------------------------------
 */

static bool has_type(const struct text_list *types, struct text type)
{
    for (size_t i = 0; i < types->count; i++)
        if (text_equal_nocase(types->items[i], type))
            return true;
    return false;
}

/* RFC 9110 section 15: those that have a body which is the whole of something. */
static bool has_whole_body(int status)
{
    return status >= 200 && status != 204 && status != 205 && status != 206 && status != 304;
}

static bool is_eligible(const struct exchange *exchange,
                        const struct compression_settings *settings,
                        const struct response_head *head, const struct framing *framing)
{
    if (framing->has_length &&
        (framing->length == 0 || framing->length < (uint64_t)settings->min_bytes))
        return false;
    return has_whole_body(head->status) &&
           has_type(&settings->types, content_coding_type(&head->fields)) &&
           !content_coding_forbidden(&exchange->request, head);
}

/* But `without`, for which there is no room. */
static enum content_coding choose(const struct exchange *exchange,
                                  const struct compression_settings *settings,
                                  enum content_coding without)
{
    enum content_coding offered[2];
    size_t count = 0;

    if (exchange->request.minor_version < 1)
        return CODING_IDENTITY; /* it knows no chunked, so a body cut short would look whole */
    for (size_t i = 0; i < settings->encodings.count && count < 2; i++) {
        offered[count] =
            text_equal(settings->encodings.items[i], TEXT("br")) ? CODING_BROTLI : CODING_GZIP;
        count += offered[count] != without;
    }
    return content_coding_choose(&exchange->request.fields, offered, count);
}

/* False: there is no memory for it now, so the body goes as it is. */
static bool begin_encoder(struct exchange *exchange, enum content_coding coding, int level,
                          const struct framing *framing)
{
    uint64_t length = framing->has_length ? framing->length : UINT64_MAX;
    struct encoder_budget *budget = &exchange->worker->encoders;
    struct client *client = exchange->client;
    struct encoder *encoder = NULL;

    if (client->encoder_bytes + encoder_need(coding) <= budget->most / CLIENT_SHARE)
        encoder = encoder_new(coding, level, length, budget);
    if (!encoder)
        return false;
    exchange->compression = memory_new(sizeof(*exchange->compression));
    exchange->compression->encoder = encoder;
    exchange->compression->taken = encoder_need(coding);
    client->encoder_bytes += exchange->compression->taken;
    exchange->compression->streams = framing->kind != BODY_COUNTED;
    return true;
}

/* Begins what there is room for; gzip holds a fifth of what brotli does. CODING_IDENTITY: nothing.
 */
static enum content_coding begin(struct exchange *exchange,
                                 const struct compression_settings *settings,
                                 const struct framing *framing)
{
    enum content_coding coding = choose(exchange, settings, CODING_IDENTITY);
    enum content_coding other = choose(exchange, settings, coding);

    /* RFC 9110 section 9.3.2: the head of an answer to HEAD is that of GET; it has no body */
    if (coding == CODING_IDENTITY || framing->kind == BODY_NONE ||
        begin_encoder(exchange, coding, (int)settings->level, framing))
        return coding;
    if (coding == CODING_BROTLI && other != CODING_IDENTITY &&
        begin_encoder(exchange, other, (int)settings->level, framing))
        return other;
    return CODING_IDENTITY;
}

void compression_begin(struct exchange *exchange, struct response_head *head,
                       struct framing *framing)
{
    const struct snapshot_delivery *delivery = delivery_of(exchange);
    const struct compression_settings *settings;
    struct arena *arena = &exchange->arena;
    enum content_coding coding;

    if (!delivery || !delivery->policy.compression.enabled || exchange->parent)
        return;
    settings = &delivery->policy.compression;
    if (head->status == 304) {
        content_coding_mark_304(&exchange->request.fields, &head->fields, arena);
        return;
    }
    if (!is_eligible(exchange, settings, head, framing))
        return;
    content_coding_vary(&head->fields, arena);
    coding = begin(exchange, settings, framing);
    if (coding == CODING_IDENTITY)
        return;
    content_coding_mark(&head->fields, arena, coding);
    framing->has_length = false;
    framing->length = 0;
    if (framing->kind != BODY_NONE)
        framing->kind = BODY_CHUNKED;
}

/* --- the bytes -----------------------------------------------------------------------------------
 */

static void say(struct exchange *exchange)
{
    struct compression *compression = exchange->compression;
    struct text piece =
        text_make(compression->out + compression->said, compression->filled - compression->said);

    compression->said = compression->filled;
    if (piece.len)
        exchange->codec->body(exchange, piece);
}

/* `out` may be used again. */
static void leave(struct exchange *exchange)
{
    say(exchange);
    exchange->codec->flush(exchange);
    exchange->compression->filled = exchange->compression->said = 0;
}

/* False: the exchange has ended. */
static bool step(struct exchange *exchange, enum encoder_step what, struct text piece)
{
    struct compression *compression = exchange->compression;
    struct encoder_out out;

    do {
        if (compression->filled == OUT_BYTES)
            leave(exchange);
        out.at = compression->out + compression->filled;
        out.room = OUT_BYTES - compression->filled;
        if (encoder_step(compression->encoder, what, &piece, &out) < 0) {
            exchange_fail(exchange, 502, "compression_failed");
            return false;
        }
        compression->filled += out.written;
    } while (out.written == out.room);
    return true;
}

void compression_body(struct exchange *exchange, struct text piece)
{
    exchange->compression->holds = true;
    step(exchange, ENCODER_FEED, piece);
}

void compression_end(struct exchange *exchange)
{
    if (step(exchange, ENCODER_END, TEXT_NONE))
        say(exchange);
}

void compression_flush(struct exchange *exchange)
{
    struct compression *compression = exchange->compression;

    if (compression->streams && compression->holds) {
        compression->holds = false;
        if (!step(exchange, ENCODER_FLUSH, TEXT_NONE))
            return;
    }
    leave(exchange);
}

void compression_free(struct exchange *exchange)
{
    struct compression *compression = exchange->compression;

    if (!compression)
        return;
    exchange->client->encoder_bytes -= compression->taken;
    encoder_free(compression->encoder);
    free(compression);
    exchange->compression = NULL;
}
