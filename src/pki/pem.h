#ifndef SWARMWARD_PKI_PEM_H
#define SWARMWARD_PKI_PEM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/* RFC 7468: blocks of base64 between lines of dashes. */

struct pem_block {
    struct text label; /* "CERTIFICATE" */
    struct text body;  /* as written, between the lines */
};

enum pem_status {
    PEM_BLOCK,
    PEM_END,
    PEM_BAD, /* `err` says why */
};

/* The next block of `rest`; text before a block is passed over, text behind the last is refused. */
enum pem_status pem_next(struct text *rest, struct pem_block *block_out, struct err *err);

/* RFC 1421 headers in front of the base64: an encrypted key. */
bool pem_is_encrypted(const struct pem_block *block);

/* The body's bytes, in `arena`. */
int pem_decode(const struct pem_block *block, struct arena *arena, struct text *bytes_out,
               struct err *err);

#endif
