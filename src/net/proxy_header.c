/*
 * PROXY headers (proxy-protocol.txt, version of 2020), strictly. Called by the worker with the
 * first bytes of a connection, before TLS. Datagrams and families that no listener of ours has are
 * refused; a unix socket or an unknown one leaves the address of the connection as it is, as the
 * specification says.
 */

#include "net/proxy_header.h"

#define LINE_BYTES_MAX 107 /* section 2.1: with its CRLF */

#define FIXED_BYTES    16 /* of version 2: signature, version and command, family, length */
#define COMMAND_LOCAL  0x20
#define COMMAND_PROXY  0x21
#define FAMILY_UNSPEC  0x00
#define FAMILY_TCP4    0x11
#define FAMILY_TCP6    0x21
#define FAMILY_UNIX    0x31
#define TYPE_CRC32C    0x03
#define TLV_HEAD_BYTES 3
#define CRC_BYTES      4

static const struct text line_begin = { "PROXY ", 6 };
static const struct text signature = { "\r\n\r\n\0\r\nQUIT\n", 12 };

/* Does one of them begin like the other? */
static bool agree(struct text bytes, struct text mark)
{
    size_t len = bytes.len < mark.len ? bytes.len : mark.len;

    return len == 0 || memcmp(bytes.at, mark.at, len) == 0;
}

/* --- version 1: one line of text ------------------------------------------------------------- */

/* Up to the next space, which must be there. */
static bool next_word(struct text *rest, struct text *word_out)
{
    return text_split(*rest, ' ', word_out, rest) && word_out->len;
}

/* 0-65535, without leading zeros. */
static bool read_port(struct text word, uint16_t *port_out)
{
    uint64_t port;

    if (word.len == 0 || word.len > 5 || (word.len > 1 && word.at[0] == '0') ||
        !text_to_u64(word, &port) || port > UINT16_MAX)
        return false;
    *port_out = (uint16_t)port;
    return true;
}

static bool read_host(struct text word, sa_family_t family, uint16_t port, struct address *out)
{
    return word.len && word.at[0] != '[' && address_parse_host(word, port, out, NULL) == 0 &&
           out->any.sa_family == family;
}

/* "TCP4 192.0.2.1 198.51.100.1 56324 443" */
static bool read_addresses(struct text line, sa_family_t family, struct address *source_out)
{
    struct text source;
    struct text destination;
    struct text source_port;
    struct address unused;
    uint16_t from;
    uint16_t to;

    return next_word(&line, &source) && next_word(&line, &destination) &&
           next_word(&line, &source_port) && read_port(source_port, &from) &&
           read_port(line, &to) && read_host(source, family, from, source_out) &&
           read_host(destination, family, to, &unused);
}

/* Without "PROXY " and CRLF. What follows UNKNOWN is not looked at (section 2.1). */
static bool read_line(struct text line, struct proxy_header *header)
{
    struct text protocol;
    struct text rest;

    text_split(line, ' ', &protocol, &rest);
    if (text_equal(protocol, TEXT("UNKNOWN")))
        return true;
    header->has_source = true;
    if (text_equal(protocol, TEXT("TCP4")))
        return read_addresses(rest, AF_INET, &header->source);
    if (text_equal(protocol, TEXT("TCP6")))
        return read_addresses(rest, AF_INET6, &header->source);
    return false;
}

static enum proxy_result parse_line(struct text bytes, struct proxy_header *header)
{
    struct text seen = text_first(bytes, LINE_BYTES_MAX);
    size_t end = text_find(seen, '\r');

    /* neither a bare LF nor anything else that no line of text has */
    for (size_t i = 0; i < end; i++)
        if (seen.at[i] < ' ' || seen.at[i] > '~')
            return PROXY_BAD;
    if (end + 1 >= seen.len)
        return seen.len < LINE_BYTES_MAX ? PROXY_MORE : PROXY_BAD;
    if (seen.at[end + 1] != '\n')
        return PROXY_BAD;
    header->bytes = end + 2;
    return read_line(text_from(text_first(seen, end), line_begin.len), header) ? PROXY_DONE
                                                                               : PROXY_BAD;
}

/* --- version 2: binary ------------------------------------------------------------------------ */

static unsigned byte_at(struct text bytes, size_t at)
{
    return (unsigned char)bytes.at[at];
}

static size_t number_at(struct text bytes, size_t at)
{
    return (size_t)byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

/* CRC32c (RFC 3720 appendix B.4), bit by bit: a header is short, and few have one. */
static uint32_t crc32c_add(uint32_t crc, unsigned byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);
    return crc;
}

/* Of the whole header, its own four bytes at `at` taken as zero (section 2.2.3). */
static bool checksum_is_right(struct text header, size_t at)
{
    uint32_t crc = UINT32_MAX;
    uint32_t said = 0;

    for (size_t i = 0; i < header.len; i++)
        crc = crc32c_add(crc, i - at < CRC_BYTES ? 0 : byte_at(header, i));
    for (size_t i = 0; i < CRC_BYTES; i++)
        said = said << 8 | byte_at(header, at + i);
    return said == ~crc;
}

/* Additions from `at` to the end: each is skipped by its length, and the last ends with all. */
static bool additions_are_good(struct text header, size_t at)
{
    size_t checksum_at = 0;

    while (at < header.len) {
        size_t len;

        if (header.len - at < TLV_HEAD_BYTES)
            return false;
        len = number_at(header, at + 1);
        if (header.len - at - TLV_HEAD_BYTES < len)
            return false;
        if (byte_at(header, at) == TYPE_CRC32C) {
            if (checksum_at || len != CRC_BYTES)
                return false;
            checksum_at = at + TLV_HEAD_BYTES;
        }
        at += TLV_HEAD_BYTES + len;
    }
    return !checksum_at || checksum_is_right(header, checksum_at);
}

/* Source, destination, and their ports. */
static void read_tcp4(const char *at, struct address *source)
{
    *source = (struct address){ .v4 = { .sin_family = AF_INET } };
    memcpy(&source->v4.sin_addr, at, 4);
    memcpy(&source->v4.sin_port, at + 8, 2);
}

static void read_tcp6(const char *at, struct address *source)
{
    *source = (struct address){ .v6 = { .sin6_family = AF_INET6 } };
    memcpy(&source->v6.sin6_addr, at, 16);
    memcpy(&source->v6.sin6_port, at + 32, 2);
}

static enum proxy_result read_binary(struct text all, struct proxy_header *header)
{
    size_t addresses;

    switch (byte_at(all, 13)) {
    case FAMILY_UNSPEC:
        return PROXY_DONE; /* what follows is not looked at */
    case FAMILY_TCP4:
        addresses = 12;
        break;
    case FAMILY_TCP6:
        addresses = 36;
        break;
    case FAMILY_UNIX:
        addresses = 216;
        break;
    default:
        return PROXY_BAD;
    }
    if (all.len < FIXED_BYTES + addresses || !additions_are_good(all, FIXED_BYTES + addresses))
        return PROXY_BAD;
    header->has_source = byte_at(all, 13) != FAMILY_UNIX;
    if (byte_at(all, 13) == FAMILY_TCP4)
        read_tcp4(all.at + FIXED_BYTES, &header->source);
    else if (byte_at(all, 13) == FAMILY_TCP6)
        read_tcp6(all.at + FIXED_BYTES, &header->source);
    return PROXY_DONE;
}

static enum proxy_result parse_binary(struct text bytes, struct proxy_header *header)
{
    unsigned command;
    size_t len;

    if (bytes.len <= signature.len)
        return PROXY_MORE;
    command = byte_at(bytes, signature.len);
    if (command != COMMAND_PROXY && command != COMMAND_LOCAL)
        return PROXY_BAD;
    if (bytes.len < FIXED_BYTES)
        return PROXY_MORE;
    len = FIXED_BYTES + number_at(bytes, 14);
    if (len > PROXY_HEADER_BYTES)
        return PROXY_BAD;
    if (bytes.len < len)
        return PROXY_MORE;
    header->bytes = len;
    if (command == COMMAND_LOCAL) /* section 2.2: family and addresses are to be ignored */
        return PROXY_DONE;
    return read_binary(text_first(bytes, len), header);
}

enum proxy_result proxy_header_parse(struct text bytes, unsigned versions,
                                     struct proxy_header *header_out)
{
    struct proxy_header header = { 0 };
    enum proxy_result result = PROXY_ABSENT;

    if (bytes.len == 0)
        return PROXY_MORE;
    if (agree(bytes, line_begin))
        result = versions & PROXY_VERSION_1 ? parse_line(bytes, &header) : PROXY_BAD;
    else if (agree(bytes, signature))
        result = versions & PROXY_VERSION_2 ? parse_binary(bytes, &header) : PROXY_BAD;
    if (result == PROXY_BAD && bytes.len < line_begin.len)
        return PROXY_MORE; /* it may still be something else */
    if (result == PROXY_DONE)
        *header_out = header;
    return result;
}
