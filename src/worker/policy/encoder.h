#ifndef SWARMWARD_WORKER_ENCODER_H
#define SWARMWARD_WORKER_ENCODER_H

#include <stdint.h>

#include "base/text.h"
#include "http/content_coding.h"

/*
 * One body through gzip (zlib) or brotli, in pieces. What it may need at most is taken from
 * `*budget`, which all encoders of a process share, when it begins: none fails on its way for want
 * of memory.
 */
struct encoder;

struct encoder_budget {
    size_t used;
    size_t most;
};

enum encoder_step {
    ENCODER_FEED,  /* more follows */
    ENCODER_FLUSH, /* all that was fed must come out */
    ENCODER_END,   /* it is complete */
};

#define ENCODER_GZIP_BYTES   ((size_t)224 * 1024)
#define ENCODER_BROTLI_BYTES ((size_t)1024 * 1024)

/* What one takes from its budget. */
size_t encoder_need(enum content_coding coding);
/* `length`: of the body, UINT64_MAX when nobody knows. NULL: the budget is used up. */
struct encoder *encoder_new(enum content_coding coding, int level, uint64_t length,
                            struct encoder_budget *budget);
void encoder_free(struct encoder *encoder); /* NULL is fine */
/* What it holds now. */
size_t encoder_bytes(const struct encoder *encoder);

/* Where the coded bytes go. */
struct encoder_out {
    char *at;
    size_t room;
    size_t written; /* out */
};

/*
 * Eats from `*input` and writes to `out`. `written` == `room`: call again with the same step; else
 * all of the input was eaten, and a flush or the end is complete. -1: it failed, and the body can
 * not go on.
 */
int encoder_step(struct encoder *encoder, enum encoder_step step, struct text *input,
                 struct encoder_out *out);

#endif
