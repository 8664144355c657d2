/* IPv4 and IPv6 addresses: parse, print, compare, hash. No names are resolved here. */

#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/hash.h"

#define HOST_BYTES  INET6_ADDRSTRLEN
#define MAPPED_BITS 96 /* of ::ffff:0:0/96, behind which an IPv4 address is */

static bool parse_literal(struct text host, struct address *address_out)
{
    char terminated[HOST_BYTES];

    *address_out = (struct address){ 0 };
    if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
        host = text_make(host.at + 1, host.len - 2);
        if (text_find(host, ':') == host.len)
            return false; /* brackets are for IPv6 */
    }
    if (host.len == 0 || host.len >= sizeof(terminated) || text_find(host, '\0') < host.len)
        return false;
    text_to_buffer(host, terminated, sizeof(terminated));
    if (inet_pton(AF_INET, terminated, &address_out->v4.sin_addr) == 1) {
        address_out->v4.sin_family = AF_INET;
        return true;
    }
    if (inet_pton(AF_INET6, terminated, &address_out->v6.sin6_addr) == 1) {
        address_out->v6.sin6_family = AF_INET6;
        return true;
    }
    return false;
}

static void set_port(struct address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET)
        address->v4.sin_port = htons(port);
    else
        address->v6.sin6_port = htons(port);
}

int address_parse_host(struct text host, uint16_t port, struct address *address_out,
                       struct err *err)
{
    struct address address;

    if (!parse_literal(host, &address))
        return err_set(err, "\"%.*s\" is no IPv4 or IPv6 address", TEXT_ARGS(host));
    set_port(&address, port);
    *address_out = address;
    return 0;
}

int address_parse(struct text text, struct address *address_out, struct err *err)
{
    size_t colon = text_find_last(text, ':');
    struct text host = text_first(text, colon);
    uint64_t port = 0;

    if (colon == text.len || !text_to_u64(text_from(text, colon + 1), &port))
        return err_set(err, "\"%.*s\" has no port; write it as 127.0.0.1:8080 or [::1]:8080",
                       TEXT_ARGS(text));
    if (port < 1 || port > 65535)
        return err_set(err, "port %llu is not between 1 and 65535", (unsigned long long)port);
    if (text_find(host, ':') < host.len && host.at[0] != '[')
        return err_set(err, "\"%.*s\": write an IPv6 address in brackets, as [::1]:8080",
                       TEXT_ARGS(text));
    return address_parse_host(host, (uint16_t)port, address_out, err);
}

/* Only the first `bits` of the host stay. */
static void clear_behind(struct address *address, unsigned bits)
{
    bool is_v4 = address->any.sa_family == AF_INET;
    unsigned char *at =
        is_v4 ? (unsigned char *)&address->v4.sin_addr : address->v6.sin6_addr.s6_addr;

    for (unsigned bit = bits; bit < (is_v4 ? 32U : 128U); bit++)
        at[bit / 8] &= (unsigned char)~(0x80U >> bit % 8);
}

int address_prefix_parse(struct text text, struct address_prefix *prefix_out, struct err *err)
{
    struct address_prefix prefix = { 0 };
    struct text host;
    struct text written;
    uint64_t bits = 0;

    if (!text_split(text, '/', &host, &written) || !parse_literal(host, &prefix.address) ||
        !text_to_u64(written, &bits) ||
        bits > (prefix.address.any.sa_family == AF_INET ? 32U : 128U))
        return err_set(err, "\"%.*s\" is no range of addresses; write it like 10.0.0.0/24",
                       TEXT_ARGS(text_first(text, 80)));
    prefix.bits = (uint8_t)bits;
    clear_behind(&prefix.address, prefix.bits);
    *prefix_out = prefix;
    return 0;
}

bool address_is_literal(struct text host)
{
    struct address address;

    return parse_literal(host, &address);
}

socklen_t address_len(const struct address *address)
{
    return address->any.sa_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
}

uint16_t address_port(const struct address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

/* The bytes of the host, IPv4-mapped IPv6 as IPv4. */
static struct text host_bytes(const struct address *address)
{
    const unsigned char *v6 = address->v6.sin6_addr.s6_addr;

    if (address->any.sa_family != AF_INET6)
        return text_make((const char *)&address->v4.sin_addr, 4);
    if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr))
        return text_make((const char *)v6 + 12, 4);
    return text_make((const char *)v6, 16);
}

bool address_host_equal(const struct address *a, const struct address *b)
{
    return text_equal(host_bytes(a), host_bytes(b));
}

uint64_t address_host_hash(const struct address *address)
{
    return hash_text(host_bytes(address));
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->any.sa_family == b->any.sa_family && address_port(a) == address_port(b) &&
           address_host_equal(a, b);
}

bool address_prefix_contains(const struct address_prefix *prefix, const struct address *address)
{
    struct text base = host_bytes(&prefix->address);
    struct text host = host_bytes(address);
    unsigned bits = prefix->bits;

    if (base.len == 4 && prefix->address.any.sa_family == AF_INET6) {
        if (bits < MAPPED_BITS) /* not all of them are IPv4-mapped */
            return false;
        bits -= MAPPED_BITS;
    }
    if (base.len != host.len || bits > base.len * 8 || memcmp(base.at, host.at, bits / 8) != 0)
        return false;
    return bits % 8 == 0 ||
           ((base.at[bits / 8] ^ host.at[bits / 8]) & 0xFF & 0xFF00U >> bits % 8) == 0;
}

bool address_is_loopback(const struct address *address)
{
    struct text host = host_bytes(address);

    return host.len == 4 ? host.at[0] == 127 : IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

uint64_t address_hash(const struct address *address)
{
    struct text host = host_bytes(address);

    return hash_mix(hash_text(host) ^ address_port(address));
}

uint64_t address_host_hash_keyed(const struct address *address)
{
    struct text host = host_bytes(address);

    return hash_keyed(host.at, host.len);
}

uint64_t address_client_hash(const struct address *address, const uint64_t key[2])
{
    struct text host = host_bytes(address);

    return hash_with_key(key, host.at, host.len == 4 ? 4 : 8);
}

size_t address_print_host(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    struct text host = host_bytes(address);
    int family = host.len == 4 ? AF_INET : AF_INET6;

    if (!inet_ntop(family, host.at, text, ADDRESS_TEXT_BYTES))
        text[0] = '\0';
    return strlen(text);
}

size_t address_print(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    char host[ADDRESS_TEXT_BYTES];
    bool colons;
    int len;

    address_print_host(address, host);
    colons = strchr(host, ':') != NULL;
    len = snprintf(text, ADDRESS_TEXT_BYTES, "%s%.46s%s:%u", colons ? "[" : "", host,
                   colons ? "]" : "", (unsigned)address_port(address));
    return len < 0 ? 0 : (size_t)len;
}
