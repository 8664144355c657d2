/*
 * WebSocket frames and the handshake's SHA-1 for the application of the swarm tests. Messages are
 * single frames of at most 64 KiB; anything else ends the connection.
 */

#include "websocket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TEXT_FRAME = 1,
    CLOSE_FRAME = 8,
    PING_FRAME = 9,
    PONG_FRAME = 10,
    MOST_BYTES = 65535
};

static uint32_t rotate(uint32_t value, int bits)
{
    return value << bits | value >> (32 - bits);
}

/* One block of FIPS 180-4. */
static void sha1_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t mixed = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999U
                         : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1U
                         : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcU
                                  : (b ^ c ^ d) + 0xca62c1d6U;
        uint32_t next = rotate(a, 5) + mixed + e + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* Of at most 119 bytes, which fit in two blocks. */
static void sha1_short(const char *bytes, size_t length, uint8_t digest_out[20])
{
    uint32_t state[5] = { 0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U, 0xc3d2e1f0U };
    uint8_t blocks[128] = { 0 };
    size_t whole = length < 56 ? 64 : 128;

    memcpy(blocks, bytes, length);
    blocks[length] = 0x80;
    blocks[whole - 2] = (uint8_t)(length * 8 >> 8);
    blocks[whole - 1] = (uint8_t)(length * 8);
    for (size_t at = 0; at < whole; at += 64)
        sha1_block(state, blocks + at);
    for (size_t i = 0; i < 20; i++)
        digest_out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void websocket_accept(const char *key, size_t key_bytes, char text_out[32])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char whole[112];
    uint8_t digest[21] = { 0 };

    if (key_bytes > 64)
        key_bytes = 64;
    int length = snprintf(whole, sizeof(whole), "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                          (int)key_bytes, key);
    sha1_short(whole, (size_t)length, digest);
    for (size_t i = 0; i < 7; i++) {
        uint32_t three =
            (uint32_t)digest[3 * i] << 16 | (uint32_t)digest[3 * i + 1] << 8 | digest[3 * i + 2];
        for (size_t j = 0; j < 4; j++)
            text_out[4 * i + j] = alphabet[three >> (18 - 6 * j) & 63];
    }
    text_out[27] = '=';
    text_out[28] = '\0';
}

static bool read_whole(int fd, void *bytes, size_t length)
{
    char *at = bytes;

    while (length) {
        ssize_t got = recv(fd, at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

static bool send_frame(int fd, int kind, const void *bytes, size_t length)
{
    uint8_t frame[4 + MOST_BYTES];
    size_t head = 2;

    frame[0] = (uint8_t)(0x80 | kind);
    frame[1] = (uint8_t)length;
    if (length > 125) {
        frame[1] = 126;
        frame[2] = (uint8_t)(length >> 8);
        frame[3] = (uint8_t)length;
        head = 4;
    }
    memcpy(frame + head, bytes, length);
    return send(fd, frame, head + length, MSG_NOSIGNAL) == (ssize_t)(head + length);
}

/* False: the connection has ended. */
static bool answer_frame(int fd)
{
    uint8_t head[2], more[2], mask[4], bytes[MOST_BYTES];

    if (!read_whole(fd, head, 2) || !(head[0] & 0x80) || !(head[1] & 0x80))
        return false;
    size_t length = head[1] & 127;
    if (length == 127 || (length == 126 && !read_whole(fd, more, 2)))
        return false;
    if (length == 126)
        length = (size_t)more[0] << 8 | more[1];
    if (!read_whole(fd, mask, 4) || !read_whole(fd, bytes, length))
        return false;
    for (size_t i = 0; i < length; i++)
        bytes[i] ^= mask[i % 4];
    int kind = head[0] & 15;
    if (kind == PONG_FRAME)
        return true;
    bool sent = send_frame(fd, kind == PING_FRAME ? PONG_FRAME : kind, bytes, length);
    return sent && kind != CLOSE_FRAME;
}

void websocket_echo(int fd, const char *greeting)
{
    if (!send_frame(fd, TEXT_FRAME, greeting, strlen(greeting)))
        return;
    while (answer_frame(fd))
        ;
}
