#ifndef SWARMWARD_IPC_WIRE_H
#define SWARMWARD_IPC_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "net/address.h"

/*
 * Numbers and texts as bytes, little-endian, each with its bound. Reading never runs past the end:
 * the first short read marks the reader bad and every later read gives zeros, so a decoder checks
 * once, at the end, with wire_is_done().
 */

void wire_put_u8(struct buffer *out, uint8_t value);
void wire_put_u32(struct buffer *out, uint32_t value);
void wire_put_u64(struct buffer *out, uint64_t value);
void wire_put_i64(struct buffer *out, int64_t value);
void wire_put_bool(struct buffer *out, bool value);
void wire_put_text(struct buffer *out, struct text text);               /* u32 length, bytes */
void wire_put_bytes(struct buffer *out, const void *bytes, size_t len); /* no length */
void wire_put_address(struct buffer *out, const struct address *address);

struct wire {
    struct text left; /* borrowed */
    bool bad;
};

static inline struct wire wire_read(struct text bytes)
{
    return (struct wire){ .left = bytes };
}

uint8_t wire_get_u8(struct wire *wire);
uint32_t wire_get_u32(struct wire *wire);
uint64_t wire_get_u64(struct wire *wire);
int64_t wire_get_i64(struct wire *wire);
bool wire_get_bool(struct wire *wire);                        /* other than 0 and 1 is bad */
struct text wire_get_text(struct wire *wire, size_t max_len); /* a view of the bytes */
void wire_get_bytes(struct wire *wire, void *out, size_t len);
struct address wire_get_address(struct wire *wire); /* IPv4 or IPv6; anything else is bad */
/* A count of things of at least `least_bytes` each: more than can be left is bad, and 0. */
size_t wire_get_count(struct wire *wire, size_t max, size_t least_bytes);

/* All read, nothing left over, nothing was bad. */
bool wire_is_done(const struct wire *wire);

#endif
