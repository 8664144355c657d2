/*
 * Numbers and texts as little-endian bytes. Used by the messages between our processes and by the
 * snapshot and keyring codecs; knows nothing of what the bytes mean.
 */

#include "ipc/wire.h"

#include <assert.h>
#include <string.h>

static void put_number(struct buffer *out, uint64_t value, size_t bytes)
{
    char *at = buffer_reserve(out, bytes);

    for (size_t i = 0; i < bytes; i++)
        at[i] = (char)(uint8_t)(value >> (8 * i));
    buffer_grew(out, bytes);
}

void wire_put_u8(struct buffer *out, uint8_t value)
{
    put_number(out, value, 1);
}

void wire_put_u32(struct buffer *out, uint32_t value)
{
    put_number(out, value, 4);
}

void wire_put_u64(struct buffer *out, uint64_t value)
{
    put_number(out, value, 8);
}

void wire_put_i64(struct buffer *out, int64_t value)
{
    put_number(out, (uint64_t)value, 8);
}

void wire_put_bool(struct buffer *out, bool value)
{
    put_number(out, value, 1);
}

void wire_put_text(struct buffer *out, struct text text)
{
    assert(text.len <= UINT32_MAX);
    wire_put_u32(out, (uint32_t)text.len);
    buffer_append_text(out, text);
}

void wire_put_bytes(struct buffer *out, const void *bytes, size_t len)
{
    buffer_append(out, bytes, len);
}

/* The next `len` bytes, or NULL and bad. */
static const char *take(struct wire *wire, size_t len)
{
    const char *at = wire->left.at;

    if (wire->bad || wire->left.len < len) {
        wire->bad = true;
        wire->left = TEXT_NONE;
        return NULL;
    }
    wire->left = text_from(wire->left, len);
    return at;
}

static uint64_t get_number(struct wire *wire, size_t bytes)
{
    const char *at = take(wire, bytes);
    uint64_t value = 0;

    if (!at)
        return 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)(uint8_t)at[i] << (8 * i);
    return value;
}

uint8_t wire_get_u8(struct wire *wire)
{
    return (uint8_t)get_number(wire, 1);
}

uint32_t wire_get_u32(struct wire *wire)
{
    return (uint32_t)get_number(wire, 4);
}

uint64_t wire_get_u64(struct wire *wire)
{
    return get_number(wire, 8);
}

int64_t wire_get_i64(struct wire *wire)
{
    return (int64_t)get_number(wire, 8);
}

bool wire_get_bool(struct wire *wire)
{
    uint64_t value = get_number(wire, 1);

    if (value > 1)
        wire->bad = true;
    return value == 1;
}

struct text wire_get_text(struct wire *wire, size_t max_len)
{
    size_t len = wire_get_u32(wire);
    const char *at;

    if (len > max_len)
        wire->bad = true;
    at = take(wire, len);
    return at ? text_make(at, len) : TEXT_NONE;
}

void wire_get_bytes(struct wire *wire, void *out, size_t len)
{
    const char *at = take(wire, len);

    if (!len)
        return;
    if (at)
        memcpy(out, at, len);
    else
        memset(out, 0, len);
}

size_t wire_get_count(struct wire *wire, size_t max, size_t least_bytes)
{
    size_t count = wire_get_u32(wire);

    if (count > max || (least_bytes && count > wire->left.len / least_bytes))
        wire->bad = true;
    return wire->bad ? 0 : count;
}

bool wire_is_done(const struct wire *wire)
{
    return !wire->bad && wire->left.len == 0;
}

/* An address is its family (4 or 6), port, host, and for IPv6 the scope. */
void wire_put_address(struct buffer *out, const struct address *address)
{
    assert(address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6);
    if (address->any.sa_family == AF_INET) {
        wire_put_u8(out, 4);
        wire_put_u32(out, ntohs(address->v4.sin_port));
        wire_put_bytes(out, &address->v4.sin_addr, sizeof(address->v4.sin_addr));
    } else {
        wire_put_u8(out, 6);
        wire_put_u32(out, ntohs(address->v6.sin6_port));
        wire_put_bytes(out, &address->v6.sin6_addr, sizeof(address->v6.sin6_addr));
        wire_put_u32(out, address->v6.sin6_scope_id);
    }
}

struct address wire_get_address(struct wire *wire)
{
    uint8_t family = wire_get_u8(wire);
    uint32_t port = wire_get_u32(wire);
    struct address address;

    memset(&address, 0, sizeof(address));
    if ((family != 4 && family != 6) || port > UINT16_MAX) {
        wire->bad = true;
        return address;
    }
    if (family == 4) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons((uint16_t)port);
        wire_get_bytes(wire, &address.v4.sin_addr, sizeof(address.v4.sin_addr));
    } else {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons((uint16_t)port);
        wire_get_bytes(wire, &address.v6.sin6_addr, sizeof(address.v6.sin6_addr));
        address.v6.sin6_scope_id = wire_get_u32(wire);
    }
    return address;
}
