/* zlib and libbrotlienc behind one face. Called by compression.c; knows no HTTP. */

#include "encoder.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"

/*
 * Windows: what a page repeats is near. Brotli's qualities from 4 on hold 1.8 MB for each response
 * and gain three hundredths (docs/delivery.md has the numbers).
 */
#define GZIP_WINDOW_BITS    15
#define GZIP_MEMORY_LEVEL   7
#define BROTLI_WINDOW_BITS  16
#define BROTLI_QUALITY_MOST 3

/* What came from the heap has its size in front. */
#define PREFIX_BYTES 16

struct encoder {
    /* owned */
    z_stream gzip;
    BrotliEncoderState *brotli;
    size_t held;
    /* borrowed */
    struct encoder_budget *budget;
    enum content_coding coding;
};

static void *allocate(void *owner, size_t bytes)
{
    struct encoder *encoder = owner;
    char *memory = memory_resize(NULL, PREFIX_BYTES + bytes, 1);

    memcpy(memory, &bytes, sizeof(bytes));
    encoder->held += bytes;
    return memory + PREFIX_BYTES;
}

static void release(void *owner, void *memory)
{
    struct encoder *encoder = owner;
    char *start = memory;
    size_t bytes;

    if (!memory)
        return;
    start -= PREFIX_BYTES;
    memcpy(&bytes, start, sizeof(bytes));
    encoder->held -= bytes;
    free(start);
}

static void *gzip_allocate(void *owner, unsigned items, unsigned size)
{
    return allocate(owner, (size_t)items * size);
}

size_t encoder_need(enum content_coding coding)
{
    return coding == CODING_BROTLI ? ENCODER_BROTLI_BYTES : ENCODER_GZIP_BYTES;
}

static bool begin_gzip(struct encoder *encoder, int level)
{
    encoder->gzip.zalloc = gzip_allocate;
    encoder->gzip.zfree = release;
    encoder->gzip.opaque = encoder;
    /* 16 more: with gzip's head and checksum */
    return deflateInit2(&encoder->gzip, level, Z_DEFLATED, GZIP_WINDOW_BITS + 16, GZIP_MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

static bool begin_brotli(struct encoder *encoder, int level, uint64_t length)
{
    uint32_t hint = length > UINT32_MAX / 2 ? 0 : (uint32_t)length;

    level = level < BROTLI_QUALITY_MOST ? level : BROTLI_QUALITY_MOST;
    encoder->brotli = BrotliEncoderCreateInstance(allocate, release, encoder);
    return encoder->brotli &&
           BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_QUALITY, (uint32_t)level) &&
           BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_LGWIN, BROTLI_WINDOW_BITS) &&
           BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_LGBLOCK, 16) &&
           BrotliEncoderSetParameter(encoder->brotli, BROTLI_PARAM_SIZE_HINT, hint);
}

struct encoder *encoder_new(enum content_coding coding, int level, uint64_t length,
                            struct encoder_budget *budget)
{
    struct encoder *encoder;
    bool begun;

    if (encoder_need(coding) > budget->most - budget->used)
        return NULL;
    encoder = memory_new(sizeof(*encoder));
    encoder->budget = budget;
    encoder->coding = coding;
    budget->used += encoder_need(coding);
    if (coding == CODING_BROTLI)
        begun = begin_brotli(encoder, level, length);
    else
        begun = begin_gzip(encoder, level);
    if (begun)
        return encoder;
    encoder_free(encoder);
    return NULL;
}

void encoder_free(struct encoder *encoder)
{
    if (!encoder)
        return;
    if (encoder->brotli)
        BrotliEncoderDestroyInstance(encoder->brotli);
    else if (encoder->coding == CODING_GZIP && encoder->gzip.state)
        deflateEnd(&encoder->gzip);
    encoder->budget->used -= encoder_need(encoder->coding);
    free(encoder);
}

size_t encoder_bytes(const struct encoder *encoder)
{
    return encoder->held;
}

static int step_gzip(struct encoder *encoder, enum encoder_step step, struct text *input,
                     struct encoder_out *out)
{
    static const int flushes[] = {
        [ENCODER_FEED] = Z_NO_FLUSH,
        [ENCODER_FLUSH] = Z_SYNC_FLUSH,
        [ENCODER_END] = Z_FINISH,
    };
    z_stream *gzip = &encoder->gzip;
    int result;

    memcpy(&gzip->next_in, &input->at, sizeof(input->at)); /* zlib is not const-correct */
    gzip->avail_in = (unsigned)input->len;
    gzip->next_out = (unsigned char *)out->at;
    gzip->avail_out = (unsigned)out->room;
    result = deflate(gzip, flushes[step]);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return -1;
    *input = text_from(*input, input->len - gzip->avail_in);
    out->written = out->room - gzip->avail_out;
    return 0;
}

static int step_brotli(struct encoder *encoder, enum encoder_step step, struct text *input,
                       struct encoder_out *out)
{
    static const BrotliEncoderOperation operations[] = {
        [ENCODER_FEED] = BROTLI_OPERATION_PROCESS,
        [ENCODER_FLUSH] = BROTLI_OPERATION_FLUSH,
        [ENCODER_END] = BROTLI_OPERATION_FINISH,
    };
    const uint8_t *next_in = (const uint8_t *)input->at;
    size_t left_in = input->len;
    uint8_t *next_out = (uint8_t *)out->at;
    size_t left_out = out->room;

    do {
        if (!BrotliEncoderCompressStream(encoder->brotli, operations[step], &left_in, &next_in,
                                         &left_out, &next_out, NULL))
            return -1;
    } while (left_out && (left_in || BrotliEncoderHasMoreOutput(encoder->brotli)));
    *input = text_from(*input, input->len - left_in);
    out->written = out->room - left_out;
    return 0;
}

int encoder_step(struct encoder *encoder, enum encoder_step step, struct text *input,
                 struct encoder_out *out)
{
    if (encoder->coding == CODING_BROTLI)
        return step_brotli(encoder, step, input, out);
    return step_gzip(encoder, step, input, out);
}
